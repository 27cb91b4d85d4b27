"""Keys in the order in which they were typed: each one has done its work before the next is looked at.

Textual hands a key to the widget that has the focus, and what the key does happens when it has bubbled back up to the
app. Keys that came meanwhile (a slow line delivers several at once) went to the old focus by then: the first letters
behind `:` were lost, and an escape could close a dialog that was not yet built.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any, Final

from textual import events
from textual.app import App
from textual.dom import DOMNode

_PATIENCE: Final = 0.2
"""Seconds for a key's way through the widgets; one of them may be gone before it has answered."""


class KeysInOrder(App[int]):
    """An app that waits with a key, or a paste, until the one before has been dealt with."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._waiting: deque[events.Event] = deque()

    async def on_event(self, event: events.Event) -> None:
        """Queue what was typed; pass on everything else."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting.append(event)
        if len(self._waiting) == 1:
            self.run_worker(self._deliver(), exit_on_error=True)

    async def _deliver(self) -> None:
        while self._waiting:
            while self.screen_stack and not self.screen.is_mounted:
                await asyncio.sleep(0.002)
            if not self.screen_stack:  # the app is ending
                return
            path = (self.focused or self.screen).ancestors_with_self
            try:
                await super().on_event(self._waiting[0])
                # The key bubbles up to the app once; what the app asks a widget for then bubbles up once more.
                await _passed(path)
                await _passed(path)
            finally:
                self._waiting.popleft()


async def _passed(path: list[DOMNode]) -> None:
    """Wait until every node, from the widget up to the app, has handled what was in its queue before."""
    done = asyncio.Event()

    def hop(index: int) -> None:
        for later in range(index, len(path)):
            if path[later].call_later(hop, later + 1):
                return
        done.set()

    hop(0)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), _PATIENCE)
