"""Connections as braille lines between neurons: colour is the weight's sign, strength its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.style import Style

from nnplay.tui.draw.graph import Place
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_SHOWN = 0.12
"""Weights below this share of the layer's largest are left out: they would only hide the others."""

_REACH = 3.0
"""Dots between a point and the line that is meant: within the same cell or at the edge of the next."""

_MOST_LINES = 22
"""Lines between two columns; more of them become one grey cloud."""


@dataclass(slots=True)
class Ink:
    """What one cell shows so far: dots, and the style of the strongest line through it."""

    dots: int
    style: Style


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was drawn: the weight it stands for, and its ends in dots (two across and four down a cell).

    Attributes:
        column: rank of the unit that the weight belongs to.
        unit, source: that unit, and the one in the rank before.
    """

    column: int
    unit: int
    source: int
    x0: int
    y0: int
    x1: int
    y1: int

    def distance(self, x: float, y: float) -> float:
        """How many dots above or below the line a point lies; infinite beside its ends."""
        if not self.x0 <= x <= self.x1:
            return math.inf
        share = (x - self.x0) / max(1, self.x1 - self.x0)
        return abs(self.y0 + share * (self.y1 - self.y0) - y)


class Links:
    """The lines of a whole drawing, by cell (row, column); `lines` holds them in the order of drawing."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.cells: dict[tuple[int, int], Ink] = {}
        self.lines: list[Line] = []

    def connect(
        self,
        column: int,
        before: Sequence[Place],
        after: Sequence[Place],
        weights: np.ndarray,
        marked: tuple[int, int] | None = None,
    ) -> None:
        """Draw the lines between two columns, the strongest last; the `marked` one (unit, source) above all."""
        part = np.abs(np.nan_to_num(weights[: len(after), : len(before)]))
        largest = float(part.max()) if part.size else 0.0
        for flat in np.argsort(part, axis=None).tolist()[-_MOST_LINES:] if largest > 0 else ():
            unit, source = divmod(flat, part.shape[1])
            strength = float(part[unit, source]) / largest
            if strength >= _SHOWN and (unit, source) != marked:
                style = self._style(float(weights[unit, source]), strength)
                self._line(column, unit, source, before, after, style, thick=strength > 0.85)
        if marked is not None and marked[0] < len(after) and marked[1] < len(before):
            ink = self._look.ink("accent", bold=True)
            self._line(column, marked[0], marked[1], before, after, ink, thick=True)

    def glyph(self, row: int, column: int) -> tuple[str, Style] | None:
        """The character of one cell, or `None` where no line passes."""
        ink = self.cells.get((row, column))
        if ink is None:
            return None
        return (_ascii(ink.dots) if self._look.ascii else chr(0x2800 + ink.dots)), ink.style

    def _style(self, weight: float, strength: float) -> Style:
        look = self._look
        if not look.blocks:
            return look.signed(weight)
        end = look.palette.above if weight >= 0 else look.palette.below
        shade = 0.25 if strength < 0.4 else 0.55 if strength < 0.7 else 0.95
        return look.plain(blend(look.palette.background, end, shade))

    def _line(
        self,
        column: int,
        unit: int,
        source: int,
        before: Sequence[Place],
        after: Sequence[Place],
        style: Style,
        *,
        thick: bool,
    ) -> None:
        start, end = before[source], after[unit]
        x0, x1 = 2 * (start.left + start.width), 2 * end.left - 1
        y0, y1 = start.middle, end.middle
        self.lines.append(Line(column, unit, source, x0, y0, x1, y1))
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        across, down = (x1 - x0) / steps, (y1 - y0) / steps
        for number in range(steps + 1):
            x, y = round(x0 + number * across), round(y0 + number * down)
            self._dot(x, y, style)
            if thick:
                self._dot(x, y + 1, style)

    def _dot(self, x: int, y: int, style: Style) -> None:
        key = (y // 4, x // 2)
        bit = _DOTS[x % 2][y % 4]
        ink = self.cells.get(key)
        if ink is None:
            self.cells[key] = Ink(bit, style)
        else:
            ink.dots |= bit
            ink.style = style


def nearest(lines: Sequence[Line], row: int, column: int) -> Line | None:
    """The line through a cell: the one that passes nearest to its middle, the last drawn of several."""
    x, y = 2 * column + 0.5, 4 * row + 1.5
    reach = [(line.distance(x, y), -number) for number, line in enumerate(lines)]
    best = min(reach, default=(math.inf, 0))
    return lines[-best[1]] if best[0] <= _REACH else None


def _ascii(dots: int) -> str:
    rows = [row for row in range(4) if dots & (_DOTS[0][row] | _DOTS[1][row])]
    return "|" if len(rows) >= 3 else "-" if rows[0] in (1, 2) else "'" if rows[0] == 0 else "."
