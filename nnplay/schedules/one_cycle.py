"""One cycle: the learning rate rises to its peak and falls far below its start (Smith and Topin, 2018)."""

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


ONE_CYCLE = ScheduleRecord(
    name="one_cycle",
    title="One cycle",
    about="Rises to the full learning rate, which shakes weights out of poor minima, then falls far below it.",
    when="To train in a few epochs with a high learning rate.",
    formula="1/div ↗ 1 ↘ 1/(div·final_div), along half cosines",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer("steps", 1000, "steps of the whole cycle", low=2),
        number("pct_start", 0.3, "fraction of the steps spent rising", low=0.0, high=1.0),
        number("div_factor", 25.0, "peak divided by the initial learning rate", low=1.0),
        number("final_div_factor", 1e4, "initial learning rate divided by the final one", low=1.0),
    ),
    torch="torch.optim.lr_scheduler.OneCycleLR",
    cases=(
        (
            {"steps": 21, "pct_start": 11 / 21, "div_factor": 4, "final_div_factor": 2},
            {0: 0.25, 5: 0.625, 10: 1.0, 15: 0.5625, 20: 0.125, 99: 0.125},
        ),
    ),
    refused=(Refused({"steps": 1}, (), "≥ 2"), Refused({"div_factor": 0.5}, (), "≥ 1")),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """From 1 / div_factor up to 1, then down to 1 / (div_factor·final_div_factor), by half cosines; then it stays."""
    last = values["steps"] - 1.0
    peak = max(values["pct_start"] * values["steps"] - 1.0, 0.0)
    low = 1.0 / values["div_factor"]
    rising = _cosine(low, 1.0, steps / max(peak, 1e-9))
    falling = _cosine(1.0, low / values["final_div_factor"], (steps - peak) / max(last - peak, 1e-9))
    return np.where(steps <= peak, rising if peak > 0 else 1.0, falling)


def _cosine(start: float, end: float, progress: Array) -> Array:
    """From start to end along half a cosine, for progress 0 … 1."""
    return np.asarray(end + (start - end) * 0.5 * (1.0 + exact.cos(np.pi * np.clip(progress, 0.0, 1.0))))
