"""Pictures of several shapes with the box and the pixels of each, so placed that none hides another."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.drawing.outlines import Scene, draw_cover, draw_ground, paint
from nnplay.data.generated_cache import Arrays

Array = NDArray[Any]
#: Sizes of shapes: from the centre to the farthest point, in sides of the picture.
_REACH: Final = (0.11, 0.3)
#: Places that are tried for a shape, and how much of the smaller of two boxes may be shared.
_TRIES: Final = 8
_SHARED: Final = 0.4
#: Of a shape that is covered more than that, nothing is said: pixels that must be seen.
_LEAST_PIXELS: Final = 24


def draw(scene: Scene, rows: NDArray[np.int64], rng: np.random.Generator) -> Arrays:
    """A block of pictures with up to `scene.objects` shapes each.

    Returns:
        `pictures` (n, size, size, channels) of 0 … 255; `labels` (n, objects), class + 1 of each shape or 0; `maps`
        (n, size, size), for each pixel the number of its shape, from 1, or 0.
    """
    n = len(rows)
    pictures = draw_ground(scene, n, rng)
    maps = np.zeros((n, scene.size, scene.size), np.uint8)
    number = rng.integers(1, scene.objects + 1, n)
    drawn = rng.integers(0, len(scene.shapes), (scene.objects, n))
    drawn[0] = rows % len(scene.shapes)
    taken = np.zeros((0, n, 4))
    colours = [pictures.mean(axis=(1, 2))]
    for layer in range(scene.objects):
        centre, reach, fits = _place(scene, taken, rng, n)
        there = fits & (number > layer)
        around = np.stack([*(centre - reach), *(centre + reach)], axis=-1)
        taken = np.concatenate([taken, np.where(there[:, None], around, -1.0)[None]])
        cover = draw_cover(scene, drawn[layer], centre, reach, rng) * there[:, None, None]
        colours.append(_colour(colours, rng))
        paint(pictures, cover, colours[-1])
        np.copyto(maps, np.uint8(layer + 1), where=cover > 0.5)
        drawn[layer] = np.where(there, drawn[layer] + 1, 0)
    if scene.noise:
        pictures = pictures + np.float32(scene.noise) * rng.standard_normal(pictures.shape, dtype=np.float32)
    shades = np.rint(np.clip(pictures, 0, 1) * np.float32(255)).astype(np.uint8)
    return {"pictures": shades, "labels": np.ascontiguousarray(drawn.T.astype(np.uint8)), "maps": maps}


def take_objects(labels: NDArray[np.uint8], maps: NDArray[np.uint8]) -> tuple[Array, NDArray[np.uint8]]:
    """The boxes around the pixels of the shapes (n, objects, 5), and the maps with their numbers; gaps are closed.

    A box is class + 1, left, top, right, bottom, in shares of the sides. Shapes of which hardly a pixel is seen go.
    """
    n, objects = labels.shape
    size = maps.shape[1]
    boxes, there = np.zeros((n, objects, 5), np.float32), np.zeros((n, objects), np.bool_)
    for k in range(objects):
        own = maps == k + 1
        there[:, k] = (labels[:, k] > 0) & (own.sum(axis=(1, 2)) >= _LEAST_PIXELS)
        across, down = own.any(axis=1), own.any(axis=2)
        ends = [across.argmax(1), down.argmax(1), size - across[:, ::-1].argmax(1), size - down[:, ::-1].argmax(1)]
        box = np.stack([labels[:, k].astype(np.int64) * size, *ends], axis=1) / size
        boxes[:, k] = np.where(there[:, k, None], box, 0)
    order = np.argsort(~there, axis=1, kind="stable")
    numbers = np.concatenate([np.zeros((n, 1), np.int64), np.where(there, np.argsort(order, axis=1) + 1, 0)], axis=1)
    renumbered = np.take_along_axis(numbers, maps.reshape(n, -1).astype(np.int64), axis=1).reshape(maps.shape)
    return np.take_along_axis(boxes, order[..., None], axis=1), renumbered.astype(np.uint8)


def _place(scene: Scene, taken: Array, rng: np.random.Generator, n: int) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Centres (2, n) and reaches (n,) in pixels of the first of some places that is free enough, and whether one is."""
    reach = rng.uniform(*_REACH, (_TRIES, n)) * scene.size
    room = scene.size - 2 * reach
    centre = reach + rng.uniform(0, 1, (2, _TRIES, n)) * room - 0.5
    free = np.ones((_TRIES, n), np.bool_)
    for box in taken:
        sides = [
            np.minimum(centre[axis] + reach, box[:, axis + 2]) - np.maximum(centre[axis] - reach, box[:, axis])
            for axis in (0, 1)
        ]
        shared = np.maximum(sides[0], 0) * np.maximum(sides[1], 0)
        smaller = np.minimum(4 * reach**2, (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))
        free &= (box[:, 0] < 0) | (shared <= _SHARED * smaller)
    first, each = free.argmax(axis=0), np.arange(n)
    return centre[:, first, each], reach[first, each], np.asarray(free.any(axis=0))


def _colour(earlier: list[Array], rng: np.random.Generator) -> Array:
    """Of some colours (n, channels) drawn at random the one that stands off most from all earlier ones, row by row."""
    drawn = rng.uniform(0, 1, (_TRIES, *earlier[0].shape)).astype(np.float32)
    away = np.min([np.square(drawn - one).sum(axis=-1) for one in earlier], axis=0)
    return np.asarray(drawn[away.argmax(axis=0), np.arange(len(earlier[0]))])
