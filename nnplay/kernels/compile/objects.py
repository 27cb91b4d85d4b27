"""Object code on disk: nothing is read that was not written whole by this user for this very kernel.

A file holds the object code and behind it a SHA-256 digest of the code, the kernel's name and the cache key. One that
was cut, overwritten, changed in a single bit or swapped with another is as good as none: it is compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

from nnplay.kernels.compile import notices
from nnplay.system.private_folder import make_private, unwritable, weakness, weakness_within

_DIGEST: Final = hashlib.sha256().digest_size
#: No object code is nearly as large.
_MOST: Final = 64 << 20
_PARTIAL: Final = ".new-"
#: Seconds after which a partial file is one that a killed process left behind.
_FORGOTTEN: Final = 3600


def read(path: Path, about: str) -> bytes | None:
    """The object code in a file, or None where there is none that may be run.

    Args:
        about: the kernel's name and type; a file that was written for another is refused.
    """
    if weakness(path.parent):
        return None
    try:
        content = _content(path)
    except OSError:
        return None  # most often it was never written; `write` says what is wrong with the folder
    code, found = content[:-_DIGEST], content[-_DIGEST:]
    if code and found == _digest(path, about, code):
        return code
    notices.once("the kernel cache was damaged: the damaged kernels are compiled again")
    return None


def write(path: Path, about: str, code: bytes) -> bool:
    """Puts object code in place in one step; says once why it cannot be kept, and returns whether it is."""
    if not can_keep(path):
        return False
    try:
        _put(path, code + _digest(path, about, code))
    except OSError as error:
        return _not_kept(unwritable(path.parent.parent, error))
    return can_keep(path)  # its folder may have been made just now


def can_keep(path: Path) -> bool:
    """Whether nobody else may change what is written there; says once who may, and the way to mend it."""
    problem = weakness(path.parent) and weakness_within(path.parent.parent)
    return _not_kept(problem) if problem else True


def _not_kept(problem: str) -> bool:
    notices.once(f"compiled kernels cannot be stored, so they are compiled at every start: {problem}")
    return False


def _content(path: Path) -> bytes:
    """All bytes of a file of this user's; none of what is no such file. A pipe in its place does not hold it up."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        info = os.fstat(descriptor)
        others_write = info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        ours = stat.S_ISREG(info.st_mode) and info.st_uid in (os.getuid(), 0) and not others_write
        return stream.read(info.st_size) if ours and info.st_size <= _MOST else b""


def _digest(path: Path, about: str, code: bytes) -> bytes:
    key = f"{path.parent.name}\n{about}\n"
    return hashlib.sha256(key.encode() + code).digest()


def _put(path: Path, content: bytes) -> None:
    make_private(path.parent)
    _sweep(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_PARTIAL)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sweep(folder: Path) -> None:
    """Takes away the partial files of processes that were killed."""
    with contextlib.suppress(OSError):
        for partial in folder.glob(f"{_PARTIAL}*"):
            if partial.stat().st_mtime < time.time() - _FORGOTTEN:
                partial.unlink(missing_ok=True)
