"""Masks: one picture whose every pixel has a class, the true one and the predicted one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.training.scores.metrics import confusion_matrix
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes, image_shape
from nnplay.views.images import as_image
from nnplay.views.rows import decide_classes, predict_rows, shown_part
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Masks(Output):
    """One picture whose every pixel has a class.

    Attributes:
        image: (h, w) or (h, w, 3).
        true, predicted: class indices (h, w).
        labels: names of the classes.
        overlaps: intersection over union for each class; NaN for one that is neither there nor predicted.
    """

    image: NDArray[np.float32]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    labels: tuple[str, ...]
    overlaps: tuple[float, ...]


def suits(trainer: Trainer) -> bool:
    """A class for each pixel."""
    return has_classes(trainer) and trainer.split.train.y.ndim == 3


def make_masks(trainer: Trainer, asked: Asked) -> Masks:
    """One picture with its true and its predicted mask."""
    row = asked.item
    part = shown_part(trainer)
    true = np.asarray(part.y[row], np.int64)
    predicted = decide_classes(trainer, trainer.answers(part.x[row : row + 1]))[0]
    shape = image_shape(trainer)
    image = as_image(part.x[row], shape) if shape[0] else np.asarray(part.x[row], np.float32).mean(axis=-1)
    overlaps = _measure_overlaps(true, predicted, trainer.split.outputs)
    return Masks(image, true, predicted, trainer.split.class_names, overlaps)


def _measure_overlaps(true: Array, predicted: Array, classes: int) -> tuple[float, ...]:
    """Intersection over union for each class (Jaccard, 1901); NaN for one that is nowhere."""
    matrix = confusion_matrix(true, predicted, classes)
    hits = np.diag(matrix)
    unions = matrix.sum(axis=0) + matrix.sum(axis=1) - hits
    return tuple(float(hit / union) if union else float("nan") for hit, union in zip(hits, unions, strict=True))


def find_worst(trainer: Trainer) -> int:
    """The row whose classes overlap least with what is predicted, on average."""
    _, y, answers = predict_rows(trainer)
    predicted = decide_classes(trainer, answers)
    means = [np.nanmean(_measure_overlaps(y[row], predicted[row], trainer.split.outputs)) for row in range(len(y))]
    return int(np.argmin(means))


MASKS = View(
    "masks",
    Masks,
    suits,
    make_masks,
    item="example",
    find_worst=find_worst,
    about="An image, its true classes pixel by pixel, and the predicted ones.",
)
