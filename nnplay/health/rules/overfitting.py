"""Overfitting: since some epoch the validation loss rises while the training loss still falls."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.health.evidence import Evidence
from nnplay.health.losses import WINDOW
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import figure

#: Epochs that are averaged, epochs that must have passed since the best, the rise (as a factor, and in mean jumps
#: from one epoch to the next), and the fall of the training loss.
_SMOOTH: Final = 5
_PASSED: Final = 5
_RISE: Final = 1.1
_JUMPS: Final = 3.0
_FALL: Final = 0.95
#: Below this share of its first value a validation loss that rises does no harm.
_LEARNED: Final = 0.05


def examine(evidence: Evidence) -> Sign | None:
    """The smoothed validation loss now against its best, and the training loss over the same time."""
    held, train = evidence.validation_loss, evidence.train_loss
    if len(held) < 2 * _SMOOTH + _PASSED or len(train) < 2 * _SMOOTH + _PASSED:
        return None
    smooth = np.convolve(held.values, np.full(_SMOOTH, 1 / _SMOOTH), "valid")
    at = find_turn(smooth)
    best, now, middle = float(smooth[at]), float(smooth[-1]), at + _SMOOTH // 2
    if len(smooth) - 1 - at < _PASSED or now < _RISE * best or now < _LEARNED * held.values[0]:
        return None
    if now - best < _JUMPS * float(np.abs(np.diff(held.tail(WINDOW).values)).mean()):
        return None
    then = int(np.searchsorted(train.steps, held.steps[middle]))
    before = float(train.values[max(0, then - 2) : then + 3].mean())
    if float(train.values[-_SMOOTH:].mean()) > _FALL * before:
        return None
    epoch = evidence.epoch_at(int(held.steps[middle]))
    if evidence.weights_of < evidence.step:
        kept = evidence.epoch_at(evidence.weights_of)
        return Sign(
            "hint", f"overfitting since epoch {epoch:,}; the weights are those of epoch {kept:,}, which was the best"
        )
    return Sign(
        "warning",
        f"overfitting since epoch {epoch:,}: the validation loss rose from {figure(best)} to {figure(now)} while the "
        "training loss fell; use L2, more data, or stop earlier",
    )


def find_turn(smooth: NDArray[np.float64]) -> int:
    """Where the smoothed validation loss (n,) turned upwards.

    That is the lowest place before it first rose by `_RISE`. It stays there, so that the finding keeps its date, until
    the loss falls clearly below it: a new low by a hair, hundreds of epochs later, is the same overfitting.
    """
    at = 0
    risen = False
    for place, value in enumerate(smooth.tolist()):
        best = float(smooth[at])
        if value < (best / _RISE if risen else best):
            at, risen = place, False
        elif place - at >= _PASSED and value >= _RISE * best:
            risen = True
    return at


OVERFITTING = HealthRule("overfitting", "Overfitting", examine, "pane-training", "3", trend=True)
