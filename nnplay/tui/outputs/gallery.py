"""Many small maps side by side, each with its title, as large as the room allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.blocks import picture, resample
from nnplay.tui.outputs.field import Field
from nnplay.tui.outputs.pictures import draw_picture
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import PLAIN, Row, Run, fit, joined

_LEAST = 4
"""Columns below which a map tells nothing: fewer of them are shown then."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One map.

    Attributes:
        values: (h, w), or (h, w, 3) for a picture in colour.
        peak: number at which the signed scale ends; 0 for a picture in its own brightness.
        chosen: it stands out.
    """

    title: str
    values: Floats
    peak: float = 0.0
    chosen: bool = False


def draw_gallery(tiles: Sequence[Tile], width: int, height: int, look: Look) -> tuple[list[Row], int]:
    """As many tiles as find room, and how many these are; all as wide as the last one's shape asks for."""
    if not tiles or width < 1 or height < 2:
        return [], 0
    across, columns, rows = _arrange(len(tiles), tiles[-1].values.shape[:2], width, height)
    shown = tiles[: across * max(1, height // (rows + 1))]
    drawn: list[Row] = []
    for start in range(0, len(shown), across):
        line = shown[start : start + across]
        drawn.append(beside([(_title(tile, columns, look),) for tile in line]))
        painted = [draw_tile(tile, rows, columns, look) for tile in line]
        drawn += [beside([each[y] for each in painted]) for y in range(rows)]
    return drawn, len(shown)


def place_tiles(tiles: Sequence[Tile], width: int, height: int, top: int = 0) -> list[Field]:
    """Where `draw_gallery` draws the tiles, from row `top` on; an element is a tile, a row and a column."""
    if not tiles or width < 1 or height < 2:
        return []
    across, columns, rows = _arrange(len(tiles), tiles[-1].values.shape[:2], width, height)
    count = min(len(tiles), across * max(1, height // (rows + 1)))
    return [
        Field(
            top + number // across * (rows + 1) + 1,
            number % across * (columns + 1),
            rows,
            columns,
            (tiles[number].values.shape[0], tiles[number].values.shape[1]),
            (number,),
        )
        for number in range(count)
    ]


def beside(parts: Sequence[Row], gap: int = 1) -> Row:
    """Rows of several maps as one, apart from each other."""
    between = (" " * gap, PLAIN)
    return joined([run for number, part in enumerate(parts) for run in ((between, *part) if number else part)])


def _title(tile: Tile, columns: int, look: Look) -> Run:
    return fit(tile.title, columns), look.ink("accent" if tile.chosen else "dim", bold=tile.chosen)


def draw_tile(tile: Tile, rows: int, columns: int, look: Look) -> list[Row]:
    """One map in so many cells."""
    if not tile.peak:
        return draw_picture(tile.values, rows, columns, look)
    return picture(
        resample(tile.values, look.down * rows, look.across * columns), rows, columns, -tile.peak, tile.peak, look
    )


def _arrange(count: int, shape: tuple[int, ...], width: int, height: int) -> tuple[int, int, int]:
    """Tiles beside each other, and columns and rows of each: as large as lets all be seen, else small ones."""
    tall, broad = shape[0], shape[1]
    found = (1, width, height - 1)
    for columns in range(width, min(_LEAST, width) - 1, -1):
        rows = max(1, -(-tall * columns // (2 * broad)))
        even = columns <= broad or columns % broad == 0  # enlarged pixels are all of the same size
        if rows < height and (even or columns == _LEAST):
            found = ((width + 1) // (columns + 1), columns, rows)
            if found[0] * (height // (rows + 1)) >= count:
                break
    return found


def peak_of(values: Floats) -> float:
    """The largest size of the numbers that are finite; 1 where all are 0."""
    return float(np.abs(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)).max(initial=0.0)) or 1.0
