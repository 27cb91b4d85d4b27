"""Four pixels a cell: quadrants in the two of their colours that are nearest to all four."""

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
GLYPHS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""By which pixels have the ink: upper left counts 1, upper right 2, lower left 4, lower right 8."""
_PAIRS: Final = tuple(combinations(range(4), 2))


def quadrants(
    levels: Levels, colours: Sequence[str], look: Look, marks: Mapping[tuple[int, int], Mark] | None = None
) -> list[Row]:
    """Rows of cells for `levels` (2·rows, 2·columns), each an index into `colours`."""
    marks = marks or {}
    shapes, ink, ground = (each.tolist() for each in two_levels(levels, _distances(tuple(colours))))
    rows: list[Row] = []
    for y, row in enumerate(zip(shapes, ink, ground, strict=True)):
        runs: list[Run] = []
        for x, (shape, front, behind) in enumerate(zip(*row, strict=True)):
            mark = marks.get((y, x))
            if mark is not None:
                runs.append((mark[0], look.plain(mark[1], colours[behind])))
            elif shape:
                runs.append((GLYPHS[shape], look.plain(colours[front], colours[behind])))
            else:
                runs.append((" ", look.plain(look.palette.text, colours[behind])))
        rows.append(joined(runs))
    return rows


def two_levels(levels: Levels, distances: NDArray[np.int64]) -> tuple[Levels, Levels, Levels]:
    """The shape of each cell (an index into `GLYPHS`), and the levels of its ink and of its ground, (rows, columns).

    Each pixel takes the nearer of two levels of its own cell, which are those with the least error over the four. The
    ink is the higher level; a cell of one level is all ground.

    Args:
        levels: (2·rows, 2·columns).
        distances: (L, L) between the colours of two levels.
    """
    rows, columns = levels.shape[0] // 2, levels.shape[1] // 2
    four = (
        levels[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).transpose(0, 2, 1, 3).reshape(rows, columns, 4)
    )
    apart = distances[four[..., :, None], four[..., None, :]]
    errors = np.stack([np.minimum(apart[..., a], apart[..., b]).sum(axis=-1) for a, b in _PAIRS], axis=-1)
    best = np.array(_PAIRS)[errors.argmin(axis=-1)]
    pair = np.sort(np.take_along_axis(four, best, axis=-1), axis=-1)
    ground, ink = pair[..., 0], pair[..., 1]
    nearer = distances[four, ink[..., None]] < distances[four, ground[..., None]]
    return nearer @ np.array([1, 2, 4, 8]), ink, ground


@functools.lru_cache(maxsize=16)
def _distances(colours: tuple[str, ...]) -> NDArray[np.int64]:
    """(L, L) squared distances of the colours, which are worked out once for each scale."""
    parts = np.array([rgb(colour) for colour in colours], np.int64)
    return np.asarray(((parts[:, None] - parts[None]) ** 2).sum(axis=-1))
