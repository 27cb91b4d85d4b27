"""Connections as braille lines between neurons: colour is the weight's sign, strength its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.style import Style

from nnplay.tui.graph import Place
from nnplay.tui.look import Look
from nnplay.tui.palette import blend

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_SHOWN = 0.12
"""Weights below this share of the layer's largest are left out: they would only hide the others."""

_MOST_LINES = 22
"""Lines between two columns; more of them become one grey cloud."""


@dataclass(slots=True)
class Ink:
    """What one cell shows so far: dots, and the style of the strongest line through it."""

    dots: int
    style: Style


class Links:
    """The lines of a whole drawing, by cell (row, column)."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.cells: dict[tuple[int, int], Ink] = {}

    def connect(self, before: Sequence[Place], after: Sequence[Place], weights: np.ndarray) -> None:
        """Draw the lines between two columns, the strongest last."""
        part = np.abs(np.nan_to_num(weights[: len(after), : len(before)]))
        largest = float(part.max()) if part.size else 0.0
        if largest <= 0:
            return
        for flat in np.argsort(part, axis=None).tolist()[-_MOST_LINES:]:
            target, source = divmod(flat, part.shape[1])
            strength = float(part[target, source]) / largest
            if strength >= _SHOWN:
                style = self._style(float(weights[target, source]), strength)
                self._line(before[source], after[target], style, thick=strength > 0.85)

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

    def _line(self, start: Place, end: Place, style: Style, *, thick: bool) -> None:
        x0, x1 = 2 * (start.left + start.width), 2 * end.left - 1
        y0, y1 = start.middle, end.middle
        count = max(abs(x1 - x0), abs(y1 - y0)) + 1
        xs = np.linspace(x0, x1, count).round().astype(int).tolist()
        ys = np.linspace(y0, y1, count).round().astype(int).tolist()
        for x, y in zip(xs, ys, strict=True):
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


def _ascii(dots: int) -> str:
    rows = [row for row in range(4) if dots & (_DOTS[0][row] | _DOTS[1][row])]
    return "|" if len(rows) >= 3 else "-" if rows[0] in (1, 2) else "'" if rows[0] == 0 else "."
