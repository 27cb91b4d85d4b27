"""What the rows of a run look like: points on a plane, pictures, numbers over time, or symbols."""

from __future__ import annotations

import math

import numpy as np

from nnplay.records.operation import Shape
from nnplay.training.trainer import Trainer

_SMALLEST_FLAT = 64
_SEEN_ROWS = 16


def has_classes(trainer: Trainer) -> bool:
    """Whether the network decides for classes, rather than giving quantities."""
    return trainer.form.decide is not None


def has_numbers(trainer: Trainer) -> bool:
    """Whether quantities are learned; labels that only say which rows belong together are neither."""
    return trainer.split.task == "regression"


def one_class_per_row(trainer: Trainer) -> bool:
    """Whether each row has one class, rather than one for each step, place or pixel."""
    return has_classes(trainer) and trainer.split.train.y.ndim == 1


def plane_inputs(trainer: Trainer) -> int:
    """How many raw coordinates the inputs come from: 1 or 2 where they can be drawn over, else 0."""
    places = trainer.split.train.raw
    if places is not None:
        return places.shape[1] if places.shape[1] in (1, 2) else 0
    flat = len(trainer.split.feature_shape) == 1
    return trainer.split.feature_shape[0] if flat and trainer.split.feature_shape[0] in (1, 2) else 0


def image_shape(trainer: Trainer) -> tuple[int, int, int]:
    """Height, width and channels of the inputs as a picture; zeros where they are none, or clips.

    Many inputs without names of their own, whose number is a square, are a picture that was written as a row.
    """
    shape = trainer.split.feature_shape
    if trainer.split.train.frames > 1:
        return 0, 0, 0
    if len(shape) == 3 and shape[2] in (1, 3):
        return shape[0], shape[1], shape[2]
    return _flat_image(shape, trainer.split.train.feature_names)


def _flat_image(shape: Shape, names: tuple[str, ...]) -> tuple[int, int, int]:
    side = math.isqrt(shape[0]) if len(shape) == 1 else 0
    if side * side != shape[0] or shape[0] < _SMALLEST_FLAT or (names and names[:2] != ("x1", "x2")):
        return 0, 0, 0
    return side, side, 1


def is_sequence(trainer: Trainer) -> bool:
    """Whether an example is a series of steps with some numbers each."""
    return len(trainer.split.feature_shape) == 2


def has_symbols(trainer: Trainer) -> bool:
    """Whether an example is a series of symbols: tokens, or rows of which one number is 1 and the others 0."""
    shape, train = trainer.split.feature_shape, trainer.split.train
    if train.vocabulary is not None:
        return True
    if len(shape) == 1:
        return train.y.ndim == 2 and train.task == "classification" and train.y.shape[1] == shape[0]
    if len(shape) != 2 or shape[1] < 2:
        return False
    seen = train.x[:_SEEN_ROWS]
    return bool(np.all((np.abs(seen - 1) < 0.5).sum(axis=2) == 1) and np.all(np.abs(seen.sum(axis=2) - 1) < 0.5))
