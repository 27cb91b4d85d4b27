"""Data that are piped in: read once, and kept in a file, so that a session finds its data again."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Final

from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.system.private_folder import cache_folder, make_private, weakness

#: What stands for it.
STANDARD_INPUT: Final = "-"
_NAME: Final = "standard_input"
_DIGEST: Final = re.compile("[0-9a-f]{16}")
_DRAFT: Final = ".new-"
_ABANDONED: Final = 86_400
"""Seconds without a byte after which nobody is still writing a draft."""
_PIECE: Final = 1 << 20
#: All that is kept together; what was read last stays.
_MOST_BYTES: Final = 512 << 20
#: Folders that are gone with this program.
_for_now: list[Path] = []
#: A file of text grows as much when it is read.
_GROWTH: Final = 12


@functools.cache
def kept_input() -> str:
    """The path of a file with all that comes from standard input, called by its digest; the same for a second call.

    Raises:
        InputError: nothing is piped in, or more than fits into memory.
    """
    where = "standard input"
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None or stream.closed or os.isatty(stream.fileno()):
        raise InputError("nothing is piped in", where=where, hint="as in cat my.csv | nnplay train -")
    pieces, digest = _read(stream, where)
    try:
        folder, lasting = _folder()
        try:
            path = _write(pieces, folder, digest)
        except OSError:  # such as a full disk
            if not lasting:
                raise
            folder, lasting = _folder_for_now(), False
            path = _write(pieces, folder, digest)
    except OSError as error:
        raise InputError(f"cannot be kept: {(error.strerror or str(error)).lower()}", where=where) from None
    if lasting:
        _prune(folder, digest)
    return str(path)


def find_kept(path: str) -> str:
    """The file that has what was piped in, where `path` names such a file; `path` itself for any other.

    What was kept for one program only, as its cache could not be written, is found in the cache once it is there.

    Raises:
        InputError: it is gone.
    """
    file = Path(path)
    if file.name != _NAME or not _DIGEST.fullmatch(file.parent.name) or file.exists():
        return path
    with contextlib.suppress(OSError):
        again = cache_folder("input") / file.parent.name / _NAME
        if again.exists() and not weakness(again.parent):
            return str(again)
    hint = "give the same data to nnplay train - once more, with a cache that can be written; then it is found"
    raise InputError("what was piped in is no longer kept", where="standard input", hint=hint)


def fleeting(path: str) -> tuple[str, ...]:
    """A sentence on a file of what was piped in that is gone with this program; nothing about any other."""
    if not any(Path(path).is_relative_to(folder) for folder in _for_now):
        return ()
    what = "what was piped in is kept for as long as this program runs, as its cache cannot be written"
    return (f"{what}: put it into a file to open a saved run of it later",)


def _folder() -> tuple[Path, bool]:
    """Where it is kept; whether that outlasts this program."""
    with contextlib.suppress(OSError):
        folder = make_private(cache_folder("input"))
        if not weakness(folder) and os.access(folder, os.W_OK):
            return folder, True
    return _folder_for_now(), False


def _folder_for_now() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="nnplay-"))
    _for_now.append(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _read(stream: BinaryIO, where: str) -> tuple[list[bytes], str]:
    """All of it, and its digest."""
    most, size, hashed, pieces = memory_budget() // _GROWTH, 0, hashlib.sha256(), []
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > most:
            what = f"is too large: at most {size_text(most)} fit into memory"
            raise InputError(what, where=where, hint="give a sample of its rows")
        hashed.update(piece)
        pieces.append(piece)
    if not size:
        raise InputError("is empty", where=where)
    return pieces, hashed.hexdigest()[:16]


def _write(pieces: list[bytes], folder: Path, digest: str) -> Path:
    """Puts it into a folder in one step; nothing is left half written."""
    handle, draft = tempfile.mkstemp(dir=folder, prefix=_DRAFT)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
        home = make_private(folder / digest)
        os.replace(draft, path := home / _NAME)
    finally:
        Path(draft).unlink(missing_ok=True)
    return path


def _prune(folder: Path, newest: str) -> None:
    """Forgets what was read first where there is too much, and what a program that was ended did not finish."""
    with contextlib.suppress(OSError):
        for draft in folder.glob(f"{_DRAFT}*"):
            if time.time() - draft.stat().st_mtime > _ABANDONED:
                draft.unlink(missing_ok=True)
        files = [path for path in folder.glob(f"*/{_NAME}") if path.parent.name != newest]
        total = (folder / newest / _NAME).stat().st_size
        for path in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True):
            total += path.stat().st_size
            if total > _MOST_BYTES:
                shutil.rmtree(path.parent, ignore_errors=True)
