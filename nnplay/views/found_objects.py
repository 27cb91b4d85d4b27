"""What a network found in pictures, beside what there is: the rows that all views of detections are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import iou
from nnplay.detection.objects import Found, paste_masks, split_target, true_masks
from nnplay.network.network import PlannedLayer
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape
from nnplay.views.images import as_image
from nnplay.views.rows import shown_part

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes over one picture, in shares of its sides.

    Attributes:
        places: (K, 4) left, top, right, bottom.
        classes: (K,) from 0; -1 where a box has none.
        words: what is said of each.
        masks: (K, h, w), or None.
    """

    places: NDArray[np.float64]
    classes: NDArray[np.int64]
    words: tuple[str, ...]
    masks: NDArray[np.bool_] | None = None


def has_objects(trainer: Trainer) -> bool:
    """Whether the network looks for objects in pictures."""
    return trainer.form.detect is not None and image_shape(trainer)[0] > 0


def layers_of(trainer: Trainer, kind: str) -> list[PlannedLayer]:
    """The layers of a kind, in order."""
    return [planned for planned in trainer.plan.layers if planned.layer.record.name == kind]


def find_objects(trainer: Trainer, outputs: Array) -> Found:
    """The objects that outputs stand for; for runs that look for some."""
    if trainer.form.detect is None:
        raise ValueError("this run looks for no objects")
    return trainer.form.detect(np.nan_to_num(outputs, posinf=0.0, neginf=0.0))


def picture_of(trainer: Trainer, row: int) -> NDArray[np.float32]:
    """One of the rows that are shown, as a picture (h, w) or (h, w, 3)."""
    return as_image(trainer.split.scaler.inverse(shown_part(trainer).x[row : row + 1])[0], image_shape(trainer))


def true_objects(trainer: Trainer, row: int) -> Boxes:
    """The objects of that picture."""
    target = shown_part(trainer).y[row]
    boxes, numbers = split_target(target)
    there = boxes[boxes[:, 0] > 0]
    labels = there[:, 0].astype(np.int64) - 1
    words = tuple(trainer.split.class_names[label] for label in labels)
    return Boxes(there[:, 1:].astype(np.float64), labels, words, None if numbers is None else true_masks(target))


def found_objects(trainer: Trainer, row: int, outputs: Array, least: float = 0.3) -> Boxes:
    """What outputs (1, …) find in that picture, with scores and the largest IoU with an object of the class."""
    found, true = find_objects(trainer, outputs), true_objects(trainer, row)
    kept = np.flatnonzero((found.classes[0] >= 0) & (found.scores[0] >= least))
    places, labels = found.boxes[0, kept], found.classes[0, kept]
    overlaps = np.where(labels[:, None] == true.classes[None], iou(places, true.places), 0.0).max(axis=1, initial=0.0)
    words = tuple(
        f"{trainer.split.class_names[label]} {score:.2f}, IoU {overlap:.2f}"
        for label, score, overlap in zip(labels, found.scores[0, kept], overlaps, strict=True)
    )
    masks = None
    if found.masks is not None:
        masks = paste_masks(found.masks[0, kept], places, image_shape(trainer)[:2])
    return Boxes(places, labels, words, masks)
