"""Which example of a sequence is missed most."""

from __future__ import annotations

import numpy as np

from nnplay.training.trainer import Trainer
from nnplay.views.rows import decide_classes, predict_rows


def find_worst_example(trainer: Trainer) -> int:
    """The row that is missed most: the largest error, the least likely truth, the most wrong places."""
    _, y, answers = predict_rows(trainer)
    if trainer.form.decide is None:
        return int(np.abs(trainer.form.estimate(answers).reshape(y.shape) - y).max(axis=1).argmax())
    if y.ndim == 1 and trainer.form.probabilities is not None:
        chances = trainer.form.probabilities(answers)
        return int(chances[np.arange(len(y)), y.astype(np.int64)].argmin())
    wrong = decide_classes(trainer, answers) != y
    return int(wrong.reshape(len(y), -1).sum(axis=1).argmax())
