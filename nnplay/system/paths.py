"""A path as the user typed it: `~` expanded, and refused where it cannot name anything."""

from __future__ import annotations

import os
from pathlib import Path

from nnplay.arguments import kind_of
from nnplay.errors import InputError
from nnplay.text import clean


def user_path(typed: str | os.PathLike[str]) -> Path:
    """The path, whether or not something is there.

    Raises:
        InputError: it is too long, names an unknown user, has a NUL in it, or leads through what may not be entered.
    """
    kind_of(typed, (str, os.PathLike), "path", hint="give the name of a file or folder")
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
        InputError: it cannot be a path, or ends in no name that something could have: `.`, `..`, `/`, `~`.
    """
    path = user_path(typed)
    if path.name in ("", "..") or str(typed) == "~":
        hint = f"give a name such as run{ending}"
        raise InputError("is not a valid name to save under", where=clean(str(typed)), hint=hint)
    return path if path.suffix == ending else user_path(path.with_name(path.name + ending))


def _refused(typed: str | os.PathLike[str], error: Exception) -> InputError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return InputError(f"cannot be used as a path: {reason}", where=clean(str(typed)), hint="give another one")


def whole_path(typed: str | os.PathLike[str]) -> Path:
    """The path from the root on: it means the same place whatever becomes of the working folder.

    Raises:
        InputError: as `user_path`, or the working folder that it begins in is gone.
    """
    path = user_path(typed)
    try:
        return path.absolute()
    except OSError:
        hint = "give a path that begins with /"
        raise InputError("the working directory no longer exists", where=clean(str(typed)), hint=hint) from None


def whole(path: Path) -> Path:
    """The path from the root on, for whoever keeps it: the working folder may be gone, or another one, by then.

    Where it is gone already the path stays as it is, and the one who wants to read there says what is missing.
    """
    try:
        return path.absolute()
    except FileNotFoundError:
        return path


def shown(path: Path) -> str:
    """A whole path as people write it: from the working folder on, where it lies in that."""
    try:
        return clean(str(path.relative_to(Path.cwd())))
    except (OSError, ValueError):
        return clean(str(path))
