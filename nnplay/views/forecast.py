"""A forecast that runs on by itself: the network is fed with its own answers, step after step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.training.trainer import Trainer

_COST = 3e7
"""Multiply-adds that one forecast may cost: some milliseconds, during which the training waits."""
_LEAST = 4
"""Fewer steps than these say nothing."""


def forecast_freely(
    trainer: Trainer, part: Dataset, row: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """The true values behind one window and those that the network gives on its own, in original units; or None.

    Only a network that answers with the very next value of a window of one number a step can be fed with its answers.
    """
    continuation = part.continuation
    if continuation is None or continuation.ahead != 1 or part.feature_shape[1:] != (1,):
        return None
    steps = min(continuation.values.shape[1], int(_COST / max(1, trainer.plan.multiply_adds)))
    if steps < _LEAST:
        return None
    scaler = trainer.split.scaler
    window: NDArray[Any] = np.array(part.x[row : row + 1])
    answers = []
    for _ in range(steps):
        value = scaler.inverse_target(trainer.form.estimate(trainer.answers(window)).reshape(1, 1))
        answers.append(float(value[0, 0]))
        seen = scaler.inverse(window)
        window = scaler.transform(np.concatenate([seen[:, 1:], value.reshape(1, 1, 1)], axis=1))
    return continuation.values[row, :steps], np.asarray(answers, dtype=np.float32)
