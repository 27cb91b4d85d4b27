"""Four or six pixels a cell: quadrants or sextants in the two of their colours that are nearest to all of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import rgb
from nnplay.tui.widgets.cells import Row, Run, joined

Levels = NDArray[np.int64]
Mark = tuple[str, str]
QUADRANTS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""By which pixels have the ink: upper left counts 1, upper right 2, lower left 4, lower right 8."""
_HALVES: Final = {0: " ", 21: "▌", 42: "▐", 63: "█"}
SEXTANTS: Final = "".join(
    _HALVES.get(shape) or chr(0x1FB00 + shape - 1 - (shape > 21) - (shape > 42)) for shape in range(64)
)
"""The same for three rows: 1, 2, then 4, 8, then 16, 32. Those that are halves are older signs."""
_GLYPHS: Final = {2: QUADRANTS, 3: SEXTANTS}


def two_colours(
    levels: Levels, colours: Sequence[str], look: Look, marks: Mapping[tuple[int, int], Mark] | None = None
) -> list[Row]:
    """Rows of cells for `levels` (`look.down`·rows, 2·columns), each an index into `colours`."""
    marks, glyphs = marks or {}, _GLYPHS[look.down]
    shapes, ink, ground = (each.tolist() for each in two_levels(levels, _distances(tuple(colours)), look.down))
    rows: list[Row] = []
    for y, row in enumerate(zip(shapes, ink, ground, strict=True)):
        runs: list[Run] = []
        for x, (shape, front, behind) in enumerate(zip(*row, strict=True)):
            mark = marks.get((y, x))
            if mark is not None:
                runs.append((mark[0], look.plain(mark[1], colours[behind])))
            elif shape:
                runs.append((glyphs[shape], look.plain(colours[front], colours[behind])))
            else:
                runs.append((" ", look.plain(look.palette.text, colours[behind])))
        rows.append(joined(runs))
    return rows


def two_levels(levels: Levels, distances: NDArray[np.int64], down: int = 2) -> tuple[Levels, Levels, Levels]:
    """The shape of each cell (an index into its glyphs), and the levels of its ink and of its ground, (rows, columns).

    Each pixel takes the nearer of two levels of its own cell, those with the least error over all of its pixels. The
    ink is the higher level; a cell of one level is all ground.

    Args:
        levels: (`down`·rows, 2·columns).
        distances: (L, L) between the colours of two levels.
        down: pixels below each other in a cell.
    """
    rows, columns, count = levels.shape[0] // down, levels.shape[1] // 2, 2 * down
    pairs = tuple(combinations(range(count), 2))
    whole = levels[: down * rows, : 2 * columns]
    pixels = whole.reshape(rows, down, columns, 2).transpose(0, 2, 1, 3).reshape(rows, columns, count)
    apart = distances[pixels[..., :, None], pixels[..., None, :]]
    errors = np.stack([np.minimum(apart[..., a], apart[..., b]).sum(axis=-1) for a, b in pairs], axis=-1)
    best = np.array(pairs)[errors.argmin(axis=-1)]
    pair = np.sort(np.take_along_axis(pixels, best, axis=-1), axis=-1)
    ground, ink = pair[..., 0], pair[..., 1]
    nearer = distances[pixels, ink[..., None]] < distances[pixels, ground[..., None]]
    return nearer @ (1 << np.arange(count)), ink, ground


@functools.lru_cache(maxsize=16)
def _distances(colours: tuple[str, ...]) -> NDArray[np.int64]:
    """(L, L) squared distances of the colours, which are worked out once for each scale."""
    parts = np.array([rgb(colour) for colour in colours], np.int64)
    return np.asarray(((parts[:, None] - parts[None]) ** 2).sum(axis=-1))
