"""Ctrl+C from the first line of the program to its last: one word, status 130, never a traceback.

While a module is being imported a KeyboardInterrupt comes out as something else: NumPy prints a traceback and speaks of
a broken installation. Nothing was begun then that would have to be cleaned up, so the process ends at once; at any
other time the command gets its KeyboardInterrupt and cleans up. A second Ctrl+C does not wait for that.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

INTERRUPTED = 130


class CtrlC:
    """A `with` block around the whole program; a signal that is ignored (`nohup`, `&` in a script) stays ignored.

    Attributes:
        restore: gives back what would stay behind, a terminal in raw mode, before the process ends at once.
    """

    restore: Callable[[], object] | None = None

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> CtrlC:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(self, *error: object) -> None:
        """All is done; Python's own end takes a moment, in which nobody could answer."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._asked or _importing(frame):
            if CtrlC.restore is not None:
                CtrlC.restore()
            os.write(2, b"nnplay: stopped\n")
            os._exit(INTERRUPTED)
        self._asked = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def restoring(restore: Callable[[], object]) -> Iterator[None]:
    """In this block an end at once calls `restore` before."""
    CtrlC.restore = restore
    try:
        yield
    finally:
        CtrlC.restore = None


def forget_interrupted_exec() -> None:
    """The interruption is answered: Python ends with the status that it is given.

    Where an `exec` of text was interrupted, as dataclasses begin with, `python -m` would otherwise end itself by the
    signal at last, whoever caught the exception; the next text that runs through takes that back.
    """
    exec("")  # noqa: S102 - no text of anybody


def hand_over() -> None:
    """From now on Ctrl+C is Python's own affair, as asyncio expects it to be where it stops its tasks in order."""
    if isinstance(getattr(signal.getsignal(signal.SIGINT), "__self__", None), CtrlC):
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None
