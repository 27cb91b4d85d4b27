"""Pictures in cells: one, several side by side, and tiles with titles as large as the room allows."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.blocks import glyphs, paint, quantise, resample, resize
from nnplay.tui.outputs.field import Field
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import PLAIN, Row, fit, joined

_SHADES = " .:-=+*#%@"
_GREYS, _STEPS = 16, 6
_SIGNED = 15
"""Levels of numbers with a sign; of so many, one is the middle."""


def draw_tiles(
    tiles: Sequence[tuple[str, NDArray[Any]]],
    width: int,
    height: int,
    look: Look,
    classes: int = 0,
    signed: Collection[str] = (),
) -> list[Row]:
    """Tiles with titles, as large as the room allows; whole numbers are masks of `classes`.

    Args:
        signed: titles of tiles whose numbers have a sign, which is drawn in the two colours of the scale.
    """
    across, columns, cells = _arrange(tiles, width, height)
    rows: list[Row] = []
    for start in range(0, len(tiles), across):
        part = tiles[start : start + across]
        rows.append(joined([(fit(title, columns) + " ", look.ink("dim")) for title, _ in part]))
        drawn = [_draw_signed if title in signed else _draw_tile for title, _ in part]
        rows += put_beside(
            [draw(values, cells, columns, look, classes) for draw, (_, values) in zip(drawn, part, strict=True)]
        )
    return rows


def place_tiles(tiles: Sequence[tuple[str, NDArray[Any]]], width: int, height: int, top: int = 0) -> list[Field]:
    """Where `draw_tiles` draws the pixels of the tiles, from row `top` on; an element is a tile, a row and a column."""
    across, columns, cells = _arrange(tiles, width, height)
    shapes = [(values.shape[0], values.shape[1]) for _, values in tiles]
    return [
        Field(top + k // across * (cells + 1) + 1, k % across * (columns + 1), cells, columns, shape, (k,))
        for k, shape in enumerate(shapes)
    ]


def _arrange(tiles: Sequence[tuple[str, NDArray[Any]]], width: int, height: int) -> tuple[int, int, int]:
    """Tiles beside each other, and columns and rows of cells of each."""
    tall, broad = tiles[0][1].shape[:2]
    across = max(range(1, len(tiles) + 1), key=lambda n: _find_scale(n, len(tiles), tall, broad, width, height))
    scale = _find_scale(across, len(tiles), tall, broad, width, height)
    scale = float(int(scale)) if scale > 1 else scale
    return across, max(1, int(broad * scale)), max(1, int(tall * scale) // 2)


def _find_scale(across: int, count: int, tall: int, broad: int, width: int, height: int) -> float:
    down = -(-count // across)
    columns, rows = (width - across + 1) // across, height // down - 1
    return max(0.0, min(columns / broad, 2 * rows / tall))


def _draw_tile(values: NDArray[Any], rows: int, columns: int, look: Look, classes: int) -> list[Row]:
    if not np.issubdtype(values.dtype, np.integer):
        return draw_picture(values, rows, columns, look)
    levels = resize(values, look.down * rows, look.across * columns).astype(np.int64)
    if not look.blocks:
        return [
            joined([("." if level == 0 else str(level % 10), look.of_class(max(0, int(level) - 1))) for level in row])
            for row in levels[::2].tolist()
        ]
    named = look.palette.classes
    colours = [look.palette.raised, *(named[index % len(named)] for index in range(classes - 1))]
    return paint(levels, colours, look)


def put_beside(pictures: Sequence[list[Row]]) -> list[Row]:
    rows = max((len(each) for each in pictures), default=0)
    return [
        joined([run for each in pictures for run in (*(each[y] if y < len(each) else ()), (" ", PLAIN))])
        for y in range(rows)
    ]


def _draw_signed(values: NDArray[Any], rows: int, columns: int, look: Look, classes: int) -> list[Row]:
    """Numbers by sign and size; the largest of either sign has the full colour, and what is near 0 has none."""
    shrunk = resample(values, look.down * rows, look.across * columns)
    most = float(np.abs(np.nan_to_num(shrunk)).max(initial=0.0)) or 1.0
    levels = quantise(shrunk, -most, most, _SIGNED)
    return paint(levels, look.palette.scale(_SIGNED), look) if look.blocks else glyphs(levels, _SIGNED, look)


def draw_picture(image: Floats, rows: int, columns: int, look: Look) -> list[Row]:
    """One picture (h, w) or (h, w, 3) in cells, from its darkest to its brightest value."""
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    if image.ndim == 3 and look.blocks:
        parts = [
            quantise(resample(image[:, :, k], look.down * rows, look.across * columns), low, high, _STEPS)
            for k in range(3)
        ]
        return paint((parts[0] * _STEPS + parts[1]) * _STEPS + parts[2], _cube(), look)
    grey = image.mean(axis=2) if image.ndim == 3 else image
    levels = quantise(resample(grey, look.down * rows, look.across * columns), low, high, _GREYS)
    if look.blocks:
        return paint(levels, _greys(look.palette.raised, look.palette.text), look)
    means = (levels[0::2] + levels[1::2]) / (2 * _GREYS - 2)
    return [(("".join(_SHADES[min(9, int(share * 10))] for share in row), look.ink("text")),) for row in means.tolist()]


@functools.cache
def _greys(dark: str, bright: str) -> tuple[str, ...]:
    return tuple(blend(dark, bright, level / (_GREYS - 1)) for level in range(_GREYS))


@functools.cache
def _cube() -> tuple[str, ...]:
    """The colours of a picture with red, green and blue: six steps of each."""
    steps = [round(255 * step / (_STEPS - 1)) for step in range(_STEPS)]
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red in steps for green in steps for blue in steps)
