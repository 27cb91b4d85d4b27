"""The strip of pane names that stands below the header when not all panes fit."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from nnplay.tui.arrange import tab_names
from nnplay.tui.theme.look import Ink
from nnplay.tui.widgets.cells import Cells, Row, Run, joined


class PaneTabs(Cells):
    """Numbers and names; those on the screen stand out."""

    DEFAULT_CSS = "PaneTabs { height: 1; }"

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self._shown: tuple[str, ...] = ()
        self._current = ""

    def show(self, shown: tuple[str, ...], current: str) -> None:
        """Mark the panes on the screen, and the one that the user is at; the layers have their tab with the network."""
        self._shown, self._current = shown, "network" if current == "layers" else current
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        runs: list[Run] = []
        for name, text in tab_names(width):
            here = name == self._current
            ink: Ink = "accent" if here else "text" if name in self._shown else "dim"
            runs.append((text, self.look.ink(ink, bold=here, reverse=here)))
            runs.append((" ", self.look.ink("dim")))
        return [joined(runs)]

    async def on_click(self, event: events.Click) -> None:
        """Go to the pane under the mouse."""
        place = 0
        for name, text in tab_names(self.size.width):
            place += len(text) + 1
            if event.x < place:
                await self.app.run_action(f"go_to_pane('{name}')")
                return
