"""Where the program answers, in up to three rows above the footer: what an edit did, what is wrong, what was saved."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len

from nnplay.text import clean
from nnplay.tui.theme.look import Ink
from nnplay.tui.widgets.cells import Cells, Row, fit

_MORE = "  L: all of it"
MOST_ROWS = 3
"""Rows that one message gets at the most."""


class MessageLine(Cells):
    """Shows the last message until the next one."""

    DEFAULT_CSS = "MessageLine { height: 1; }"

    def __init__(self) -> None:
        super().__init__(id="message-line")
        self.text = ""
        self._ink: Ink = "dim"

    def say(self, text: str, ink: Ink = "text") -> None:
        """Show this text."""
        self.text, self._ink = clean(text.replace("\n", "; "), 400), ink
        self.redraw()

    @property
    def is_error(self) -> bool:
        """Whether it says what went wrong."""
        return self._ink == "error"

    def rows_for(self, width: int) -> int:
        """Rows that the text takes at a width, up to as many as a message gets."""
        return max(1, min(MOST_ROWS, len(self._wrapped(width))))

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The text in as many rows as there are; what is too long for them ends with the key that shows it whole."""
        rows = self._wrapped(width)
        if len(rows) > height:
            rest = " ".join(row.strip() for row in rows[height - 1 :])
            rows = [*rows[: height - 1], fit(f" {rest}", max(0, width - len(_MORE))) + _MORE]
        return [((fit(row, width), self.look.ink(self._ink)),) for row in rows]

    def _wrapped(self, width: int) -> list[str]:
        if cell_len(self.text) < width:
            return [f" {self.text}"]
        return [f" {row}" for row in textwrap.wrap(self.text, max(1, width - 1))]
