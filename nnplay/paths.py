"""A path as the user typed it: `~` expanded, and refused where it cannot name anything."""

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
    path = expanded(typed)
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return path  # the one who wants to read there says what is missing
    except (OSError, ValueError) as error:
        raise _refused(typed, error) from None
    return path


def expanded(typed: str | os.PathLike[str]) -> Path:
    """The path with the home folder that `~` stands for; what it leads to is not looked at.

    Raises:
        InputError: it names a user whom nobody knows.
    """
    try:
        return Path(typed).expanduser()
    except RuntimeError as error:
        raise _refused(typed, error) from None


def with_ending(typed: str | os.PathLike[str], ending: str) -> Path:
    """The path of something to be written, with that ending behind its name where it has another.

    Raises:
        InputError: it cannot be a path, or ends in no name that something could have: `.`, `..`, `/`.
    """
    path = user_path(typed)
    if path.name in ("", ".."):
        raise InputError("is no name for something to be written", where=clean(str(typed)), hint="add one behind it")
    return path if path.suffix == ending else user_path(path.with_name(path.name + ending))


def _refused(typed: str | os.PathLike[str], error: Exception) -> InputError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return InputError(f"cannot be used as a path: {reason}", where=clean(str(typed)))
