"""A closed terminal or a kill saves the run first: stock Textual dies at once, without any clean-up.

Measured recipe: a `signal.signal` handler (asyncio's hangs while output is stalled) starts a saver thread, asks the
loop to exit, and ends the process hard after two seconds whatever happens.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

HARD_EXIT_AFTER = 2.0
"""Seconds that saving and restoring the terminal may take."""


def install(save: Callable[[], object], leave: Callable[[int], object]) -> None:
    """Call `save` (in a thread) and then `leave` (asks the event loop to exit with a status) on SIGHUP and SIGTERM.

    The exit status is 128 + signal number, as a shell reports it.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        for caught in _SIGNALS:
            signal.signal(caught, signal.SIG_IGN)
        _hard_exit_later(128 + number)
        threading.Thread(target=save, name="nnplay-rescue", daemon=False).start()
        leave(128 + number)

    for caught in _SIGNALS:
        signal.signal(caught, handle)


_SIGNALS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))


def _hard_exit_later(status: int) -> None:
    timer = threading.Timer(HARD_EXIT_AFTER, os._exit, args=(status,))
    timer.daemon = True
    timer.start()
