"""One line above the footer where the program answers: what an edit did, what went wrong, what was saved."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.text import clean
from nnplay.tui.cells import Cells, Row, fit
from nnplay.tui.look import Ink

_MORE = "  L: all of it"


class Said(Cells):
    """Shows the last message until the next one."""

    DEFAULT_CSS = "Said { height: 1; }"

    def __init__(self) -> None:
        super().__init__(id="said")
        self.text = ""
        self._ink: Ink = "dim"

    def say(self, text: str, ink: Ink = "text") -> None:
        """Show this text."""
        self.text, self._ink = clean(text.replace("\n", "; "), 400), ink
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """One row; what is too long for it ends with the key that shows it whole."""
        text = f" {self.text}"
        if len(text) > width:
            text = fit(text, max(0, width - len(_MORE))) + _MORE
        return [((fit(text, width), self.look.ink(self._ink)),)]
