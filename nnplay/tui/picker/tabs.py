"""The kinds of things that can be picked, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from nnplay.tui.widgets.cells import Cells, Row, Run, joined


class ShelfTabs(Cells):
    """Shows all kinds, the present one in brackets; a click goes to another."""

    DEFAULT_CSS = "ShelfTabs { height: 1; }"

    @dataclass
    class Turned(Message):
        """The user wants to see another kind."""

        to: int

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names, self._at = list(names), 0

    def name_all(self, names: Sequence[str]) -> None:
        """Show these kinds from now on."""
        self._names = list(names)

    def show(self, at: int) -> None:
        """The kind with this number is the present one."""
        self._at = at
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """One line."""
        runs: list[Run] = []
        for number, name in enumerate(self._names):
            present = number == self._at
            style = self.look.ink("accent", bold=True) if present else self.look.ink("dim")
            runs.append((f"[{name}]" if present else f" {name} ", style))
        return [joined(runs)]

    def on_click(self, event: events.Click) -> None:
        """Go to the kind under the mouse."""
        start = 0
        for number, name in enumerate(self._names):
            end = start + len(name) + 2
            if start <= event.x < end:
                self.post_message(self.Turned(number))
            start = end
