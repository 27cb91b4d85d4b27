"""Opening a file that the user named, safely: never a pipe, device or folder, and never one that is too large."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nnplay.errors import InputError
from nnplay.memory_budget import size_text

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)


@contextmanager
def open_regular(path: str | os.PathLike[str], limit: int, hint: str = "") -> Iterator[BinaryIO]:
    """The file at `path` (`~` expanded, symbolic links followed), open for reading bytes.

    Args:
        limit: largest size in bytes.
        hint: what to do about a larger file.

    Raises:
        InputError: it cannot be opened, is no regular file, is too large, or changed while it was read.
    """
    where = str(path)
    try:
        handle = os.open(Path(path).expanduser(), _FLAGS | _BINARY)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"cannot be opened: {reason}", where=where) from None
    before = os.fstat(handle)
    mode = before.st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        way = "name the file in it, or put images (PNG, JPEG, …), sounds (WAV, …) or clips (MP4, …) into folders in it"
        way += ", one for each class"
        raise InputError(
            f"is not a regular file but a {_kind(mode)}", where=where, hint=way if stat.S_ISDIR(mode) else ""
        )
    with os.fdopen(handle, "rb", buffering=0) as file:
        if before.st_size > limit:
            what = f"is too large: {size_text(before.st_size)}, at most {size_text(limit)} fit into memory"
            raise InputError(what, where=where, hint=hint)
        try:
            yield file
        except OSError as error:
            raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=where) from None
        after = os.fstat(handle)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError("changed while it was being read", where=where, hint="read it again when it is complete")


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "folder",
        stat.S_IFIFO: "pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFCHR: "device",
        stat.S_IFBLK: "device",
    }
    return kinds.get(stat.S_IFMT(mode), "special file")
