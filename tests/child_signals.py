"""Signals as a child of the tests begins with them, whatever the tests themselves were started with."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection

_SENT = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP)
"""What tests send, and what a child would ignore where they run under `nohup` or behind an `&`."""


def signals(ignored: Collection[signal.Signals] = ()) -> Callable[[], None]:
    """What `preexec_fn` does: each of these signals acts as usual, or is ignored."""

    def begin() -> None:
        for number in _SENT:
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    return begin
