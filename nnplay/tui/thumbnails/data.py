"""A data set in one small picture: its points, its first examples, a wave, or its symbols."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.catalogue import load_dataset, named_datasets
from nnplay.data.dataset import Dataset
from nnplay.text import clean
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.blocks import half_blocks, quantise
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.outputs.pictures import draw_picture, put_beside
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import LEVELS
from nnplay.tui.widgets.cells import Row, joined

_FEW, _MANY = 16, 240
"""Examples that are made of a set: a few show what a row is, many show a cloud of points."""
_SIGNS = "o+x#*%@&"
_STRIP = 3
"""Numbers at each step of a sequence from which on it is drawn as a strip, one line for each."""


@functools.lru_cache(maxsize=64)
def _examples(name: str) -> Dataset:
    """Some rows of a data set; many only where they are points."""
    few = _made(name, _FEW)
    return few if few.x.ndim > 2 or few.x.shape[1] > 2 else _made(name, _MANY)


def _made(name: str, count: int) -> Dataset:
    samples = [field for field in named_datasets()[name].fields if field.name == "samples"]
    sizes: dict[str, Any] = {field.name: int(min(field.high, max(field.low, count))) for field in samples}
    return load_dataset(name, **sizes)


def draw_data(name: str, width: int, height: int, look: Look) -> list[Row]:
    """A data set of the catalogue in at most `width` × `height` cells.

    Raises:
        InputError: its file cannot be read.
    """
    data = _examples(name)
    if data.x.ndim == 4:
        return _draw_pictures(data.x, width, height, look)
    if data.y.ndim == 2 and data.task == "classification":
        return _draw_symbols(data, width, height, look)
    if data.x.ndim == 3:
        return _draw_sequence(data.x[0], width, height, look)
    if data.x.shape[1] == 1:
        return _draw_curve(data, width, height, look)
    return _draw_points(data, min(width, 2 * height), height, look)


def _draw_pictures(images: Floats, width: int, height: int, look: Look) -> list[Row]:
    """The first examples side by side."""
    tall, broad = images.shape[1:3]
    columns = max(1, min(width, 2 * height * broad // tall))
    across = max(1, min(len(images), (width + 1) // (columns + 1)))
    shown = [image if image.shape[2] == 3 else image[:, :, 0] for image in images[:across]]
    return put_beside([draw_picture(image, height, columns, look) for image in shown])


def _draw_symbols(data: Dataset, width: int, height: int, look: Look) -> list[Row]:
    """The first example, what is wanted of it, and further ones."""
    read = data.class_names if data.vocabulary is None else data.vocabulary.names
    lines: list[Row] = []
    for x, y in zip(data.x, data.y, strict=True):
        for label, tokens, names in (("in   ", x, read), ("out  ", y, data.class_names)):
            gap = "" if all(len(name) == 1 for name in names) else " "
            words = gap.join(clean(names[int(token)]).replace(" ", "_") for token in np.ravel(tokens))
            lines.append(joined([(label, look.ink("dim")), (words[: width - 5], look.ink("text"))]))
        lines.append(())
    return lines[:height]


def _draw_sequence(steps: Floats, width: int, height: int, look: Look) -> list[Row]:
    """One example over time: a line for each number, or a strip of them where there are many."""
    if steps.shape[1] >= _STRIP:
        return draw_picture(steps.T, min(height, steps.shape[1]), width, look)
    sketch = Sketch(width, height, (0.0, len(steps) - 1.0), (float(steps.min()), float(steps.max())), look)
    sketch.axes()
    for series in reversed(range(steps.shape[1])):
        sketch.line(range(len(steps)), steps[:, series].tolist(), look.series(series))
    return sketch.rows()


def _draw_curve(data: Dataset, width: int, height: int, look: Look) -> list[Row]:
    """One input to the right, the target upwards."""
    x, y = data.x[:, 0], np.asarray(data.y, dtype=np.float32).reshape(len(data), -1)[:, 0]
    sketch = Sketch(width, height, _limits(x), _limits(y), look)
    sketch.axes()
    sketch.dots(x, y, look.series(0))
    return sketch.rows()


def _draw_points(data: Dataset, width: int, height: int, look: Look) -> list[Row]:
    """Points of a plane, coloured by their class or by the sign and size of their target."""
    places = _plane(data.x if data.raw is None else data.raw)
    x, y = (_pixels(places[:, axis], size) for axis, size in ((0, width), (1, 2 * height)))
    y = 2 * height - 1 - y
    kinds, colours = _kinds(data, look)
    if look.blocks:
        levels = np.zeros((2 * height, width), dtype=np.int64)
        levels[y, x] = kinds + 1
        return half_blocks(levels, [look.palette.background, *colours], look)
    signs = [[(" ", look.ink("dim"))] * width for _ in range(height)]
    for column, line, kind in zip(x.tolist(), (y // 2).tolist(), kinds.tolist(), strict=True):
        shown = kind if data.task == "classification" else int(kind >= LEVELS // 2)
        signs[line][column] = _SIGNS[shown % len(_SIGNS)], look.of_class(shown)
    return [joined(row) for row in signs]


def _plane(x: Floats) -> Floats:
    """Two coordinates for each row: those that there are, or the two directions in which a table varies most."""
    if x.shape[1] == 2:
        return x
    spread = x.std(axis=0)
    scaled = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.asarray(scaled @ np.linalg.svd(scaled, full_matrices=False)[2][:2].T)


def _kinds(data: Dataset, look: Look) -> tuple[NDArray[np.int64], list[str]]:
    """The colour of each row by number, and the colours."""
    if data.task == "classification":
        named = look.palette.classes
        return np.asarray(data.y, dtype=np.int64), [named[k % len(named)] for k in range(data.outputs)]
    target: NDArray[Any] = np.asarray(data.y, dtype=np.float32)[:, 0]
    middle = target - target.mean()
    most = float(np.abs(middle).max()) or 1.0
    return quantise(middle, -most, most), list(look.scale())


def _pixels(values: Floats, size: int) -> NDArray[np.int64]:
    low, high = _limits(values)
    return np.asarray(np.clip((values - low) / (high - low) * size, 0, size - 1), dtype=np.int64)


def _limits(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 1, high + 1)
