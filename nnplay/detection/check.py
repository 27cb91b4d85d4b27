"""Targets of detection checked: boxes that lie in their picture, classes that have a name, maps that fit the boxes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.objects import NUMBERS, split_target
from nnplay.errors import InputError

Array = NDArray[Any]
#: By how much a box may stick out, as shares of a side are rounded.
_ROUNDING: Final = 1e-4


def check_objects(targets: Array, class_names: tuple[str, ...], where: str) -> None:
    """Refuses targets that are none of `nnplay.detection.objects`.

    Raises:
        InputError: another shape, a class without a name, a box that has no area or lies outside its picture, a map
            with other numbers than those of the boxes, or a box without a pixel in the map.
    """
    if targets.ndim != 3 or targets.shape[2] < NUMBERS or targets.shape[1] < 1 or _has_no_room(targets.shape):
        what = f"targets of shape {targets.shape[1:]} are no boxes"
        hint = "give (boxes, 5): class + 1, left, top, right, bottom; or (boxes + size, size), with a map below them"
        raise InputError(what, where=where, hint=hint)
    if not class_names:
        raise InputError("boxes need class names", where=where, hint='give class_names=("cat", "dog")')
    boxes, maps = split_target(targets)
    _check_classes(boxes[..., 0], class_names, where)
    _check_places(boxes, where)
    if maps is not None:
        _check_maps(boxes[..., 0] > 0, maps, where)


def _has_no_room(shape: tuple[int, ...]) -> bool:
    return shape[2] != NUMBERS and shape[1] <= shape[2]


def _place(where: str, at: Array) -> str:
    return f"{where}, y row {int(at[0])}, box {int(at[1])}"


def _check_classes(labels: Array, class_names: tuple[str, ...], where: str) -> None:
    wrong = np.argwhere((labels < 0) | (labels > len(class_names)) | (labels != np.rint(labels)))
    if len(wrong):
        what = f"{labels[tuple(wrong[0])]:g} is not a class from 1 to {len(class_names)}"
        raise InputError(
            what, where=_place(where, wrong[0]), hint="number the classes from 1; 0 says that no box follows"
        )
    there = labels > 0
    late = np.argwhere(there[:, 1:] & ~there[:, :-1])
    if len(late):
        raise InputError("follows an empty row", where=_place(where, late[0] + [0, 1]), hint="put boxes first")


def _check_places(boxes: Array, where: str) -> None:
    there = boxes[..., 0] > 0
    places = boxes[..., 1:]
    empty = np.argwhere(there & (places[..., 2:] <= places[..., :2]).any(axis=-1))
    if len(empty):
        left, top, right, bottom = places[tuple(empty[0])]
        what = f"from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) has no area"
        raise InputError(what, where=_place(where, empty[0]), hint="give left < right and top < bottom")
    outside = np.argwhere(there & ((places < -_ROUNDING) | (places > 1 + _ROUNDING)).any(axis=-1))
    if len(outside):
        left, top, right, bottom = places[tuple(outside[0])]
        what = f"from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) lies outside the picture"
        hint = "boxes are shares of the picture's sides, from 0 to 1: divide columns by its width, rows by its height"
        raise InputError(what, where=_place(where, outside[0]), hint=hint)


def _check_maps(there: Array, maps: Array, where: str) -> None:
    counts = there.sum(axis=1)
    wrong = np.argwhere((maps < 0) | (maps > counts[:, None, None]) | (maps != np.rint(maps)))
    if len(wrong):
        row = int(wrong[0][0])
        what = f"a pixel belongs to box {maps[tuple(wrong[0])]:g} of {counts[row]}"
        raise InputError(what, where=f"{where}, y row {row}", hint="maps have 0, or the number of a box from 1")
    for row, numbers in enumerate(maps):
        seen = np.bincount(numbers.astype(np.int64).ravel(), minlength=counts[row] + 1)[1 : counts[row] + 1]
        if len(seen) and not seen.all():
            at = np.array([row, int(seen.argmin())])
            raise InputError("has an empty mask", where=_place(where, at), hint="leave that object out")
