"""Which examples are missed most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.average_precision import count_mistakes
from nnplay.training.trainer import Trainer
from nnplay.views.rows import decide_classes, predict_rows

Array = NDArray[Any]


def find_worst_example(trainer: Trainer) -> int:
    """The row that is missed most."""
    _, y, answers = predict_rows(trainer)
    return int(measure_misses(trainer, y, answers).argmax())


def measure_misses(trainer: Trainer, y: Array, answers: Array) -> NDArray[np.float64]:
    """By how much each row (N,) is missed: the largest error, how unlikely the truth is, the share of wrong places, how
    many objects are missed or made up.
    """
    if trainer.form.detect is not None:
        return count_mistakes(y, trainer.form.detect(np.nan_to_num(answers)))
    if trainer.form.decide is None:
        return np.asarray(np.abs(trainer.form.estimate(answers).reshape(y.shape) - y).max(axis=1), np.float64)
    if y.ndim == 1 and trainer.form.probabilities is not None:
        chances = trainer.form.probabilities(answers)
        missed = 1.0 - chances[np.arange(len(y)), y.astype(np.int64)]
        return np.asarray(np.where(y == trainer.form.ignored, 0.0, missed), np.float64)
    wrong = decide_classes(trainer, answers) != y
    if trainer.form.ignored is not None:
        wrong &= y != trainer.form.ignored
    return np.asarray(wrong.reshape(len(y), -1).mean(axis=1), np.float64)
