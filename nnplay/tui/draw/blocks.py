"""Arrays as block characters: two, four or six pixels a cell, colours in a few levels, long equal runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from nnplay.tui.draw.two_colours import Mark, two_colours
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import LEVELS
from nnplay.tui.widgets.cells import Row, Run, joined
from nnplay.views.shrinking import shrink

Levels = NDArray[np.int64]
Marks = Mapping[tuple[int, int], Mark]
"""(row, column) of a cell → glyph and colour of the mark drawn on it."""


def quantise(values: NDArray[np.floating], low: float, high: float, levels: int = LEVELS) -> Levels:
    """Values as level numbers 0 … `levels`-1; what is not finite becomes the middle."""
    if not high > low:
        return np.full(values.shape, levels // 2, dtype=np.int64)
    middle = (low + high) / 2
    finite = np.where(np.isfinite(values), values, middle).astype(np.float64)
    share = (finite - low) / (high - low)
    return np.clip((share * levels).astype(np.int64), 0, levels - 1)


def resize(values: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.floating]:
    """Values sampled (nearest) at `rows` × `columns` pixels."""
    height, width = values.shape
    y = np.minimum((np.arange(rows) + 0.5) * height / max(rows, 1), height - 1).astype(np.int64)
    x = np.minimum((np.arange(columns) + 0.5) * width / max(columns, 1), width - 1).astype(np.int64)
    return values[np.ix_(y, x)]


def resample(values: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.floating]:
    """At another size: enlarged by repeating pixels, made smaller by their means, so that no thin stroke is lost."""
    tall, broad = values.shape
    return resize(shrink(values, min(rows, tall), min(columns, broad)), rows, columns)


def paint(levels: Levels, colours: Sequence[str], look: Look, marks: Marks | None = None) -> list[Row]:
    """Rows of cells for `levels` (`look.down`·rows, `look.across`·columns), each an index into `colours`."""
    if look.pixels is not None:
        drawn = look.pixels.paint(levels, colours, marks or {})
        if drawn is not None:
            return drawn
        levels = levels[look.down // 4 :: look.down // 2, look.across // 2 :: look.across]  # as half blocks
        return half_blocks(levels, colours, look, marks)
    draw = two_colours if look.across == 2 else half_blocks
    return draw(levels, colours, look, marks)


def half_blocks(levels: Levels, colours: Sequence[str], look: Look, marks: Marks | None = None) -> list[Row]:
    """Rows of cells for `levels` (2·rows, columns), each an index into `colours`."""
    marks = marks or {}
    height, width = levels.shape
    return [
        joined([_cell(levels, y, x, colours, look, marks.get((y, x))) for x in range(width)])
        for y in range(height // 2)
    ]


def _cell(levels: Levels, y: int, x: int, colours: Sequence[str], look: Look, mark: Mark | None) -> Run:
    top, bottom = colours[levels[2 * y, x]], colours[levels[2 * y + 1, x]]
    if mark is not None:
        return mark[0], look.plain(mark[1], top)
    if top == bottom:
        return " ", look.plain(look.palette.text, bottom)
    return "▀", look.plain(top, bottom)


def glyphs(levels: Levels, count: int, look: Look, marks: Marks | None = None) -> list[Row]:
    """The same picture where colour is missing: one glyph a cell by sign and size, tinted where 16 colours exist."""
    marks = marks or {}
    height = levels.shape[0] // 2
    rows: list[Row] = []
    for y in range(height):
        shares = (levels[2 * y] + levels[2 * y + 1]) / max(1, count - 1) - 1
        runs = [_glyph_cell(look, float(share), marks.get((y, x))) for x, share in enumerate(shares)]
        rows.append(joined(runs))
    return rows


def _glyph_cell(look: Look, share: float, mark: Mark | None) -> Run:
    if mark is not None:
        return mark[0], Style(bold=True, reverse=True)
    return look.glyph(share), look.signed(share)


def picture(
    values: NDArray[np.floating],
    rows: int,
    columns: int,
    low: float,
    high: float,
    look: Look,
    marks: Marks | None = None,
) -> list[Row]:
    """A signed field as `rows` × `columns` cells in whatever form this terminal can show."""
    levels = quantise(resize(values, look.down * rows, look.across * columns), low, high)
    if look.blocks:
        return paint(levels, look.scale(), look, marks)
    return glyphs(levels, LEVELS, look, marks)
