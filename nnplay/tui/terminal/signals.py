"""A closed terminal or a kill saves the run first: stock Textual dies at once, without any clean-up.

Measured recipe: a `signal.signal` handler (asyncio's hangs while output is stalled) starts a saver thread, asks the
loop to exit, and ends the process hard once nothing has come further for four seconds; the terminal is restored even
then. A save of a large run that goes on is waited for, however long it takes.
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

STUCK_AFTER = 4.0
"""Seconds in which a save must have come further: a busy disk needs a few, and after five all should be over."""
RESTORED_WITHIN = 2.0
"""Seconds that restoring the terminal may take at the most before a hard exit, on a machine that is busy."""
LOOK_FOR_TERMINAL_EVERY = 0.5
"""Seconds between looks at whether the terminal is still there."""
_LOOK_AT_SAVE_EVERY = 0.2


class Ending:
    """The end that a signal asks for; it begins once, whoever asks first.

    Args:
        save: called in a thread of its own.
        leave: asks the event loop to exit with a status.
        restore: gives the terminal back before an exit that could not wait.
        progress: another number whenever the save has come further.
    """

    def __init__(
        self,
        save: Callable[[], object],
        leave: Callable[[int], object],
        restore: Callable[[], object],
        progress: Callable[[], int],
    ) -> None:
        self._save, self._leave, self._restore, self._progress = save, leave, restore, progress
        self._begun = threading.Lock()

    def begin(self, number: int) -> None:
        """Saves and leaves with status 128 + `number`, as a shell reports a signal; from any thread."""
        if not self._begun.acquire(blocking=False):
            return
        threading.Thread(target=self._end_when_stuck, args=(128 + number,), daemon=True).start()
        threading.Thread(target=self._save, name="nnplay-rescue", daemon=False).start()
        self._leave(128 + number)

    def _end_when_stuck(self, status: int) -> None:
        before, since = self._progress(), time.monotonic()
        while time.monotonic() - since < STUCK_AFTER:
            time.sleep(_LOOK_AT_SAVE_EVERY)
            if (now := self._progress()) != before:
                before, since = now, time.monotonic()
        restoring = threading.Thread(target=self._restore, daemon=True)
        restoring.start()
        restoring.join(RESTORED_WITHIN)
        os._exit(status)


def install(ending: Ending) -> None:
    """Begins it on SIGHUP, SIGTERM and SIGQUIT, and where the terminal is gone; what was ignored stays ignored."""

    def handle(number: int, _frame: FrameType | None) -> None:
        for caught in _SIGNALS:
            signal.signal(caught, signal.SIG_IGN)
        ending.begin(number)

    for caught in _SIGNALS:
        if signal.getsignal(caught) is not signal.SIG_IGN:
            signal.signal(caught, handle)
    if hasattr(select, "poll") and hasattr(signal, "SIGHUP"):
        threading.Thread(target=_watch_terminal, args=(ending,), name="nnplay-terminal", daemon=True).start()


def _watch_terminal(ending: Ending) -> None:
    """Begins the end when the terminal is gone, which may be without a signal (a killed SSH server), or an ignored one.

    A program whose terminal is gone would otherwise spin for ever, reading nothing, and nobody could reach it.
    """
    poll = select.poll()
    poll.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, 0)
    while not any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0)):
        time.sleep(LOOK_FOR_TERMINAL_EVERY)
    ending.begin(signal.SIGHUP)


_SIGNALS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM", "SIGQUIT") if hasattr(signal, name))
