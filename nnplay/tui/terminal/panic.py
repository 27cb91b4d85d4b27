"""What is left behind when the program meets an error of its own: the run saved, a private file, three plain lines."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import platformdirs

from nnplay import __version__
from nnplay.system.private_folder import make_private


def report(error: BaseException | None, rescue: Callable[[], str]) -> str:
    """Saves the run, writes the traceback, and returns what the user reads once the terminal is restored."""
    lines = [f"nnplay met an error it did not expect: {type(error).__name__}: {error}"]
    try:
        saved = rescue()
        lines.append(f"the run: {saved}" if saved else "the run had nothing that was not saved")
    except Exception as problem:  # whatever it is, the lines above and the traceback must still come out
        lines.append(f"the run could not be saved: {problem!r}")
    lines.append(_written(error))
    return "\n".join(lines)


def _written(error: BaseException | None) -> str:
    text = f"nnplay {__version__}\n\n" + "".join(traceback.format_exception(error) if error else ["no traceback\n"])
    try:
        return f"details: {write(text)}"
    except OSError as problem:
        return f"the details could not be written ({problem.strerror}):\n{text}"


def write(text: str) -> Path:
    """Puts the text into a file in the state folder that only this user can read; returns its path.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = Path(platformdirs.user_state_dir("nnplay", appauthor=False))
    make_private(folder)
    path = folder / f"error-{os.getpid()}.txt"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path
