"""Where the elements of a view are drawn: rectangles of cells, each with rows and columns of elements, or with one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style

from nnplay.tui.widgets.cells import PLAIN, Row, Run, graphemes, joined

Element = tuple[int, ...]
"""Numbers of one element: the map or the like that it belongs to, and its row and column in it."""
_CHOSEN = Style(reverse=True, bold=True)
_ASIDE = 3.0
"""How much more a field counts as away that lies beside the direction of a move, not in it."""


@dataclass(frozen=True, slots=True)
class Field:
    """Cells in which elements are drawn.

    Attributes:
        top, left, rows, columns: the cells.
        shape: how many elements there are down and across; empty for one element.
        prefix: numbers of an element before its row and column.
    """

    top: int
    left: int
    rows: int
    columns: int
    shape: tuple[int, int] | tuple[()] = ()
    prefix: Element = ()

    def element_at(self, y: int, x: int) -> Element | None:
        """The element in the middle of a cell; None outside."""
        down, across = y - self.top, x - self.left
        if not (0 <= down < self.rows and 0 <= across < self.columns):
            return None
        if not self.shape:
            return self.prefix
        tall, broad = self.shape
        place = int((down + 0.5) * tall / self.rows), int((across + 0.5) * broad / self.columns)
        return (*self.prefix, *place)

    def cell_of(self, element: Element) -> tuple[int, int] | None:
        """The cell in which an element begins; None where it is not drawn here."""
        count = len(self.prefix)
        if element[:count] != self.prefix or len(element) != count + len(self.shape):
            return None
        if not self.shape:
            return self.top, self.left
        if any(not 0 <= at < many for at, many in zip(element[count:], self.shape, strict=True)):
            return None
        (i, j), (tall, broad) = element[count:], self.shape
        return self.top + int((i + 0.5) * self.rows / tall), self.left + int((j + 0.5) * self.columns / broad)

    def cells_of(self, element: Element) -> tuple[int, range]:
        """The row and the columns of cells that are marked for an element that is drawn here."""
        found = self.cell_of(element)
        assert found is not None
        if not self.shape:
            return found[0], range(self.left, self.left + self.columns)
        j, broad = element[-1], self.shape[1]
        first, end = (math.ceil(at * self.columns / broad - 0.5) for at in (j, j + 1))
        return found[0], range(self.left + first, self.left + end) if end > first else range(found[1], found[1] + 1)


def field_of(fields: Sequence[Field], element: Element) -> Field | None:
    """The field in which an element is drawn."""
    return next((field for field in fields if field.cell_of(element) is not None), None)


def move_element(fields: Sequence[Field], element: Element, down: int, right: int) -> Element:
    """The next element in a direction, beyond the edge of a field in the nearest field there; else the same."""
    field = field_of(fields, element)
    if field is None:
        return element
    if field.shape:
        i, j = element[-2] + down, element[-1] + right
        if 0 <= i < field.shape[0] and 0 <= j < field.shape[1]:
            return (*field.prefix, i, j)
    cell = field.cell_of(element)
    assert cell is not None
    others = [(_distance(other, cell, down, right), number) for number, other in enumerate(fields) if other != field]
    distance, number = min(others, default=(math.inf, 0))
    if distance == math.inf:
        return element
    return _nearest_in(fields[number], cell, element if field.shape else None, down, right)


def _distance(field: Field, cell: tuple[int, int], down: int, right: int) -> float:
    """How far a field lies in a direction from a cell; infinite where it does not."""
    y = min(max(cell[0], field.top), field.top + field.rows - 1)
    x = min(max(cell[1], field.left), field.left + field.columns - 1)
    ahead = (y - cell[0]) * down + (x - cell[1]) * right
    aside = abs(x - cell[1]) if down else abs(y - cell[0])
    return ahead + _ASIDE * aside if ahead > 0 else math.inf


def _nearest_in(field: Field, cell: tuple[int, int], before: Element | None, down: int, right: int) -> Element:
    """The element of another field that is reached: at its nearest edge, as high or as far right as before."""
    y = min(max(cell[0], field.top), field.top + field.rows - 1)
    x = min(max(cell[1], field.left), field.left + field.columns - 1)
    found = field.element_at(y, x)
    assert found is not None
    if not field.shape or before is None:
        return found
    tall, broad = field.shape
    i = 0 if down > 0 else tall - 1 if down < 0 else min(before[-2], tall - 1)
    j = 0 if right > 0 else broad - 1 if right < 0 else min(before[-1], broad - 1)
    return (*field.prefix, i, j)


def mark_cells(row: Row, columns: range) -> Row:
    """A row with some of its cells reversed."""
    runs: list[Run] = []
    x = 0
    for text, style in row:
        for one in graphemes(text):
            runs.append((one, style + _CHOSEN if columns.start <= x < columns.stop else style))
            x += cell_len(one)
    if x < columns.stop:
        runs.append((" " * max(0, columns.start - x), PLAIN))
        runs.append((" " * (columns.stop - max(x, columns.start)), _CHOSEN))
    return joined(runs)
