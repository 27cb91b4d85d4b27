"""What is left behind when the program meets an error of its own: a private file, and what the user reads of it."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

import platformdirs

from nnplay import __version__
from nnplay.system.private_folder import make_private
from nnplay.text import clean

_MOST: Final = 100
"""Errors that one process writes down."""
_FRAMES: Final = 3
"""Last frames by which an error is known again."""


class FaultFile:
    """The file in the state folder that takes the tracebacks of this process, each error of one place once.

    Attributes:
        unwritten: the newest traceback, where it could not be written; else empty.
    """

    def __init__(self) -> None:
        self._known: set[tuple[object, ...]] = set()
        self._path: Path | None = None
        self.unwritten = ""

    def note(self, error: BaseException | None) -> str:
        """Writes an error down; returns where its details are, for the end of a sentence."""
        place = _place(error)
        self.unwritten = ""
        try:
            if self._path is None or (place not in self._known and len(self._known) < _MOST):
                self._path = write(_details(error), more=self._path is not None)
            self._known.add(place)
        except OSError as problem:
            self.unwritten = _details(error)
            return f"the details could not be written ({problem.strerror})"
        return f"details: {self._path}"


def describe_error(error: BaseException | None) -> str:
    """An error in a few words."""
    return clean(f"{type(error).__name__}: {error}" if error and str(error) else type(error).__name__, 200)


def report(error: BaseException | None, rescue: Callable[[], str], file: FaultFile | None = None) -> str:
    """Saves the run, writes the traceback, and returns what the user reads once the terminal is restored."""
    lines = [f"nnplay met an error it did not expect: {describe_error(error)}"]
    try:
        saved = rescue()
        lines.append(f"the run: {saved}" if saved else "the run had no unsaved changes")
    except Exception as problem:  # whatever it is, the lines above and the traceback must still come out
        lines.append(f"the run could not be saved: {problem!r}")
    file = file or FaultFile()
    lines.append(file.note(error) + (f":\n{file.unwritten}" if file.unwritten else ""))
    return "\n".join(lines)


def write(text: str, *, more: bool = False) -> Path:
    """Puts the text into a file in the state folder that only this user can read; returns its path.

    Args:
        more: behind what this process has written there.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = Path(platformdirs.user_state_dir("nnplay", appauthor=False))
    make_private(folder)
    path = folder / f"error-{os.getpid()}.txt"
    if not more:
        path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | (0 if more else os.O_EXCL)
    with os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path


def _place(error: BaseException | None) -> tuple[object, ...]:
    """What makes two errors the same one: their kind, and the lines that they came from."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:] if error else ()
    return (type(error), *((frame.filename, frame.lineno) for frame in frames))


def _details(error: BaseException | None) -> str:
    details = "".join(traceback.format_exception(error)) if error else "no traceback\n"
    return f"nnplay {__version__}\n\n{details}\n"
