"""Warm restarts: cosine cycles, each of which starts at the full learning rate again (Loshchilov and Hutter, 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.fields import integer, number
from nnplay.records.layer import Refused
from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


WARM_RESTARTS = ScheduleRecord(
    name="warm_restarts",
    title="Warm restarts",
    about="Falls along half a cosine wave, then jumps back to the full learning rate and falls again.",
    when="When you want to be able to stop after any cycle, or to take weights from the end of each.",
    formula="min + (1 − min)·½(1 + cos(π·t_cycle / T_cycle)), where T_cycle = steps·t_mult^(number of the cycle)",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer("steps", 500, "steps of the first cycle"),
        integer("t_mult", 1, "how many times longer each cycle is than the one before it", high=100),
        number("min_factor", 0.0, "lowest learning rate, as a fraction of the full one", low=0.0, high=1.0),
    ),
    torch="torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
    cases=(
        ({"steps": 4}, {0: 1.0, 2: 0.5, 4: 1.0, 6: 0.5, 8: 1.0}),
        ({"steps": 2, "t_mult": 2, "min_factor": 0.2}, {0: 1.0, 1: 0.6, 2: 1.0, 4: 0.6, 6: 1.0, 10: 0.6, 14: 1.0}),
    ),
    refused=(Refused({"steps": 0}, (), "≥ 1"), Refused({"t_mult": 0}, (), "≥ 1")),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """From 1 at the beginning of each cycle down to min_factor at its end."""
    first, longer, low = values["steps"], values["t_mult"], float(values["min_factor"])
    begun, length = _cycle(steps, first, longer)
    return np.asarray(low + (1.0 - low) * 0.5 * (1.0 + exact.cos(np.pi * ((steps - begun) / length))))


def _cycle(steps: Array, first: int, longer: int) -> tuple[Array, Array]:
    """The step at which the cycle of each step began, and how long that cycle is."""
    if longer == 1:
        return np.floor(steps / first) * first, np.full_like(steps, first)
    begins, lengths = [0.0], [float(first)]
    while begins[-1] + lengths[-1] <= steps.max(initial=0.0):
        begins.append(begins[-1] + lengths[-1])
        lengths.append(lengths[-1] * longer)
    which = np.searchsorted(begins, steps, side="right") - 1
    return np.array(begins)[which], np.array(lengths)[which]
