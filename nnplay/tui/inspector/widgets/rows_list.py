"""The rows of the step, grouped by phase: which have run, which is next, which one is looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textual import events
from textual.message import Message

from nnplay.inspector.messages import View
from nnplay.inspector.row_view import RowView
from nnplay.records.operation import shape_text
from nnplay.tui.theme.look import Ink
from nnplay.tui.widgets.cells import Cells, Row, fit, joined

#: What a phase does, beside its name.
PHASES = {
    "trial": "where to look",
    "data": "the next batch",
    "forward": "from input to output",
    "loss": "how wrong the output is",
    "backward": "what is to blame",
    "update": "learn from it",
}

_NARROW = 30
"""Columns below which shapes are left out and gradients are written as ∂."""


def _describe_row(row: RowView, *, short: bool, d: str) -> str:
    """The row's layer, by place and kind, and what is done there; the kind once where the row is named after it."""
    name = re.sub(r"^gradients? of (the )?", d, row.name) if short else row.name
    if not row.layer:
        return f"{row.branch} {row.name}" if row.branch else row.name
    named = not row.path.rpartition(".")[2].isdigit()
    if row.name.startswith(row.layer) or (short and named):  # a name says as much as the kind
        return f"{row.path} {name}"
    return f"{row.path} {row.layer}{'' if short else ':'} {name}"


class RowsList(Cells):
    """Lists rows; a click looks at one."""

    class Chosen(Message):
        """The user wants to look at a row."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    def __init__(self) -> None:
        super().__init__(id="rows")
        self._view: View | None = None
        self._spots: list[int | None] = []

    def show(self, view: View) -> None:
        """Draw the rows of this view."""
        self._view = view
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Phases with their rows, scrolled so that the cursor is seen."""
        view = self._view
        if view is None:
            return ()
        rows: list[Row] = []
        spots: list[int | None] = []
        section = ""
        for row in view.rows:
            if row.section != section:
                section = row.section
                rows.append(self._phase(row, width))
                spots.append(None)
            rows.append(self._row(row, view, width))
            spots.append(row.number)
        cursor = spots.index(view.detail.row.number)
        top = self._top(cursor, spots.index(view.at), height, len(rows))
        self._spots = spots[top : top + height]
        shown = rows[top : top + height]
        heading = max(place for place in range(cursor) if spots[place] is None)
        if heading < top < cursor:  # whose phase the cursor is in is seen where its heading is above
            shown[0], self._spots[0] = rows[heading], None
        return shown

    @staticmethod
    def _top(cursor: int, marker: int, height: int, total: int) -> int:
        middle = (cursor + marker) // 2 if abs(cursor - marker) < height - 2 else cursor
        return max(0, min(middle - height // 2, total - height))

    def _phase(self, row: RowView, width: int) -> Row:
        text = f"{row.section} "
        text = fit(row.section, width) if len(text) > width else text
        return (
            (text, self.look.ink("accent", bold=True)),
            (fit(PHASES[row.phase], max(0, width - len(text))), self.look.ink("dim")),
        )

    def _row(self, row: RowView, view: View, width: int) -> Row:
        look = self.look
        here = row.number == view.detail.row.number
        next_one = row.number == view.at
        mark = look.pick("▶", ">") if next_one else look.pick("✓", "*") if row.number < view.at else " "
        written = next(operand for operand in row.operands if operand.role == "written")
        shape = shape_text(written.shape) if width >= _NARROW else ""
        name = _describe_row(row, short=width < _NARROW, d=look.pick("∂", "d "))
        room = max(4, width - 3 - len(shape) - 1)
        ink: Ink = "text" if row.number >= view.at or here else "dim"
        return joined(
            [
                (f" {mark} ", look.ink("accent", bold=True)),
                (fit(name, room), look.ink(ink, bold=next_one, reverse=here)),
                (f" {shape}" if shape else "", look.ink("dim")),
            ]
        )

    def on_click(self, event: events.Click) -> None:
        """Look at the row under the mouse."""
        row = self._spots[event.y] if event.y < len(self._spots) else None
        if row is not None:
            self.post_message(self.Chosen(row))
