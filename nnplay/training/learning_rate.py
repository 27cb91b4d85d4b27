"""The learning rate of each step: the optimizer's, times what the schedule makes of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnplay.records.schedule import Schedule

_FAR: Final = 10.0
"""Beyond this many times the usual rate a tenth of it is still much too high."""


def lower_rate(rate: float, usual: float) -> float:
    """The rate to try after one that was too high: a tenth of it, or the optimizer's usual one if that is far below."""
    return rate / 10 if rate / 10 <= _FAR * usual else usual


class Plateau(NamedTuple):
    """What a schedule that watches the losses of epochs remembers.

    Attributes:
        best: the smallest loss so far.
        waited: epochs since then; below 0 as long as epochs after a drop are let pass.
        factor: what the learning rate is multiplied with now.
    """

    best: float = math.inf
    waited: int = 0
    factor: float = 1.0

    def after(self, schedule: Schedule, losses: Iterable[float]) -> Plateau:
        """What it remembers after more epochs; an epoch whose loss was not measured (NaN) does not count."""
        (best, waited, factor), values = self, schedule.values
        for loss in losses:
            if math.isnan(loss):
                continue
            better = _is_better(loss, best, values["threshold"], values["threshold_mode"])
            best, waited = loss if better else best, 0 if better and waited >= 0 else waited + 1
            if waited > values[schedule.record.patience]:
                factor, waited = max(factor * values["factor"], values["min_factor"]), -values["cooldown"]
        return Plateau(best, waited, factor)


def _is_better(loss: float, best: float, threshold: float, mode: str) -> bool:
    """Whether a loss lies below the best one by more than the threshold."""
    if math.isinf(best):
        return loss < best
    return loss < best - (threshold if mode == "abs" else threshold * abs(best))


def watches(schedule: Schedule | None) -> bool:
    """Whether the schedule looks at the loss after each epoch."""
    return schedule is not None and bool(schedule.record.patience)


def rates(lr: ArrayLike, schedule: Schedule | None, plateau: Plateau, first: int, count: int) -> NDArray[Any]:
    """The learning rates (count, …) of the steps from `first` on, for optimizers' rates `lr`: one, or an array (…)."""
    lr = np.asarray(lr) * plateau.factor
    if schedule is None or watches(schedule):
        return np.full((count, *lr.shape), lr)
    factors = schedule.record.factor(schedule.values, np.arange(first, first + count, dtype=np.float64))
    return np.asarray(np.multiply.outer(factors, lr))
