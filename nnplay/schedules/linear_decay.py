"""Linear decay: the learning rate moves in a straight line from one fraction to another, then stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import integer, number
from nnplay.records.layer import Refused
from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


LINEAR_DECAY = ScheduleRecord(
    name="linear_decay",
    title="Linear",
    about="Moves the learning rate in a straight line from one fraction of the full one to another.",
    when="Behind a warm-up, as for BERT, or to end a run gently. `warmup` is the same line upwards.",
    formula="start + (end − start)·min(t / steps, 1)",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer("steps", 1000, "steps until the last learning rate"),
        number("start_factor", 1.0, "first learning rate, as a fraction of the full one", low=0.0, high=1.0),
        number("end_factor", 0.0, "last learning rate, as a fraction of the full one", low=0.0, high=1.0),
    ),
    torch="torch.optim.lr_scheduler.LinearLR",
    cases=(
        ({"steps": 10}, {0: 1.0, 5: 0.5, 10: 0.0, 99: 0.0}),
        ({"steps": 4, "start_factor": 0.5, "end_factor": 0.9}, {0: 0.5, 2: 0.7, 4: 0.9}),
    ),
    refused=(Refused({"steps": 0}, (), "≥ 1"), Refused({"end_factor": 2}, (), "≤ 1")),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """From start_factor at step 0 to end_factor at step `steps`; it stays there."""
    start, end = float(values["start_factor"]), float(values["end_factor"])
    return np.asarray(start + (end - start) * np.minimum(steps / values["steps"], 1.0))
