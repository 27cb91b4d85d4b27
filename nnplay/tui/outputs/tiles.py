"""Answers as pictures: a grid with true and predicted classes, masks beside their picture, a picture given back."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.blocks import half_blocks, quantised, resized
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import PLAIN, Row, Run, fit, joined, row_width
from nnplay.views.answers import Images, Masks, Pair

_SHADES = " .:-=+*#%@"
_GREYS, _STEPS = 16, 6
_ENOUGH = 6
"""Pictures are made smaller until so many find room."""

_LEAST_COLUMNS = 12
"""A grid shows pictures no narrower than that, for the words below them."""


def page(view: Images, width: int, height: int) -> int:
    """How many pictures of the grid find room."""
    _, across, down = _grid(view, width, height)
    return min(len(view.images), across * down)


def _grid(view: Images, width: int, height: int) -> tuple[tuple[int, int], int, int]:
    """Size of a picture in cells, and how many there are across and down."""
    tall, broad = view.images.shape[1:3]
    columns = min(max(broad, _LEAST_COLUMNS), width)
    while True:
        rows = min(-(-tall * columns // (2 * broad)), max(1, height - 2))
        below = len(_caption(view, 0, columns)) if len(view.images) else 1
        across, down = max(1, (width + 1) // (columns + 1)), max(1, (height - 1) // (rows + below))
        if across * down >= _ENOUGH or columns <= _LEAST_COLUMNS:
            return (rows, columns), across, down
        columns -= 1


def images(view: Images, width: int, height: int, look: Look) -> list[Row]:
    """A grid of pictures, mistakes first, each with what it is taken for."""
    (tall, broad), across, down = _grid(view, width, height)
    told = f"{view.wrong:,} wrong; they come first" if view.wrong else "all right"
    rows: list[Row] = [((told, look.ink("dim")),)]
    for line in range(down):
        chosen = range(line * across, min(len(view.images), (line + 1) * across))
        if chosen:
            pictures = [picture(view.images[index], tall, broad, look) for index in chosen]
            rows += _beside(pictures)
            rows += _captions(view, chosen, broad, look)
    return rows


def _captions(view: Images, chosen: Sequence[int], width: int, look: Look) -> list[Row]:
    """The words below a line of pictures; wrong answers stand out."""
    told = [_caption(view, index, width) for index in chosen]
    inks = [look.ink("dim") if view.labels[k] == view.predicted[k] else look.ink("below", bold=True) for k in chosen]
    return [
        joined([(fit(clean(words[line]), width) + " ", ink) for words, ink in zip(told, inks, strict=True)])
        for line in range(len(told[0]))
    ]


def _caption(view: Images, index: int, width: int) -> tuple[str, ...]:
    """What a picture is taken for and, where that is wrong, what it is: in one line where all classes' names allow."""
    said, true = view.predicted[index], view.labels[index]
    longest = max(len(name) for name in (*view.labels, *view.predicted))
    if 2 * longest + 5 <= width:
        return (said if said == true else f"{said} not {true}",)
    return said, "" if said == true else f"not {true}"


def masks(view: Masks, width: int, height: int, look: Look) -> list[Row]:
    """The picture, its true and its predicted mask, and where they differ; the overlap of each class below."""
    shown = np.where(view.predicted > 0, view.predicted, view.true)
    wrong = np.where(view.true == view.predicted, 0, shown)
    tiles: list[tuple[str, NDArray[Any]]] = [
        ("picture", view.image),
        ("true", view.true),
        ("predicted", view.predicted),
        ("wrong", wrong),
    ]
    legend = [_named_class(view, index, look) for index in range(len(view.labels))]
    mean = float(np.nanmean(view.overlaps))
    told: list[Run] = [("overlap (IoU) ", look.ink("dim")), (f"{mean:.2f}  ", look.ink("strong"))]
    below = _wrapped([told, *legend], width)
    return [*_tiled(tiles, width, height - len(below), look, len(view.labels)), *below]


def _named_class(view: Masks, index: int, look: Look) -> list[Run]:
    value = view.overlaps[index]
    share = "–" if np.isnan(value) else f"{value:.2f}"
    sign = look.pick("■", str(index % 10)) if index else look.pick("□", ".")
    ink = look.of_class(index - 1) if index else look.ink("dim")
    return [(f"{sign} {clean(view.labels[index], 12)} ", ink), (f"{share}  ", look.ink("dim"))]


def _wrapped(parts: Sequence[list[Run]], width: int) -> list[Row]:
    """Parts in as many rows as they need."""
    rows: list[list[Run]] = [[]]
    for part in parts:
        if rows[-1] and row_width(tuple(rows[-1])) + row_width(tuple(part)) > width:
            rows.append([])
        rows[-1] += part
    return [joined(row) for row in rows]


def pair(view: Pair, width: int, height: int, look: Look) -> list[Row]:
    """The picture that goes in, the one that comes out, and how far they differ."""
    error = np.abs(view.given - view.wanted)
    far = error if error.ndim == 2 else error.mean(axis=2)
    tiles = [("wanted", view.wanted), ("given back", view.given), ("difference", far)]
    told = (("mean difference ", look.ink("dim")), (f"{float(far.mean()):.4f}", look.ink("strong")))
    return [*_tiled(tiles, width, height - 1, look), told]


def _tiled(
    tiles: Sequence[tuple[str, NDArray[Any]]], width: int, height: int, look: Look, classes: int = 0
) -> list[Row]:
    """Tiles with titles, as large as the room allows; whole numbers are masks of `classes`."""
    tall, broad = tiles[0][1].shape[:2]
    across = max(range(1, len(tiles) + 1), key=lambda n: _scale(n, len(tiles), tall, broad, width, height))
    scale = _scale(across, len(tiles), tall, broad, width, height)
    scale = float(int(scale)) if scale > 1 else scale
    columns, cells = max(1, int(broad * scale)), max(1, int(tall * scale) // 2)
    rows: list[Row] = []
    for start in range(0, len(tiles), across):
        part = tiles[start : start + across]
        rows.append(joined([(fit(title, columns) + " ", look.ink("dim")) for title, _ in part]))
        rows += _beside([_tile(values, cells, columns, look, classes) for _, values in part])
    return rows


def _scale(across: int, count: int, tall: int, broad: int, width: int, height: int) -> float:
    down = -(-count // across)
    columns, rows = (width - across + 1) // across, height // down - 1
    return max(0.0, min(columns / broad, 2 * rows / tall))


def _tile(values: NDArray[Any], rows: int, columns: int, look: Look, classes: int) -> list[Row]:
    if not np.issubdtype(values.dtype, np.integer):
        return picture(values, rows, columns, look)
    levels = resized(values, 2 * rows, columns).astype(np.int64)
    if not look.blocks:
        return [
            joined([("." if level == 0 else str(level % 10), look.of_class(max(0, int(level) - 1))) for level in row])
            for row in levels[::2].tolist()
        ]
    named = look.palette.classes
    colours = [look.palette.raised, *(named[index % len(named)] for index in range(classes - 1))]
    return half_blocks(levels, colours, look)


def _beside(pictures: Sequence[list[Row]]) -> list[Row]:
    rows = max((len(each) for each in pictures), default=0)
    return [
        joined([run for each in pictures for run in (*(each[y] if y < len(each) else ()), (" ", PLAIN))])
        for y in range(rows)
    ]


def picture(image: Floats, rows: int, columns: int, look: Look) -> list[Row]:
    """One picture (h, w) or (h, w, 3) in cells, from its darkest to its brightest value."""
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    if image.ndim == 3 and look.blocks:
        parts = [quantised(_sized(image[:, :, k], 2 * rows, columns), low, high, _STEPS) for k in range(3)]
        return half_blocks((parts[0] * _STEPS + parts[1]) * _STEPS + parts[2], _cube(), look)
    grey = image.mean(axis=2) if image.ndim == 3 else image
    levels = quantised(_sized(grey, 2 * rows, columns), low, high, _GREYS)
    if look.blocks:
        return half_blocks(levels, _greys(look.palette.raised, look.palette.text), look)
    means = (levels[0::2] + levels[1::2]) / (2 * _GREYS - 2)
    return [(("".join(_SHADES[min(9, int(share * 10))] for share in row), look.ink("text")),) for row in means.tolist()]


def _sized(values: Floats, rows: int, columns: int) -> Floats:
    """At another size: enlarged by repeating pixels, made smaller by their means, so that no thin stroke is lost."""
    tall, broad = values.shape
    if rows > tall or columns > broad:
        return resized(values, rows, columns)
    y, x = np.arange(rows) * tall // rows, np.arange(columns) * broad // columns
    sums = np.add.reduceat(np.add.reduceat(values, y, axis=0), x, axis=1)
    return np.asarray(sums / np.outer(np.diff(y, append=tall), np.diff(x, append=broad)))


@functools.cache
def _greys(dark: str, bright: str) -> tuple[str, ...]:
    return tuple(blend(dark, bright, level / (_GREYS - 1)) for level in range(_GREYS))


@functools.cache
def _cube() -> tuple[str, ...]:
    """The colours of a picture with red, green and blue: six steps of each."""
    steps = [round(255 * step / (_STEPS - 1)) for step in range(_STEPS)]
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red in steps for green in steps for blue in steps)
