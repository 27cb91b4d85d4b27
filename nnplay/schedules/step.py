"""Step: the learning rate drops by a factor every so many steps."""

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


STEP = ScheduleRecord(
    name="step",
    title="Step",
    about="Multiplies the learning rate by gamma (say a tenth) every step_size steps.",
    when="To follow published recipes: a tenth of the learning rate at fixed steps.",
    formula="gamma^⌊t / step_size⌋",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer("step_size", 1000, "steps between two drops"),
        number("gamma", 0.1, "factor of each drop", low=0.0, high=1.0, above=True),
    ),
    torch="torch.optim.lr_scheduler.StepLR",
    cases=(({"step_size": 3, "gamma": 0.5}, {0: 1.0, 2: 1.0, 3: 0.5, 5: 0.5, 6: 0.25}),),
    refused=(Refused({"step_size": 0}, (), "≥ 1"), Refused({"gamma": 0}, (), "> 0")),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """gamma^⌊t / step_size⌋."""
    return exact.power(float(values["gamma"]), np.floor(steps / values["step_size"]))
