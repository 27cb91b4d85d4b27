"""Lines and spans as dots, eight to a cell in braille or one where each curve has a glyph of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.tui.draw.downsample import Downsampled, Floats

Bits = NDArray[np.uint8]
_BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
"""What each dot of a cell (4 rows, 2 columns) adds to U+2800."""


@dataclass(frozen=True, slots=True)
class Area:
    """Cells of a plot, the dots in each, and the ranges that they show.

    Attributes:
        x, y: the lowest and the highest number; `y` in exponents of ten where `log`.
        log: whether values are shown by their logarithm. Those from zero down have none, and no dots.
    """

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    log: bool = False
    fine: bool = True

    @property
    def dots(self) -> tuple[int, int]:
        """Rows and columns of dots."""
        return (4 * self.height, 2 * self.width) if self.fine else (self.height, self.width)

    def columns(self, x: Floats) -> NDArray[np.int64]:
        """Columns of dots of numbers on the x-axis."""
        return _places(x, self.x, self.dots[1])

    def rows(self, y: Floats) -> NDArray[np.int64]:
        """Rows of dots, from the top, of values; below zero where a value has no place on a logarithmic axis."""
        shown = np.log10(np.where(y > 0, y, 1.0)) if self.log else y
        rows = self.dots[0] - 1 - _places(shown, self.y, self.dots[0])
        return np.where(y > 0, rows, -1) if self.log else rows

    def cells(self, dots: NDArray[np.bool_]) -> Bits:
        """Dots (rows, columns) as one number a cell (height, width): the braille pattern, or whether there is a dot."""
        if not self.fine:
            return dots.astype(np.uint8)
        blocks = dots.reshape(self.height, 4, self.width, 2)
        return np.asarray((blocks * _BRAILLE[:, None, :]).sum(axis=(1, 3)), np.uint8)


def _places(values: Floats, limits: tuple[float, float], count: int) -> NDArray[np.int64]:
    span = limits[1] - limits[0] or 1.0
    share = np.clip((values - limits[0]) / span, 0.0, 1.0)
    return np.asarray(np.rint(share * (count - 1)), np.int64)


def line(data: Downsampled, area: Area, *, points: bool = False) -> Bits:
    """The cells (height, width) of a line through the newest values, or of the points alone.

    A value that has no place on a logarithmic axis has no dot, and nothing is joined to it.
    """
    dots = np.zeros(area.dots, np.bool_)
    columns, rows = area.columns(data.x), area.rows(data.last)
    shown = rows >= 0
    dots[rows[shown], columns[shown]] = True
    if not points and len(rows) > 1:
        joined = data.joined[1:] & shown[1:] & shown[:-1]
        for index in np.flatnonzero(joined):
            _join(dots, (rows[index], columns[index]), (rows[index + 1], columns[index + 1]))
    return area.cells(dots)


def _join(dots: NDArray[np.bool_], begin: tuple[int, int], end: tuple[int, int]) -> None:
    count = max(abs(int(end[0]) - int(begin[0])), abs(int(end[1]) - int(begin[1]))) + 1
    rows = np.rint(np.linspace(begin[0], end[0], count)).astype(np.int64)
    dots[rows, np.rint(np.linspace(begin[1], end[1], count)).astype(np.int64)] = True


def spans(data: Downsampled, area: Area) -> Bits:
    """The cells (height, width) from the smallest to the largest value of each column.

    On a logarithmic axis a column that reaches down to zero goes to the lower edge.
    """
    dots = np.zeros(area.dots, np.bool_)
    bottoms = area.rows(data.low)
    bottoms = np.where(bottoms < 0, area.dots[0] - 1, bottoms)
    for column, top, bottom in zip(area.columns(data.x), area.rows(data.high), bottoms, strict=True):
        if top >= 0 and bottom > top:
            dots[top : bottom + 1, column] = True
    return area.cells(dots)


def zeros(data: Downsampled, area: Area) -> NDArray[np.bool_]:
    """Cells (width) in which a value has no place on the logarithmic axis, as it is zero or below."""
    found = np.zeros(area.width, np.bool_)
    found[area.columns(data.x)[data.low <= 0] // (2 if area.fine else 1)] = True
    return found
