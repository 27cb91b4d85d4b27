"""What a layer gives, drawn small beside its line: maps, numbers over time, who looks at whom, or units."""

from __future__ import annotations

from typing import Final

import numpy as np

from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.blocks import paint, picture, quantise, resample
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import LEVELS
from nnplay.tui.widgets.cells import PLAIN, Row, joined
from nnplay.views.layer_pictures import LayerPicture

_MOST_ROWS: Final = {"maps": 8, "steps": 8, "looks": 8, "units": 2}
_BARS: Final = " ▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = " .:-=+*#@"
_LEAST_MAP: Final = 2
"""Rows below which a map is told by its mean alone."""


def most_rows(shown: LayerPicture, width: int) -> int:
    """Rows beyond which a picture of so many columns tells no more."""
    return 1 if shown.kind == "units" and len(shown.values) <= width else _MOST_ROWS[shown.kind]


def draw_layer_picture(shown: LayerPicture, width: int, rows: int, look: Look) -> list[Row]:
    """The picture in at most so many cells; its colours reach to its own largest number."""
    values = np.nan_to_num(shown.values, nan=0.0, posinf=0.0, neginf=0.0)
    if width < 1 or not values.size:
        return []
    if shown.kind == "units":
        return _units(values, width, rows, look)
    if shown.kind == "steps":
        return _map(values, width, rows, _peak(values), look)
    if rows < _LEAST_MAP:
        flat = np.nan_to_num(shown.means) if shown.kind == "maps" else values.mean(axis=(0, 1))
        return _strip(flat, width, look)
    return _maps(values, width, rows, look)


def _peak(values: Floats) -> float:
    return float(np.abs(values).max()) or 1.0


def _map(values: Floats, width: int, rows: int, peak: float, look: Look) -> list[Row]:
    columns = min(width, 2 * values.shape[1] if values.shape[1] * 2 <= width else values.shape[1])
    return _paint(values, rows, columns, peak, look)


def _paint(values: Floats, rows: int, columns: int, peak: float, look: Look) -> list[Row]:
    """A signed map whose last line of pixels stays empty, so that it does not run into the picture below it."""
    if not look.blocks or rows < _LEAST_MAP:
        return picture(resample(values, look.down * rows, look.across * columns), rows, columns, -peak, peak, look)
    gap = max(1, look.down // 2)
    levels = quantise(resample(values, look.down * rows - gap, look.across * columns), -peak, peak)
    empty = np.full((gap, levels.shape[1]), LEVELS, np.int64)
    return paint(np.vstack([levels, empty]), (*look.scale(), look.palette.background), look)


def _maps(values: Floats, width: int, rows: int, look: Look) -> list[Row]:
    """As many maps as there is room for, all in the same scale."""
    tall, broad = values.shape[1:]
    columns = max(1, min(width, round(2 * rows * broad / tall)))
    count = max(1, (width + 1) // (columns + 1))
    peak = _peak(values)
    drawn = [_paint(each, rows, columns, peak, look) for each in values[:count]]
    gap = (" ", PLAIN)
    return [
        joined([run for n, part in enumerate(drawn) for run in ((gap, *part[y]) if n else part[y])])
        for y in range(rows)
    ]


def _strip(values: Floats, width: int, look: Look) -> list[Row]:
    """One cell for each number; the means of neighbours where there are more than cells."""
    columns = min(width, len(values))
    line = resample(values[None, :], 1, columns) if columns < len(values) else values[None, :]
    peak = _peak(values)
    return picture(np.repeat(line, 2, axis=0), 1, columns, -peak, peak, look)


def _units(values: Floats, width: int, rows: int, look: Look) -> list[Row]:
    """A cell for each unit; of more units than cells how many have which value, from the smallest to the largest."""
    if len(values) <= width:
        return _strip(values, width, look)
    columns = min(width, 24)
    counts, edges = np.histogram(values, columns)
    eighths = np.ceil(counts / max(1, int(counts.max())) * 8 * rows).astype(int)
    bars = _PLAIN_BARS if look.ascii else _BARS
    middles = (edges[:-1] + edges[1:]) / 2
    drawn = []
    for y in reversed(range(rows)):
        heights = np.clip(eighths - 8 * y, 0, 8).tolist()
        drawn.append(joined([(bars[full], look.signed(float(at))) for full, at in zip(heights, middles, strict=True)]))
    return drawn
