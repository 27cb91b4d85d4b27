"""Small graphs without labels: lines and points in braille dots, or in one sign a cell where there is only ASCII."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from rich.style import Style

from nnplay.tui.draw.arrays import Floats
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, joined

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_MARGIN = 0.06
"""Share of the range that stays empty above and below a graph."""


class Sketch:
    """A graph of `width` × `height` cells; what is drawn later lies on top.

    Args:
        x, y: the ranges that it shows.
    """

    def __init__(self, width: int, height: int, x: tuple[float, float], y: tuple[float, float], look: Look) -> None:
        self._width, self._height, self._look = width, height, look
        self._across, self._down = (1, 1) if look.ascii else (2, 4)
        self._x, self._y = _with_margin(x, 0.0), _with_margin(y, _MARGIN)
        self._dots: dict[tuple[int, int], int] = {}
        self._ink: dict[tuple[int, int], tuple[str, Style]] = {}

    def axes(self) -> None:
        """Draw the lines x = 0 and y = 0, where they are in the ranges."""
        column, line = self._place(0.0, 0.0)
        cell_x, cell_y = column // self._across, line // self._down
        faint, pick = self._look.ink("faint"), self._look.pick
        within_x, within_y = 0 <= cell_x < self._width, 0 <= cell_y < self._height
        if within_y:
            self._ink |= {(x, cell_y): (pick("─", "-"), faint) for x in range(self._width)}
        if within_x:
            self._ink |= {(cell_x, y): (pick("│", "|"), faint) for y in range(self._height)}
        if within_x and within_y:
            self._ink[cell_x, cell_y] = pick("┼", "+"), faint

    def line(self, xs: Iterable[float], ys: Iterable[float], style: Style) -> None:
        """Join points in their order; a value that is not finite leaves a gap."""
        before: tuple[int, int] | None = None
        for x, y in zip(xs, ys, strict=True):
            if not (math.isfinite(x) and math.isfinite(y)):
                before = None
                continue
            here = self._place(x, y)
            for column, row in _between(before or here, here):
                self._set(column, row, style, "*")
            before = here

    def point(self, x: float, y: float, style: Style, sign: str = "o") -> None:
        """Mark one place by a whole cell."""
        column, line = self._place(x, y)
        cell = column // self._across, line // self._down
        if 0 <= cell[0] < self._width and 0 <= cell[1] < self._height:
            self._dots.pop(cell, None)
            self._ink[cell] = sign, style

    def dots(self, xs: Floats, ys: Floats, style: Style) -> None:
        """Mark many places by a dot each."""
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
            self._set(*self._place(x, y), style, ".")

    def rows(self) -> list[Row]:
        """The graph."""
        return [joined([self._cell(x, y) for x in range(self._width)]) for y in range(self._height)]

    def _cell(self, x: int, y: int) -> tuple[str, Style]:
        return self._ink.get((x, y), (" ", self._look.ink("dim")))

    def _place(self, x: float, y: float) -> tuple[int, int]:
        """Column and line in dots, counted from the top left; far outside of the ranges it stays just outside."""
        columns, lines = self._width * self._across, self._height * self._down
        column = (x - self._x[0]) / (self._x[1] - self._x[0]) * (columns - 1)
        line = (self._y[1] - y) / (self._y[1] - self._y[0]) * (lines - 1)
        return round(min(2.0 * columns, max(-columns, column))), round(min(2.0 * lines, max(-lines, line)))

    def _set(self, column: int, line: int, style: Style, sign: str) -> None:
        cell = column // self._across, line // self._down
        if not (0 <= cell[0] < self._width and 0 <= cell[1] < self._height):
            return
        if not self._look.ascii:
            self._dots[cell] = self._dots.get(cell, 0) | _DOTS[column % 2][line % 4]
            sign = chr(0x2800 + self._dots[cell])
        self._ink[cell] = sign, style


def _with_margin(limits: tuple[float, float], share: float) -> tuple[float, float]:
    low, high = limits
    room = (high - low) * share if high > low else 1.0
    return low - room, high + room


def _between(start: tuple[int, int], end: tuple[int, int]) -> Sequence[tuple[int, int]]:
    """The dots of a straight line."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    columns = np.rint(np.linspace(start[0], end[0], steps + 1)).astype(int).tolist()
    lines = np.rint(np.linspace(start[1], end[1], steps + 1)).astype(int).tolist()
    return list(zip(columns, lines, strict=True))
