"""Cyclic: the learning rate swings between two bounds in straight lines (Smith, 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.fields import choice, integer, number
from nnplay.records.layer import Refused
from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


CYCLIC = ScheduleRecord(
    name="cyclic",
    title="Cyclic",
    about="Swings between a low and the full learning rate in straight lines, again and again.",
    when="When you do not know the right learning rate: a cycle passes through all of a range.",
    formula="base + (1 − base)·scale·(1 − |distance from the cycle's peak|)",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer("step_size_up", 250, "steps from the low learning rate up to the high one"),
        integer("step_size_down", 0, "steps back down; 0: as many as up", low=0),
        number("base_factor", 0.1, "low learning rate, as a fraction of the full one", low=0.0, high=1.0),
        choice(
            "mode",
            "triangular",
            "triangular: all cycles are equal; triangular2: each is half as high as the last; exp_range: their height "
            "is gamma^t",
            ("triangular", "triangular2", "exp_range"),
        ),
        number("gamma", 1.0, "factor of the height per step, in exp_range", low=0.0, high=1.0, above=True),
    ),
    torch="torch.optim.lr_scheduler.CyclicLR",
    cases=(
        ({"step_size_up": 4, "base_factor": 0.2}, {0: 0.2, 2: 0.6, 4: 1.0, 6: 0.6, 8: 0.2, 12: 1.0}),
        ({"step_size_up": 2, "step_size_down": 3, "base_factor": 0.1, "mode": "triangular2"},
         {0: 0.1, 2: 1.0, 5: 0.1, 7: 0.55, 12: 0.325}),
        ({"step_size_up": 2, "base_factor": 0, "mode": "exp_range", "gamma": 0.5}, {1: 0.25, 2: 0.25, 6: 2**-6}),
    ),
    refused=(Refused({"step_size_up": 0}, (), "≥ 1"), Refused({"mode": "square"}, (), "one of triangular")),
)  # fmt: skip


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """From base_factor up to 1 and back in each cycle; higher cycles in the modes that shrink them."""
    up, base = values["step_size_up"], float(values["base_factor"])
    total = up + (values["step_size_down"] or up)
    cycle = np.floor(steps / total)
    at = (steps - cycle * total) / total
    ratio = up / total
    height = np.where(at <= ratio, at / ratio, (at - 1.0) / (ratio - 1.0))
    scales = {"triangular": 1.0, "triangular2": exact.power(0.5, cycle), "exp_range": _decay(values["gamma"], steps)}
    return np.asarray(base + (1.0 - base) * height * scales[values["mode"]])


def _decay(gamma: float, steps: Array) -> Array:
    return exact.power(float(gamma), steps)
