"""The line at the bottom: the keys that matter now, taken from the list of actions; a click presses the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from textual import events

from nnplay.tui.commands import actions
from nnplay.tui.commands.actions import Action, Where, key_name
from nnplay.tui.explaining import subject_of
from nnplay.tui.theme.plain_text import spell_keys
from nnplay.tui.widgets.cells import Cells, Row, Run, joined


@runtime_checkable
class HasIdleKeys(Protocol):
    """A widget some of whose keys do nothing for now."""

    @property
    def idle_actions(self) -> frozenset[str]:
        """The actions (by name) that would only be told why they do nothing."""


class FooterLine(Cells):
    """Shows keys and titles for the focused kind of widget; of its keys those that do something now."""

    DEFAULT_CSS = "FooterLine { height: 1; background: $panel; }"

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__(id="footer")
        self._keymap = keymap
        self._where: Where = "app"
        self._training = False
        self._spots: list[tuple[int, int, Action]] = []

    def show(self, where: Where) -> None:
        """Offer the actions of this kind of widget."""
        if where != self._where:
            self._where = where
            self.redraw()

    def show_running(self, running: bool) -> None:
        """Offer to pause, or to run, with the first key; and what can be done now."""
        self._training = running
        self.redraw()

    def key_of(self, action: Action) -> str:
        """The key that the user has for an action."""
        keys = self._keymap.get(action.id, ",".join(action.keys)).split(",")
        return spell_keys(key_name(keys[0])) if self.look.ascii else key_name(keys[0])

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """As many actions as fit; command, help and quit always."""
        focused = self.screen.focused
        idle: frozenset[str] = focused.idle_actions if isinstance(focused, HasIdleKeys) else frozenset()
        chosen = [action for action in actions.footer(self._where) if action.id not in idle]
        fixed_ones = [action for action in chosen if action.footer >= 20]
        others = [action for action in chosen if action.footer < 20]
        used = sum(len(self.key_of(a)) + len(self._title(a)) + 3 for a in fixed_ones) + 1
        kept: list[Action] = []
        for action in others:
            need = len(self.key_of(action)) + len(self._title(action)) + 3
            if used + need > width:
                break
            used += need
            kept.append(action)
        return [self._row([*kept, *fixed_ones])]

    def _title(self, action: Action) -> str:
        if action.id == "help" and subject_of(self.screen.focused) is not None:
            return "explain"
        return "pause" if action.id == "run" and self._training else action.title

    def _row(self, shown: Sequence[Action]) -> Row:
        runs: list[Run] = [(" ", self.look.ink("dim"))]
        self._spots = []
        place = 1
        for action in shown:
            key, title = self.key_of(action), self._title(action)
            self._spots.append((place, place + len(key) + len(title) + 1, action))
            runs += [(key, self.look.ink("accent", bold=True)), (f" {title}  ", self.look.ink("dim"))]
            place += len(key) + len(title) + 3
        return joined(runs)

    async def on_click(self, event: events.Click) -> None:
        """Do what stands under the mouse."""
        for start, end, action in self._spots:
            if start <= event.x < end:
                target = self.screen.focused if action.where != "app" else self.app
                await self.app.run_action(action.run, default_namespace=target)
