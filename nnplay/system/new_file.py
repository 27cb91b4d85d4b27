"""A file that is written once: nothing that is there already is ever written over."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from nnplay.errors import InputError
from nnplay.system.paths import shown, user_path
from nnplay.text import clean


def new_path(typed: str | os.PathLike[str], ending: str) -> Path:
    """The path of a file to be written, whose name has that ending; nothing is there yet.

    Raises:
        InputError: it has another ending, something is there, or the folder is missing or may not be written to.
    """
    path, where = user_path(typed), clean(str(typed))
    if path.suffix.lower() != ending or not path.stem:
        raise InputError(f"is not the name of a {ending} file", where=where, hint=f"give a name such as view{ending}")
    if os.path.lexists(path):
        raise InputError("already exists", where=where, hint="choose another name")
    if not path.parent.is_dir():
        raise InputError("there is no such folder", where=clean(str(path.parent)), hint="create it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError("may not be written to", where=clean(str(path.parent)), hint="choose another folder")
    return path


def write_new(path: Path, text: str | bytes) -> str:
    """Writes a text, as UTF-8, or bytes into a file of its own; returns the path as people write it.

    Raises:
        InputError: something is there by now, or the disk refused; nothing is left half written.
    """
    try:
        with path.open("xb") as file:
            try:
                file.write(text.encode("utf-8") if isinstance(text, str) else text)
                file.flush()
            except OSError:
                path.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise not_written(path, error) from None
    return shown(path)


def not_written(path: Path, error: OSError) -> InputError:
    """The refusal of a file that the system would not take."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    hint = "make room, or choose another disk" if full else "choose another name"
    return InputError(f"cannot be written: {(error.strerror or str(error)).lower()}", where=clean(str(path)), hint=hint)
