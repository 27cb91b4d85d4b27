"""Boxes (…, 4) as left, top, right, bottom: areas, overlaps, and the four numbers that turn one box into another."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
#: The largest change of size that a box can be given: 1000 pixels from 16, as in torchvision.
MOST_GROWTH: Final = math.log(1000.0 / 16.0)


def area(boxes: Array) -> Array:
    """Areas (…) of boxes (…, 4); 0 where a box is inside out."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def overlap(one: Array, other: Array) -> Array:
    """Shared areas (N, M) of boxes (N, 4) and (M, 4)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    sides = np.maximum(high - low, 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def iou(one: Array, other: Array) -> Array:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4); 0 for two boxes without an area (Jaccard, 1901)."""
    shared = overlap(one, other)
    union = area(one)[:, None] + area(other)[None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(union), where=union > 0))


def giou(one: Array, other: Array) -> Array:
    """Generalized IoU (N,) of pairs of boxes (N, 4): IoU less the empty share of the box around both.

    Source: Rezatofighi et al., Generalized intersection over union, 2019.
    """
    low, high = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[:, 0] * sides[:, 1]
    union = area(one) + area(other) - shared
    hull = area(np.concatenate([np.minimum(one[:, :2], other[:, :2]), np.maximum(one[:, 2:], other[:, 2:])], axis=1))
    return np.asarray(shared / union - (hull - union) / hull)


def encode(boxes: Array, bases: Array, weights: tuple[float, float, float, float] = (1, 1, 1, 1)) -> Array:
    """The numbers (…, 4) that turn each base into its box: shifts of the centre in sides, logarithms of growth.

    Args:
        boxes, bases: (…, 4), all with an area.
        weights: what the four numbers are multiplied by.
    """
    centre, size = _centres(boxes)
    from_centre, from_size = _centres(bases)
    return np.concatenate([(centre - from_centre) / from_size, np.log(size / from_size)], axis=-1) * weights


def decode(deltas: Array, bases: Array, weights: tuple[float, float, float, float] = (1, 1, 1, 1)) -> Array:
    """The boxes (…, 4) that `deltas` make of their bases; the inverse of `encode`, with growth limited."""
    moved = deltas / np.asarray(weights, np.float64)
    from_centre, from_size = _centres(bases)
    centre = from_centre + moved[..., :2] * from_size
    size = from_size * np.exp(np.minimum(moved[..., 2:], MOST_GROWTH))
    return np.concatenate([centre - size / 2, centre + size / 2], axis=-1)


def clip(boxes: Array) -> Array:
    """Boxes (…, 4) cut off at the borders of the picture, whose sides are 1."""
    return np.clip(boxes, 0.0, 1.0)


def _centres(boxes: Array) -> tuple[Array, Array]:
    return (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
