"""Multi-step: the learning rate drops by a factor at each of a list of steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.fields import integers, number
from nnplay.records.layer import Refused
from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


MULTI_STEP = ScheduleRecord(
    name="multi_step",
    title="Multi-step",
    about="Multiplies the learning rate by gamma (say a tenth) at each of the steps that you list.",
    when="To follow papers that give the steps at which the learning rate drops, as for ResNet.",
    formula="gamma^(number of milestones ≤ t)",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integers("milestones", (500, 800), "steps at which the learning rate drops", high=2**31, separator=","),
        number("gamma", 0.1, "factor of each drop", low=0.0, high=1.0, above=True),
    ),
    torch="torch.optim.lr_scheduler.MultiStepLR",
    cases=(
        ({"milestones": "3,5", "gamma": 0.5}, {0: 1.0, 2: 1.0, 3: 0.5, 4: 0.5, 5: 0.25, 99: 0.25}),
        ({"milestones": [6, 2, 6]}, {1: 1.0, 2: 0.1, 6: 0.001}),
        ({"milestones": 4}, {3: 1.0, 4: 0.1}),
    ),
    refused=(Refused({"milestones": "3,x"}, (), "like 300,800"), Refused({"gamma": 0}, (), "> 0")),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """gamma to the number of milestones that lie at or before a step; one listed twice counts twice."""
    passed = np.searchsorted(np.sort(np.atleast_1d(values["milestones"])), steps, side="right")
    return exact.power(float(values["gamma"]), passed)
