"""Points by group, and lines behind them, in one square of cells: each cell has the colour of most of its points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from nnplay.tui.draw import curves
from nnplay.tui.draw.raster import Area
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import Row, Run, joined

_BEHIND = 0.45
"""How much of a group's colour its lines have."""
_MOST_PARTS = 24
"""Into how many parts the way from one point of a line to the next is cut at the most."""
_EVERY, _APART = (1, 2, 3, 4), 6
"""Of the lines of a grid every so many are drawn, so that they begin so many dots apart."""
Marks = tuple[list[list[int]], list[list[int]]]
"""The pattern of dots in each cell, row by row, and the group that has most of them (-1 for none)."""


@dataclass(frozen=True, slots=True)
class Points:
    """What is drawn.

    Attributes:
        places: (N, 2), within a circle of radius 1.
        groups: of the places, (N,); -1 for none.
        lines: those of a grid, (2, L, P, 2), also outside of the circle, where they may not be seen.
        line_groups: (2, L, P), or None for lines of no group.
    """

    places: NDArray[Any]
    groups: NDArray[np.int64]
    lines: NDArray[Any] | None = None
    line_groups: NDArray[np.int64] | None = None


def draw_cloud(points: Points, width: int, height: int, look: Look) -> list[Row]:
    """Rows of `width` × `height` cells, as long to the right as upwards."""
    if width < 1 or height < 1:
        return []
    area = _make_area(width, height, fine=curves.is_fine(look))
    count = int(max(points.groups.max(initial=-1), -1)) + 1
    front, behind = _place_points(points, count, area), _place_lines(points, count, area)
    return [_draw_row((front[0][row], front[1][row]), (behind[0][row], behind[1][row]), look) for row in range(height)]


def group_mark(group: int, look: Look) -> Run:
    """What stands for a group in a legend: its sign in its colour."""
    return (curves.glyph(group, look) if not curves.is_fine(look) else "●"), look.of_class(group)


def _make_area(width: int, height: int, fine: bool) -> Area:
    """Cells around 0 that hold a circle of radius 1; a cell is twice as high as it is wide."""
    least = min(width, 2 * height)
    across, up = width / least, 2 * height / least
    return Area(width, height, (-across, across), (-up, up), fine=fine)


def _place_points(points: Points, count: int, area: Area) -> Marks:
    dots = np.zeros((count + 1, *area.dots), np.int64)
    np.add.at(dots, (points.groups + 1, area.rows(points.places[:, 1]), area.columns(points.places[:, 0])), 1)
    return _find_marks(dots, area)


def _place_lines(points: Points, count: int, area: Area) -> Marks:
    """As `_place_points`; each line as so many points that they touch, and no more lines than can be told apart."""
    dots = np.zeros((count + 1, *area.dots), np.int64)
    if points.lines is not None:
        every = _lines_left_out(points.lines.shape[1], area)
        lines = points.lines[:, ::every]
        groups = np.full(lines.shape[:3], -1) if points.line_groups is None else points.line_groups[:, ::every]
        longest = float(np.abs(np.diff(lines, axis=2)).max(initial=0.0)) * max(area.dots) / 2
        parts = int(min(_MOST_PARTS, max(1.0, np.ceil(longest))))
        shares = np.linspace(0.0, 1.0, parts + 1)[:, None]
        begin, end = lines[:, :, :-1, None], lines[:, :, 1:, None]
        places = (begin + shares * (end - begin)).reshape(-1, 2)
        kinds = np.repeat(groups[:, :, :-1].ravel(), parts + 1)
        seen = (np.abs(places) <= (area.x[1], area.y[1])).all(axis=1)
        dots[kinds[seen] + 1, area.rows(places[seen, 1]), area.columns(places[seen, 0])] = 1
    return _find_marks(dots, area)


def _lines_left_out(lines: int, area: Area) -> int:
    """Of so many lines each way every how many are drawn."""
    apart = min(area.dots) / (lines - 1)
    return next((each for each in _EVERY if each * apart >= _APART), _EVERY[-1])


def _find_marks(dots: NDArray[np.int64], area: Area) -> Marks:
    """The marks of so many points of each group at each dot, (groups + 1, rows, columns)."""
    tall, wide = dots.shape[1] // area.height, dots.shape[2] // area.width
    points = dots.reshape(-1, area.height, tall, area.width, wide).sum(axis=(2, 4))
    return area.cells(np.asarray(dots.any(axis=0))).tolist(), (points.argmax(axis=0) - 1).tolist()


def _draw_row(front: tuple[list[int], list[int]], behind: tuple[list[int], list[int]], look: Look) -> Row:
    runs: list[Run] = []
    for pattern, group, line, line_group in zip(*front, *behind, strict=True):
        if pattern:
            runs.append((_sign(group, pattern, look), _ink(group, look)))
        elif line:
            text = chr(0x2800 + line) if curves.is_fine(look) else look.pick("·", ".")
            runs.append((text, _ink_behind(line_group, look)))
        else:
            runs.append((" ", look.ink("faint")))
    return joined(runs)


def _sign(group: int, pattern: int, look: Look) -> str:
    if curves.is_fine(look):
        return chr(0x2800 + pattern)
    return curves.glyph(group, look) if group >= 0 else look.pick("·", ".")


def _ink(group: int, look: Look) -> Style:
    return look.of_class(group) if group >= 0 else look.ink("dim")


def _ink_behind(group: int, look: Look) -> Style:
    if group < 0 or not look.blocks:
        return look.ink("faint")
    named = look.palette.classes
    return look.plain(blend(look.palette.background, named[group % len(named)], _BEHIND))
