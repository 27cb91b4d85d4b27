"""What is looked at without running anything: another row, element or operand, in another form."""

from __future__ import annotations

from nnplay.inspector.messages import OperandView
from nnplay.tui.inspector.walk import Say, Walk
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.inspector.widgets.tiles import FORMS, WHENS


class LookActions:
    """The keys that change what is shown.

    Args:
        walk: asks for what is wanted.
        detail: draws the row under the cursor.
        say: tells which form was chosen.
    """

    def __init__(self, walk: Walk, detail: DetailView, say: Say) -> None:
        self._walk, self._detail, self._say = walk, detail, say

    def move_cursor(self, by: int) -> None:
        """Look at a row above or below."""
        if self._walk.view is not None:
            here = self._walk.view.detail.row.number if self._walk.wish.row is None else self._walk.wish.row
            there = min(len(self._walk.view.rows) - 1, max(0, here + by))
            if there == here:
                self._say(f"this is the {'first' if by < 0 else 'last'} row of the step")
            else:
                self.look_at_row(there)

    def look_at_row(self, row: int) -> None:
        """Look at a row by its number."""
        self._detail.hidden = False
        self._walk.look_at(row=row, scroll={})

    def move_element(self, down: int, right: int) -> None:
        """Choose another element of the result, or another part of the chosen operand."""
        operand = self._detail.operand
        if operand is None or self._walk.view is None:
            return
        worked, result = self._walk.view.detail.worked, self._walk.view.detail.result
        if operand is not result or worked is None:
            if not can_scroll(operand, down, right):
                self._say(_edge(operand))
                return
            old = self._walk.wish.scroll.get(operand.name, (0, 0))
            self._walk.look_at(scroll={**self._walk.wish.scroll, operand.name: (old[0] + down, old[1] + right)})
            return
        index = self._walk.wish.index if len(self._walk.wish.index) == len(result.shape) else worked.index
        there = move_index(index, result, down, right)
        if there == index:
            self._say(_edge(result))
        else:
            self._walk.look_at(index=there)

    def choose_operand(self, by: int) -> None:
        """Choose the operand that arrows work on."""
        if self._walk.view is None:
            return
        shown, detail = self._detail, self._walk.view.detail
        names = [operand.name for operand in detail.operands]
        shown.chosen = names[(names.index(shown.chosen_operand(detail)) + by) % len(names)]
        shown.redraw()

    def next_part(self, by: int) -> None:
        """Go to another parameter of an update, or another index of an axis that is fixed."""
        if self._walk.view is None:
            return
        detail = self._walk.view.detail
        if detail.parameters:
            place = detail.parameters.index(detail.parameter) + by
            self._walk.look_at(parameter=detail.parameters[place % len(detail.parameters)], scroll={})
        elif detail.worked is not None and detail.result.shape:
            fixed = detail.result.plane.fixed
            axis = fixed[-1][0] if fixed else 0
            index = list(detail.worked.index)
            index[axis] = (index[axis] + by) % detail.result.shape[axis]
            self._walk.look_at(index=tuple(index))

    def change_form(self) -> None:
        """Show operands as colours, numbers or a histogram."""
        shown = self._detail
        shown.form = FORMS[(FORMS.index(shown.form) + 1) % len(FORMS)]
        shown.code = False
        if shown.form == "histogram":
            self._walk.look_at(histograms=True)
        self._say(f"operands as {shown.form}")
        shown.redraw()

    def change_when(self) -> None:
        """Show what the row writes after it, before it, or the difference."""
        shown = self._detail
        shown.when = WHENS[(WHENS.index(shown.when) + 1) % len(WHENS)]
        self._say(f"what the row writes: {shown.when}")
        shown.redraw()

    def toggle_batch(self) -> None:
        """Show one row of the batch, or all."""
        if self._walk.view is not None and self._walk.view.detail.row.phase == "update":
            self._say("an update goes over parameters, not over rows of the batch")
        elif self._walk.view is not None:
            every = self._walk.wish.every
            shown = len(self._walk.view.detail.result.shape) <= 2 if every is None else every
            self._walk.look_at(every=not shown)
            self._say("the selected row of the batch" if shown else "all rows of the batch, one below the other")

    def toggle_full(self) -> None:
        """Show the chosen operand alone, or all."""
        shown = self._detail
        shown.full = not shown.full
        shown.redraw()

    def toggle_code(self) -> None:
        """Show the definition in NumPy, or the operands."""
        shown = self._detail
        shown.code = not shown.code
        shown.redraw()


def can_scroll(operand: OperandView, down: int, right: int) -> bool:
    """Whether there is more of a table on that side than is seen."""
    lines, columns = operand.values.shape
    below, beside = operand.top + lines < operand.lines, operand.left + columns < operand.columns
    return (down < 0 < operand.top) or (right < 0 < operand.left) or (down > 0 and below) or (right > 0 and beside)


def _edge(operand: OperandView) -> str:
    return f"this is the edge of {operand.name}"


def move_index(index: tuple[int, ...], operand: OperandView, down: int, right: int) -> tuple[int, ...]:
    """The element that lies so many lines and columns away in the operand's table."""
    plane = operand.plane
    place = plane.place(index)
    if place is None:
        return index
    line = min(max(0, place[0] + down), plane.height - 1)
    column = min(max(0, place[1] + right), plane.width - 1)
    return plane.index(line, column)
