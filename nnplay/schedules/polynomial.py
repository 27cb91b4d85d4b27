"""Polynomial: the learning rate falls to 0 along a power of the steps that are left."""

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


POLYNOMIAL = ScheduleRecord(
    name="polynomial",
    title="Polynomial",
    about="Lowers the learning rate to 0 along a curve: power 1 is a straight line, 2 falls fast first, 0.9 late.",
    when="For segmentation recipes (power 0.9), or when you know how long the run will be.",
    formula="(1 − min(t / steps, 1))^power",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer("steps", 1000, "steps until the learning rate is 0"),
        number("power", 1.0, "power of the curve", low=0.0, high=100.0),
    ),
    torch="torch.optim.lr_scheduler.PolynomialLR",
    cases=(
        ({"steps": 10}, {0: 1.0, 5: 0.5, 9: 0.1, 10: 0.0, 99: 0.0}),
        ({"steps": 8, "power": 2}, {0: 1.0, 4: 0.25, 8: 0.0}),
        ({"steps": 8, "power": 0.5}, {0: 1.0, 6: 0.5, 8: 0.0}),
    ),
    refused=(Refused({"steps": 0}, (), "≥ 1"), Refused({"power": -1}, (), "≥ 0")),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """From 1 at step 0 to 0 at step `steps`; it stays there."""
    left, power = 1.0 - np.minimum(steps / values["steps"], 1.0), float(values["power"])
    if power == 1.0:
        return np.asarray(left)
    return np.where(left > 0.0, exact.exp(power * exact.log(np.where(left > 0.0, left, 1.0))), float(power == 0.0))
