"""Constant: the learning rate as it was set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """1 at every step."""
    return np.ones_like(steps)


CONSTANT = ScheduleRecord(
    name="constant",
    title="Constant",
    about="The learning rate as it was set.",
    formula="1",
    factor=factor,
    torch="torch.optim.lr_scheduler.ConstantLR(factor=1)",
    cases=(({}, {0: 1.0, 1000: 1.0}),),
)
