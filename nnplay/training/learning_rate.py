"""The learning rate of each step: the optimizer's, times what the schedule makes of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
        waited: epochs since then.
        factor: what the learning rate is multiplied with now.
    """

    best: float = math.inf
    waited: int = 0
    factor: float = 1.0

    def after(self, schedule: Schedule, losses: Iterable[float]) -> Plateau:
        """What it remembers after more epochs; an epoch whose loss was not measured (NaN) does not count."""
        best, waited, factor = self
        for loss in losses:
            if math.isnan(loss):
                continue
            best, waited = (loss, 0) if loss < best else (best, waited + 1)
            if waited > schedule.values[schedule.record.patience]:
                factor, waited = max(factor * schedule.values["factor"], schedule.values["min_factor"]), 0
        return Plateau(best, waited, factor)


def watches(schedule: Schedule | None) -> bool:
    """Whether the schedule looks at the loss after each epoch."""
    return schedule is not None and bool(schedule.record.patience)


def rates(lr: float, schedule: Schedule | None, plateau: Plateau, first: int, count: int) -> NDArray[Any]:
    """The learning rates (count,) of the steps from `first` on, for an optimizer's rate of `lr`."""
    lr *= plateau.factor
    if schedule is None or watches(schedule):
        return np.full(count, lr)
    return lr * schedule.record.factor(schedule.values, np.arange(first, first + count, dtype=np.float64))
