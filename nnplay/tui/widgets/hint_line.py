"""A hint for the first minute, below the panes that it speaks of."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from nnplay.text import clean
from nnplay.tui.theme.plain_text import spell_keys
from nnplay.tui.widgets.cells import Cells, Row, fit

MOST_ROWS = 4
"""Rows that a hint gets at the most."""


class HintLine(Cells):
    """Shows one hint; takes no room while there is none."""

    DEFAULT_CSS = "HintLine { height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__(id="hint-line")
        self.text = ""

    def say(self, text: str) -> None:
        """Show this hint, or none."""
        if self.look.ascii:
            text = spell_keys(text)
        self.text = clean(text, 400)
        self.redraw()

    def rows_for(self, width: int) -> int:
        """Rows that the hint takes at a width; none without a hint."""
        return min(MOST_ROWS, len(self._wrapped(width))) if self.text else 0

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The hint behind a bar."""
        bar = (self.look.pick("▌ ", "| "), self.look.ink("accent"))
        return [(bar, (fit(row, width - 2), self.look.ink("text"))) for row in self._wrapped(width)]

    def _wrapped(self, width: int) -> list[str]:
        return textwrap.wrap(self.text, max(8, width - 3))
