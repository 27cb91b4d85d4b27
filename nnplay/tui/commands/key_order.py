"""Keys are done one after the other, however fast they come.

Textual hands a key to the widget that has the focus when the key arrives, not when the keys before it have been done:
of `:set lr 0.1⏎` in one write everything behind `:` is lost, because the line that `:` opens is not there yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

_ROUNDS = 4
"""How often the way from the focused widget up to the app must be free: once for the key, and once for each message
that its work sends on: a line is submitted, the list beside it selects, the dialog answers."""
_LOOK_EVERY = 0.1
"""Seconds after which a way on which nothing came is looked at: it is free if the widget at its begin is gone."""
_LOOKS = 30
"""How often a widget that is there, but too busy to send anything through, is waited for."""


class KeyDone(Message):
    """Bubbles behind a key from widget to app; where it has come through, the key has been done."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class ScreenReady(Message):
    """Bubbles up from a screen that keys had to wait for: it has something now that they can work on."""


class KeyQueue:
    """Lets the next key (or paste) in when the last one has been done; none before `open`.

    A screen on top that has nothing yet to work on says by `keys_meanwhile` which keys it takes all the same, such as
    the one that closes it; the others wait until it is ready, and are forgotten where it is closed before.

    Args:
        app: on its way up to it a key has been done; it hands each `KeyDone` to `note_done`.
        handle: what the app does with an event that is let in.
        begins, ends: called before a key or paste is let in, and when it has been done.
    """

    def __init__(
        self,
        app: App[int],
        handle: Callable[[events.Event], Awaitable[None]],
        *,
        begins: Callable[[events.Event], None],
        ends: Callable[[], None],
    ) -> None:
        self._app, self._handle, self._begins, self._ends = app, handle, begins, ends
        self._waiting: deque[events.Event] = deque()
        self._held = 0  # so many of them, the first ones, wait for a screen to be ready:
        self._holder: Screen[Any] | None = None
        self._closed = True
        self._round = 0
        self._looks = 0
        self._way: DOMNode | None = None
        self._timer: Timer | None = None

    async def take(self, event: events.Event) -> None:
        """Hold a key back while another is under way; everything else passes."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._waiting.append(event)
            await self._let_in()
        else:
            await self._handle(event)

    async def open(self) -> None:
        """Do the keys that were pressed until now, and all that follow."""
        self._closed = False
        await self._let_in()

    async def resume(self) -> None:
        """Do the keys that waited for a screen to be ready."""
        await self._let_in()

    async def note_done(self, message: KeyDone) -> None:
        """The way from the focused widget to the app is free: it is looked at again, or the next key comes in."""
        if message.number != self._round or not self._closed:
            return
        if self._timer is not None:
            self._timer.stop()
        if self._round < _ROUNDS:
            self._look_up()
        else:
            self._round = 0
            self._ends()
            await self.open()

    async def _let_in(self) -> None:
        if self._closed or not self._app.screen_stack:
            return
        if (event := self._take_next()) is not None:
            self._closed = True
            self._begins(event)
            await self._handle(event)
            self._round = 0
            self._look_up()

    def _take_next(self) -> events.Event | None:
        """The first key that can be done now, if there is one; keys before it were for a screen that it closes."""
        screen = self._app.screen
        if screen is not self._holder:
            self._forget(self._held)  # the mouse closed the screen that they were for
            self._held = 0
        meanwhile: frozenset[str] | None = getattr(screen, "keys_meanwhile", None)
        for place, event in enumerate(self._waiting):
            if meanwhile is None or (isinstance(event, events.Key) and event.key in meanwhile):
                self._forget(place)
                self._held = 0
                return self._waiting.popleft()
        self._held, self._holder = len(self._waiting), screen
        return None

    def _forget(self, count: int) -> None:
        """Drops the first keys that wait."""
        for _ in range(count):
            self._waiting.popleft()

    def _look_up(self) -> None:
        self._round += 1
        if self._app.screen_stack:  # else the app is ending
            self._way, self._looks = self._app.focused or self._app.screen, 0
            self._timer = self._app.set_timer(_LOOK_EVERY, self._look_again)
            self._way.post_message(KeyDone(self._round))

    def _look_again(self) -> None:
        """Nothing has come through: the widget went with its queue, or it, or the whole machine, is busy."""
        self._looks += 1
        way = self._way
        there = way is not None and way.is_running and way.is_attached
        if there and self._looks < _LOOKS:
            self._timer = self._app.set_timer(_LOOK_EVERY, self._look_again)
        else:
            self._app.post_message(KeyDone(self._round))
