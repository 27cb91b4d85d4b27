"""Pictures with boxes and masks over them, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.blocks import resize
from nnplay.tui.outputs.gallery import beside
from nnplay.tui.outputs.pictures import draw_picture
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import rgb
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.found_objects import Boxes

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Boxed:
    """A picture (h, w) or (h, w, 3) with boxes over it.

    Attributes:
        strong: further boxes, drawn over the others in the colour that stands out.
    """

    title: str
    image: Floats
    boxes: Boxes | None = None
    strong: Boxes | None = None


def draw_boxed(tiles: Sequence[Boxed], width: int, height: int, look: Look) -> list[Row]:
    """The pictures, as large as the room allows."""
    tall, broad = tiles[0].image.shape[:2]
    across = max(range(1, len(tiles) + 1), key=lambda count: _scale(count, len(tiles), tall, broad, width, height))
    scale = _scale(across, len(tiles), tall, broad, width, height)
    columns, rows = max(1, int(broad * scale)), max(1, int(tall * scale) // 2)
    drawn: list[Row] = []
    for start in range(0, len(tiles), across):
        line = tiles[start : start + across]
        drawn.append(beside([((fit(tile.title, columns), look.ink("dim")),) for tile in line]))
        painted = [_draw(tile, rows, columns, look) for tile in line]
        drawn += [beside([each[y] for each in painted]) for y in range(rows)]
    return drawn[:height]


def _scale(across: int, count: int, tall: int, broad: int, width: int, height: int) -> float:
    down = -(-count // across)
    columns, rows = (width - across + 1) // across, height // down - 1
    return max(0.0, min(columns / broad, 2 * rows / tall))


def _draw(tile: Boxed, rows: int, columns: int, look: Look) -> list[Row]:
    if not look.blocks:
        return _draw_letters(tile, rows, columns, look)
    pixels = _enlarge(tile.image, look.down * rows, look.across * columns)
    for boxes, strong in ((tile.boxes, False), (tile.strong, True)):
        if boxes is not None:
            pixels = _over(pixels, boxes, look, strong)
    return draw_picture(pixels, rows, columns, look)


def _enlarge(image: Floats, rows: int, columns: int) -> Array:
    """The picture as (rows, columns, 3), from 0 to 1."""
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    planes = [image] * 3 if image.ndim == 2 else [image[:, :, k] for k in range(3)]
    made = np.stack([resize(plane, rows, columns) for plane in planes], axis=-1)
    return np.asarray((np.nan_to_num(made) - low) / max(high - low, 1e-9))


def _over(pixels: Array, boxes: Boxes, look: Look, strong: bool) -> Array:
    rows, columns = pixels.shape[:2]
    made = pixels.copy()
    for number, (place, label) in enumerate(zip(boxes.places, boxes.classes, strict=True)):
        colour = _colour(int(label), look, strong)
        if boxes.masks is not None:
            inside = resize(boxes.masks[number].astype(np.float64), rows, columns) > 0.5
            made[inside] = 0.5 * made[inside] + 0.5 * colour
        made[_border(place, rows, columns)] = colour
    return made


def _border(place: Array, rows: int, columns: int) -> NDArray[np.bool_]:
    """The pixels (rows, columns) on the border of a box; none of pixels that are in no box."""
    if not np.isfinite(place).all():
        return np.zeros((rows, columns), np.bool_)
    left, right = (_pixel(side, columns) for side in (place[0], place[2] - 1e-9))
    top, bottom = (_pixel(side, rows) for side in (place[1], place[3] - 1e-9))
    border = np.zeros((rows, columns), np.bool_)
    border[[top, bottom], left : right + 1] = True
    border[top : bottom + 1, [left, right]] = True
    return border


def _pixel(side: float, count: int) -> int:
    return int(min(max(side, 0.0) * count, count - 1))


def _colour(label: int, look: Look, strong: bool) -> Array:
    palette = look.palette
    named = palette.accent if strong else palette.text if label < 0 else palette.classes[label % len(palette.classes)]
    return np.array(rgb(named), np.float64) / 255


def _draw_letters(tile: Boxed, rows: int, columns: int, look: Look) -> list[Row]:
    """Without colours: borders are the number of the class, or an o, and an x for what stands out.

    Pixels that are in no box are filled with the number of their class.
    """
    lines = [
        list("".join(text for text, _ in row).ljust(columns)) for row in draw_picture(tile.image, rows, columns, look)
    ]
    for boxes, strong in ((tile.boxes, False), (tile.strong, True)):
        if boxes is None:
            continue
        for number, label in enumerate(boxes.classes):
            sign = "x" if strong else "o" if label < 0 else str(int(label) % 10)
            for y, x in np.argwhere(_marked(boxes, number, rows, columns)).tolist():
                lines[y][x] = sign
    return [(("".join(line[:columns]), look.ink("text")),) for line in lines]


def _marked(boxes: Boxes, number: int, rows: int, columns: int) -> NDArray[np.bool_]:
    """What letters stand on: the border of a box, or the pixels that are in none."""
    if boxes.masks is None or np.isfinite(boxes.places[number]).all():
        return _border(boxes.places[number], rows, columns)
    return np.asarray(resize(boxes.masks[number].astype(np.float64), rows, columns) > 0.5)
