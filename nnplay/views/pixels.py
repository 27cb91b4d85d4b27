"""Pictures in and out: masks over a picture, and the picture that an autoencoder gives back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.records.operation import Shape
from nnplay.training.metrics import confusion_matrix
from nnplay.training.trainer import Trainer
from nnplay.views.answers import Masks, Pair
from nnplay.views.rows import answered, decided, part_of

Array = NDArray[Any]
Floats = NDArray[np.float32]
_SMALLEST_FLAT = 64


def image_shape(trainer: Trainer) -> tuple[int, int, int]:
    """Height, width and channels of the inputs as a picture; zeros where they are none.

    Many inputs without names of their own, whose number is a square, are a picture that was written as a row.
    """
    shape = trainer.split.feature_shape
    if len(shape) == 3 and shape[2] in (1, 3):
        return shape[0], shape[1], shape[2]
    return _flat_image(shape, trainer.split.train.feature_names)


def _flat_image(shape: Shape, names: tuple[str, ...]) -> tuple[int, int, int]:
    side = math.isqrt(shape[0]) if len(shape) == 1 else 0
    if side * side != shape[0] or shape[0] < _SMALLEST_FLAT or (names and names[:2] != ("x1", "x2")):
        return 0, 0, 0
    return side, side, 1


def gives_pictures(trainer: Trainer) -> bool:
    """Whether the target is a picture of the same size as the input."""
    height, width, channels = image_shape(trainer)
    return bool(height) and trainer.split.train.y.shape[1] == height * width * channels


def as_image(row: Array, shape: tuple[int, int, int]) -> Floats:
    """One row of inputs as (h, w), or (h, w, 3)."""
    image = np.asarray(row, np.float32).reshape(shape)
    return image[:, :, 0] if shape[2] == 1 else image


def masks(trainer: Trainer, row: int) -> Masks:
    """One picture with its true and its predicted mask."""
    part = part_of(trainer)
    true = np.asarray(part.y[row], np.int64)
    predicted = decided(trainer, trainer.answers(part.x[row : row + 1]))[0]
    shape = image_shape(trainer)
    image = as_image(part.x[row], shape) if shape[0] else np.asarray(part.x[row], np.float32).mean(axis=-1)
    return Masks(image, true, predicted, trainer.split.class_names, _overlaps(true, predicted, trainer.split.outputs))


def _overlaps(true: Array, predicted: Array, classes: int) -> tuple[float, ...]:
    """Intersection over union for each class (Jaccard, 1901); NaN for one that is nowhere."""
    matrix = confusion_matrix(true, predicted, classes)
    hits = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - hits
    return tuple(float(hit / all_) if all_ else float("nan") for hit, all_ in zip(hits, union, strict=True))


def worst_mask(trainer: Trainer) -> int:
    """The row whose classes overlap least with what is predicted, on average."""
    _, y, answers = answered(trainer)
    predicted = decided(trainer, answers)
    means = [np.nanmean(_overlaps(y[row], predicted[row], trainer.split.outputs)) for row in range(len(y))]
    return int(np.argmin(means))


def pair(trainer: Trainer, row: int) -> Pair:
    """The picture that is wanted, and the one that the network gives."""
    part, shape = part_of(trainer), image_shape(trainer)
    back = trainer.split.scaler.inverse_target
    answer = trainer.answers(part.x[row : row + 1]).reshape(1, -1)
    return Pair(as_image(back(part.y[row : row + 1])[0], shape), as_image(back(answer)[0], shape))


def worst_pair(trainer: Trainer) -> int:
    """The row whose picture is missed by most, in the mean of squares."""
    _, y, answers = answered(trainer)
    return int((((answers.reshape(y.shape) - y) ** 2).mean(axis=1)).argmax())
