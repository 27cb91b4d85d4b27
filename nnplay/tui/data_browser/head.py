"""The line at the top of the data browser: what the data are, and where in them the cursor is."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.data.profile.columns import describe_columns
from nnplay.tui.data_browser.place import Place
from nnplay.tui.widgets.cells import Cells, Row, Run, joined, row_width


class BrowserHead(Cells):
    """Name, rows, inputs, classes, roles, row."""

    DEFAULT_CSS = "BrowserHead { height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__(id="browser-head")
        self._place: Place | None = None

    def show(self, place: Place | None) -> None:
        """Draw what is known of this place."""
        self._place = place
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """One row; what finds no room is left out, the least useful first."""
        look = self.look
        runs: list[Run] = [(" data ", look.ink("accent", bold=True))]
        if self._place is None:
            return [tuple(runs)]
        profile = self._place.profile
        parts: list[list[Run]] = [
            [(f" {profile.head}", look.ink("strong"))],
            [("  row ", look.ink("dim")), (f"{self._place.row + 1:,}", look.ink("strong"))],
            [(f"  {describe_columns(profile.columns)}", look.ink("dim"))],
        ]
        for part in parts:
            if row_width(tuple(runs)) + row_width(tuple(part)) <= width:
                runs += part
        return [joined(runs)]
