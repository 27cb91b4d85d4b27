"""Pictures with what is wanted of them over them: boxes and pixels of objects, or the class of every pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.profile.profile import Profile
from nnplay.detection.objects import split_target, true_masks
from nnplay.text import clean
from nnplay.tui.outputs.boxed import Boxed, draw_boxed
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.found_objects import Boxes

_MASK_AXES = 3
"""Axes of labels that each pixel of a picture has one of."""


def has_places(profile: Profile) -> bool:
    """Whether the targets are places in the pictures, which can be drawn over these."""
    data = profile.data
    per_pixel = data.task == "classification" and data.y.ndim == _MASK_AXES and data.y.shape[1:] == data.x.shape[1:3]
    return data.x.ndim == _MASK_AXES + 1 and data.frames == 1 and (data.task == "detection" or per_pixel)


def draw_wanted(
    profile: Profile,
    tiles: Sequence[tuple[str, NDArray[Any]]],
    targets: NDArray[Any],
    width: int,
    height: int,
    look: Look,
) -> Sequence[Row]:
    """Pictures with titles, each with its target over it."""
    objects = profile.data.task == "detection"
    made = [
        Boxed(title, image, objects_of(target) if objects else areas_of(target))
        for (title, image), target in zip(tiles, targets, strict=True)
    ]
    return draw_boxed(made, width, height, look)


def objects_of(target: NDArray[Any]) -> Boxes:
    """The boxes of one target, with the pixels of each where it has them."""
    boxes, numbers = split_target(target)
    there = boxes[boxes[:, 0] > 0]
    masks = None if numbers is None else true_masks(target)
    return Boxes(there[:, 1:].astype(np.float64), there[:, 0].astype(np.int64) - 1, ("",) * len(there), masks)


def areas_of(labels: NDArray[Any]) -> Boxes:
    """The pixels (h, w) of each class but the first one, which is most often the background; in no boxes."""
    classes = np.unique(labels[labels > 0]).astype(np.int64)
    nowhere = np.full((len(classes), 4), np.nan)
    return Boxes(nowhere, classes - 1, ("",) * len(classes), labels[None] == classes[:, None, None])


def areas_in(profile: Profile, row: int) -> list[str]:
    """The names of those classes of a row, the largest first."""
    counts = np.bincount(profile.data.y[row].ravel())
    order = [int(label) for label in np.argsort(-counts, kind="stable") if label and counts[label]]
    return [clean(profile.data.class_names[label]) for label in order]
