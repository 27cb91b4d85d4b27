"""A closed terminal or a kill saves the run first: stock Textual dies at once, without any clean-up.

Measured recipe: a `signal.signal` handler (asyncio's hangs while output is stalled) starts a saver thread, asks the
loop to exit, and ends the process hard after four seconds whatever happens; the terminal is restored even then.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

HARD_EXIT_AFTER = 4.0
"""Seconds that saving and restoring the terminal may take: a busy disk needs a few, and after five all must be over."""
RESTORED_WITHIN = 0.4
"""Seconds that a terminal gets for what restores it before a hard exit: one that takes nothing is not waited for."""
LOOK_FOR_TERMINAL_EVERY = 0.5
"""Seconds between looks at whether the terminal is still there."""


def install(
    save: Callable[[], object], leave: Callable[[int], object], restore: Callable[[], object] = lambda: None
) -> None:
    """Call `save` (in a thread) and then `leave` (asks the event loop to exit with a status) on SIGHUP and SIGTERM.

    The exit status is 128 + signal number, as a shell reports it; `restore` comes before an exit that could not wait.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        for caught in _SIGNALS:
            signal.signal(caught, signal.SIG_IGN)
        _hard_exit_later(128 + number, restore)
        threading.Thread(target=save, name="nnplay-rescue", daemon=False).start()
        leave(128 + number)

    for caught in _SIGNALS:
        signal.signal(caught, handle)
    if hasattr(select, "poll") and hasattr(signal, "SIGHUP"):
        threading.Thread(target=_watch_terminal, name="nnplay-terminal", daemon=True).start()


def _watch_terminal() -> None:
    """Sends this process the hang-up that it was not sent: a terminal can be gone without SIGHUP (a killed SSH server).

    A program whose terminal is gone would otherwise spin for ever, reading nothing.
    """
    poll = select.poll()
    poll.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, 0)
    while not any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0)):
        time.sleep(LOOK_FOR_TERMINAL_EVERY)
    os.kill(os.getpid(), signal.SIGHUP)


_SIGNALS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))


def _hard_exit_later(status: int, restore: Callable[[], object]) -> None:
    def end() -> None:
        restoring = threading.Thread(target=restore, daemon=True)
        restoring.start()
        restoring.join(RESTORED_WITHIN)
        os._exit(status)

    timer = threading.Timer(HARD_EXIT_AFTER, end)
    timer.daemon = True
    timer.start()
