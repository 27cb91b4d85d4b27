"""The footer of a screen over the main one: as many keys as fit, help and back always."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from nnplay.tui.commands.screen_keys import Key, shown
from nnplay.tui.widgets.cells import Cells, Row, Run, joined

_ALWAYS = 2


class KeysLine(Cells):
    """Keys with two words each; a click does what stands there.

    Args:
        keys: of the screen; the last two that have a title are always shown.
    """

    DEFAULT_CSS = "KeysLine { height: 1; background: $panel; }"

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__(id="keys")
        self._keys = [key for key in keys if key.title]
        self._left_out: Sequence[str] = ()
        self._spots: list[tuple[int, int, Key]] = []

    def leave_out(self, runs: Sequence[str]) -> None:
        """Do without the keys of these actions, which can do nothing at the moment."""
        if runs != self._left_out:
            self._left_out = runs
            self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        fixed = self._keys[-_ALWAYS:]
        others = [key for key in self._keys[:-_ALWAYS] if key.run not in self._left_out]
        used = 1 + sum(_need(key) for key in fixed)
        chosen: set[Key] = set()
        for key in sorted(others, key=lambda key: not key.first):
            if used + _need(key) > width:
                break
            used += _need(key)
            chosen.add(key)
        kept = [key for key in others if key in chosen]
        runs: list[Run] = [(" ", self.look.ink("dim"))]
        self._spots, place = [], 1
        for key in [*kept, *fixed]:
            self._spots.append((place, place + _need(key) - 2, key))
            runs += [(shown(key), self.look.ink("accent", bold=True)), (f" {key.title}  ", self.look.ink("dim"))]
            place += _need(key)
        return [joined(runs)]

    async def on_click(self, event: events.Click) -> None:
        """Do what stands under the mouse."""
        for start, end, key in self._spots:
            if start <= event.x < end:
                await self.app.run_action(key.run, default_namespace=self.screen)


def _need(key: Key) -> int:
    return len(shown(key)) + len(key.title) + 3
