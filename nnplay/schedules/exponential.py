"""Exponential: the learning rate shrinks by the same factor at every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.fields import number
from nnplay.records.layer import Refused
from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


EXPONENTIAL = ScheduleRecord(
    name="exponential",
    title="Exponential",
    about="Shrinks the learning rate by the same factor at every step.",
    when="When you do not know how long the run will be.",
    formula="gamma^t",
    factor=lambda values, steps: factor(values, steps),
    fields=(number("gamma", 0.999, "factor per step", low=0.0, high=1.0, above=True),),
    torch="torch.optim.lr_scheduler.ExponentialLR",
    cases=(({"gamma": 0.5}, {0: 1.0, 1: 0.5, 3: 0.125}),),
    refused=(Refused({"gamma": 1.1}, (), "≤ 1"),),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """gamma^t."""
    return exact.power(float(values["gamma"]), steps)
