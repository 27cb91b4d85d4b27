"""A thread that shares the large rows of a tape with the one that runs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final

#: Seconds after which a helper that nobody calls ends.
IDLE_SECONDS: Final = 1.0


class HelperThread:
    """A thread that runs a function whenever it is called, beside its caller, who does not wait for it.

    Between two calls it sleeps, so that it need not be started for each, and need not find a processor anew. Nothing
    depends on its running: where the system has no thread left, the caller does all the work.

    Args:
        idle: seconds after which the thread ends if it is not called; the next call starts another.
    """

    def __init__(self, idle: float = IDLE_SECONDS) -> None:
        self._idle = idle
        self._set_up()

    def _set_up(self) -> None:
        self._process = os.getpid()
        self._called = threading.Condition()
        self._function: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def call(self, function: Callable[[], None]) -> None:
        """Has it run a function as soon as it is free; one that it has not begun by then is forgotten."""
        if self._process != os.getpid():
            self._set_up()  # this process was forked: the thread is the other one's, which may have held the lock
        with self._called:
            self._function = function
            if self._thread is None:
                self._thread = self._start()
            self._called.notify()

    @property
    def started(self) -> bool:
        """Whether there is a thread now."""
        return self._thread is not None

    @property
    def number(self) -> int | None:
        """The system's number of the thread, if there is one now."""
        thread = self._thread
        return None if thread is None else thread.native_id

    def _start(self) -> threading.Thread | None:
        """A thread that waits for calls; None where the system has none left, and the next call tries again."""
        thread = threading.Thread(target=self._run, name="nnplay-helper", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return None
        return thread

    def _run(self) -> None:
        while (function := self._next()) is not None:
            function()
            del function  # what it works on can go while this thread sleeps

    def _next(self) -> Callable[[], None] | None:
        """What it is called for next, or None once nobody has called it for long enough."""
        with self._called:
            self._called.wait_for(lambda: self._function is not None, self._idle)
            function, self._function = self._function, None
            if function is None:
                self._thread = None
            return function
