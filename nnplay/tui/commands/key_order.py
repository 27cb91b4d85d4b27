"""Keys are done one after the other, however fast they come.

Textual hands a key to the widget that has the focus when the key arrives, not when the keys before it have been done:
of `:set lr 0.1⏎` in one write everything behind `:` is lost, because the line that `:` opens is not there yet.
"""

from __future__ import annotations

from collections import deque

from textual import events, on
from textual.app import App
from textual.dom import DOMNode
from textual.message import Message
from textual.timer import Timer

_ROUNDS = 4
"""How often the way from the focused widget up to the app must be free: once for the key, and once for each message
that its work sends on: a line is submitted, the list beside it selects, the dialog answers."""
_LOOK_EVERY = 0.1
"""Seconds after which a way on which nothing came is looked at: it is free if the widget at its begin is gone."""
_LOOKS = 30
"""How often a widget that is there, but too busy to send anything through, is waited for."""


class WayIsFree(Message):
    """Bubbles behind a key from widget to app; where it has come through, the key has been done."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class KeysInOrder(App[int]):
    """An app that lets the next key (or paste) in when the last one has been done; none before `let_keys_in`."""

    def __init__(self) -> None:
        super().__init__()
        self._keys_waiting: deque[events.Event] = deque()
        self._keys_held = True
        self._key_round = 0
        self._key_looks = 0
        self._key_way: DOMNode | None = None
        self._key_timer: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        """Hold keys back while another is under way; everything else passes."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._keys_waiting.append(event)
            await self._next_key()
        else:
            await super().on_event(event)

    async def let_keys_in(self) -> None:
        """The screen is complete: do the keys that were pressed meanwhile, and all that follow."""
        self._keys_held = False
        await self._next_key()

    async def _next_key(self) -> None:
        if self._keys_waiting and not self._keys_held and self.screen_stack:
            self._keys_held = True
            await super().on_event(self._keys_waiting.popleft())
            self._key_round = 0
            self._look_up()

    def _look_up(self) -> None:
        self._key_round += 1
        if self.screen_stack:  # else the app is ending
            self._key_way, self._key_looks = self.focused or self.screen, 0
            self._key_timer = self.set_timer(_LOOK_EVERY, self._look_again)
            self._key_way.post_message(WayIsFree(self._key_round))

    def _look_again(self) -> None:
        """Nothing has come through: the widget went with its queue, or it, or the whole machine, is busy."""
        self._key_looks += 1
        way = self._key_way
        there = way is not None and way.is_running and way.is_attached
        if there and self._key_looks < _LOOKS:
            self._key_timer = self.set_timer(_LOOK_EVERY, self._look_again)
        else:
            self.post_message(WayIsFree(self._key_round))

    @on(WayIsFree)
    async def _came_through(self, message: WayIsFree) -> None:
        if message.number != self._key_round or not self._keys_held:
            return
        if self._key_timer is not None:
            self._key_timer.stop()
        if self._key_round < _ROUNDS:
            self._look_up()
        else:
            self._key_round = 0
            await self.let_keys_in()
