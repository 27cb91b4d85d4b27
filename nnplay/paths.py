"""A path as the user typed it: `~` expanded, and refused where it cannot name anything; and the whole of a path."""

from __future__ import annotations

import os
from pathlib import Path

from nnplay.errors import InputError
from nnplay.text import clean


def user_path(typed: str | os.PathLike[str]) -> Path:
    """The path, whether or not something is there.

    Raises:
        InputError: it is too long, names an unknown user, has a NUL in it, or leads through what may not be entered.
    """
    try:
        path = Path(typed).expanduser()
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return path  # the one who wants to read there says what is missing
    except (OSError, ValueError, RuntimeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"cannot be used as a path: {reason}", where=clean(str(typed))) from None
    return path


def whole(path: Path) -> Path:
    """The path from the root on, for whoever keeps it: the working folder may be gone, or another one, by then.

    Where it is gone already the path stays as it is, and the one who wants to read there says what is missing.
    """
    try:
        return path.absolute()
    except FileNotFoundError:
        return path


def short(path: Path) -> Path:
    """A path as a person would type it: without the working folder."""
    try:
        return path.relative_to(Path.cwd())
    except (ValueError, OSError):
        return path
