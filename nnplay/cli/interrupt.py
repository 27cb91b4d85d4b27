"""Signals while a run is going: they ask it to stop at the next step, so that nothing of it is lost."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Interrupt:
    """In a `with` block: `asked` becomes true at the first Ctrl+C; a second one raises KeyboardInterrupt.

    Args:
        answer: called at the first one, in the middle of whatever the main thread does.
    """

    def __init__(self, answer: Callable[[], object] = lambda: None) -> None:
        self.asked, self._answer = False, answer
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._answer()


class Ending:
    """In a `with` block: `status` becomes 128 + n when SIGTERM, or SIGHUP (a closed line), asks the program to end.

    A signal that was ignored before, as `nohup` does it, stays ignored.
    """

    def __init__(self) -> None:
        self.status = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Ending:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGHUP, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.status = 128 + number


def without_terminal(status: int) -> int:
    """Drops what a terminal that is gone (or a full disk) cannot take, or Python would end with another status."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return status
