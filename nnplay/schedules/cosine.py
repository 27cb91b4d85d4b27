"""Cosine: the learning rate falls along half a cosine wave (Loshchilov and Hutter, 2017)."""

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


COSINE = ScheduleRecord(
    name="cosine",
    title="Cosine",
    about="Lowers the learning rate gently, then fast, then gently, along half a cosine wave.",
    when="When you know how long the run will be: a safe choice for the last few per cent.",
    formula="min + (1 − min)·½(1 + cos(π·t / steps))",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer("steps", 1000, "steps until the lowest learning rate"),
        number("min_factor", 0.0, "lowest learning rate, as a fraction of the full one", low=0.0, high=1.0),
    ),
    torch="torch.optim.lr_scheduler.CosineAnnealingLR",
    cases=(
        ({"steps": 10}, {0: 1.0, 5: 0.5, 10: 0.0, 99: 0.0}),
        ({"steps": 4, "min_factor": 0.2}, {0: 1.0, 2: 0.6, 4: 0.2}),
    ),
    refused=(Refused({"steps": 0}, (), "≥ 1"),),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """From 1 at step 0 to min_factor at step `steps`; it stays there (PyTorch's would rise again)."""
    low = float(values["min_factor"])
    progress = np.minimum(steps / values["steps"], 1.0)
    return np.asarray(low + (1.0 - low) * 0.5 * (1.0 + exact.cos(np.pi * progress)))
