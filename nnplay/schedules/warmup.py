"""Warm-up: the learning rate rises in a straight line, then stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import integer, number
from nnplay.records.layer import Refused
from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


WARMUP = ScheduleRecord(
    name="warmup",
    title="Warm-up",
    about="Starts with small steps, while early gradients are erratic, and rises to the full learning rate.",
    when="With transformers, large batches or high learning rates that would diverge at once.",
    formula="start + (1 − start)·min(t / steps, 1)",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer("steps", 100, "steps until the full learning rate"),
        number("start_factor", 0.1, "first learning rate, as a fraction of the full one", low=0.0, high=1.0),
    ),
    torch="torch.optim.lr_scheduler.LinearLR",
    cases=(({"steps": 10, "start_factor": 0.2}, {0: 0.2, 5: 0.6, 10: 1.0, 99: 1.0}),),
    refused=(Refused({"steps": 0}, (), "≥ 1"), Refused({"start_factor": -1}, (), "≥ 0")),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """From start_factor at step 0 to 1 at step `steps`, then 1."""
    start = float(values["start_factor"])
    return np.asarray(start + (1.0 - start) * np.minimum(steps / values["steps"], 1.0))
