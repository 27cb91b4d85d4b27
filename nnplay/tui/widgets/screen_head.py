"""The head of a screen of its own: its name, what is on it, and the names of its views."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from nnplay.tui.widgets.cells import Cells, Row, Run, fit, joined


class ScreenHead(Cells):
    """One row, and a second one with the names of views where there are several.

    Args:
        name: of the screen, which stands first.
        views: names in the order in which they are turned.
    """

    DEFAULT_CSS = "ScreenHead { background: $panel; }"

    class ViewClicked(Message):
        """The name of a view was clicked.

        Args:
            by: how many views behind the present one it is; below 0 before it.
        """

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, name: str, views: Sequence[str] = ()) -> None:
        super().__init__(id="screen-head")
        self.styles.height = 2 if views else 1
        self._title, self._views = f" {name} ", tuple(views)
        self._words, self._present = "", ""

    def show(self, words: str, present: str = "") -> None:
        """Show these words, and which view is the present one."""
        self._words, self._present = words, present
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The title and the words, then the names."""
        look = self.look
        words = fit(f" {self._words}", max(0, width - len(self._title)))
        first = joined([(self._title, look.ink("accent", bold=True)), (words, look.ink("strong"))])
        if not self._views:
            return [first]
        runs: list[Run] = [(" ", look.ink("dim"))]
        for name, text in self._texts(width):
            here = name == self._present
            ink = look.ink("accent" if here else "text", bold=here, reverse=here)
            runs += [(text, ink), (" ", look.ink("dim"))]
        return [first, joined(runs)]

    def _texts(self, width: int) -> list[tuple[str, str]]:
        """The views with what stands for each: their names, or the beginnings of them where there is no room."""
        whole = [(name, f" {name} ") for name in self._views]
        if sum(len(text) + 1 for _, text in whole) <= width:
            return whole
        letters = max(1, (width - 1) // len(whole) - 3)
        return [(name, f" {name[:letters].rstrip()} ") for name in self._views]

    def on_click(self, event: events.Click) -> None:
        """Ask for the view under the mouse."""
        left = 1
        for number, (_, text) in enumerate(self._texts(self.size.width)):
            if event.y == 1 and left <= event.x < left + len(text):
                self.post_message(self.ViewClicked(number - self._views.index(self._present)))
            left += len(text) + 1
