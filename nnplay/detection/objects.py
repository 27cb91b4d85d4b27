"""Objects in pictures as arrays: the true ones as targets of a fixed size, and those that a network found.

A target is (boxes, 5): for each object its class + 1, then left, top, right and bottom in shares of the sides of the
picture; rows of zeros are padding. With masks, (boxes + size, size): rows of boxes, their five numbers first, and
below them a map of the square picture in which every pixel has the number of its box, from 1, or 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
#: Numbers of a box: class + 1, left, top, right, bottom.
NUMBERS: Final = 5


@dataclass(frozen=True, slots=True)
class Found:
    """What a network found in pictures, the highest scores first.

    Attributes:
        classes: (N, D), from 0; -1 behind the last one.
        scores: (N, D), from 0 to 1.
        boxes: (N, D, 4) in shares of the picture's sides.
        masks: (N, D, M, M): for each part of the box how likely it belongs to the object; None without masks.
    """

    classes: NDArray[np.int64]
    scores: NDArray[np.float64]
    boxes: NDArray[np.float64]
    masks: NDArray[np.float64] | None = None

    def count(self, row: int) -> int:
        """How many objects were found in a picture."""
        return int((self.classes[row] >= 0).sum())


def box_count(shape: tuple[int, ...]) -> int:
    """How many boxes a target of this shape (rows, columns) has room for."""
    return shape[0] if shape[1] == NUMBERS else shape[0] - shape[1]


def split_target(target: Array) -> tuple[Array, Array | None]:
    """Boxes (…, boxes, 5) and maps (…, height, width) of targets; None where there are no masks."""
    count = box_count(target.shape[-2:])
    return target[..., :count, :NUMBERS], target[..., count:, :] if target.shape[-1] != NUMBERS else None


def object_labels(targets: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Classes (K,), from 0, of all objects of targets (N, …), and the rows (K,) that they are in."""
    labels = split_target(targets)[0][..., 0].astype(np.int64)
    rows, places = np.nonzero(labels > 0)
    return labels[rows, places] - 1, rows


def join_target(boxes: Array, maps: Array | None) -> NDArray[np.float32]:
    """The target of boxes (N, boxes, 5) and maps (N, size, size)."""
    if maps is None:
        return np.ascontiguousarray(boxes, np.float32)
    rows, count = boxes.shape[:2]
    target = np.zeros((rows, count + maps.shape[1], maps.shape[2]), np.float32)
    target[:, :count, :NUMBERS] = boxes
    target[:, count:] = maps
    return target


def true_masks(target: Array) -> NDArray[np.bool_]:
    """Masks (objects, height, width) of the objects of one target that has a map."""
    boxes, numbers = split_target(target)
    if numbers is None:
        raise ValueError("this target has no masks")
    there = np.flatnonzero(boxes[:, 0] > 0)
    return np.asarray(numbers[None] == (there + 1)[:, None, None])


def collect(found: list[tuple[Array, Array, Array, Array | None]]) -> Found:
    """Classes, scores, boxes and masks of each picture as arrays of one length."""
    longest = max((len(classes) for classes, *_ in found), default=0)
    classes = np.full((len(found), longest), -1, np.int64)
    scores, boxes = np.zeros((len(found), longest)), np.zeros((len(found), longest, 4))
    sides = next((masks.shape[1:] for *_, masks in found if masks is not None), None)
    masks = None if sides is None else np.zeros((len(found), longest, *sides))
    for row, (own, score, box, mask) in enumerate(found):
        classes[row, : len(own)], scores[row, : len(own)], boxes[row, : len(own)] = own, score, box
        if masks is not None and mask is not None:
            masks[row, : len(own)] = mask
    return Found(classes, scores, boxes, masks)


def paste_masks(masks: Array, boxes: Array, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Masks (D, M, M) of boxes (D, 4) as pixels (D, height, width): those that are likely by one half at least.

    Each pixel's middle takes the blend of the four parts of the mask around it, as in torchvision.
    """
    height, width = size
    found = np.zeros((len(masks), height, width), np.bool_)
    for number, (mask, box) in enumerate(zip(masks, boxes, strict=True)):
        down = _places(box[1], box[3], height, mask.shape[0])
        across = _places(box[0], box[2], width, mask.shape[1])
        found[number] = down @ mask @ across.T >= 0.5
    return found


def _places(low: float, high: float, pixels: int, parts: int) -> Array:
    """What each pixel takes of each part of a mask along one side, (pixels, parts); nothing outside the box."""
    middles = (np.arange(pixels) + 0.5) / pixels
    place = (middles - low) / max(high - low, 1e-9) * parts - 0.5
    shares = np.maximum(0.0, 1.0 - np.abs(np.clip(place, 0, parts - 1)[:, None] - np.arange(parts)))
    return shares * ((middles >= low) & (middles <= high))[:, None]
