"""Constant: the learning rate as it was set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


CONSTANT = ScheduleRecord(
    name="constant",
    title="Constant",
    about="Keeps the learning rate as you set it.",
    when="While you look for a good learning rate.",
    formula="1",
    factor=lambda values, steps: factor(values, steps),
    torch="torch.optim.lr_scheduler.ConstantLR(factor=1)",
    cases=(({}, {0: 1.0, 1000: 1.0}),),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """1 at every step."""
    return np.ones_like(steps)
