"""Plateau: the learning rate drops when the validation loss stops getting better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice, integer, number
from nnplay.records.layer import Refused
from nnplay.records.schedule import ScheduleRecord

Array = NDArray[np.float64]


PLATEAU = ScheduleRecord(
    name="plateau",
    title="Reduce on plateau",
    about="Drops the learning rate when the validation loss has not improved for some epochs.",
    when="When you cannot say in advance when progress will stall.",
    formula="factor^(drops), where a drop follows more than `patience` epochs without a better validation loss",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        integer(
            "patience",
            10,
            "measured epochs without improvement to wait: one more drops the learning rate",
            low=0,
        ),
        number("factor", 0.1, "factor of each drop", low=0.0, high=1.0, above=True),
        number("min_factor", 1e-4, "lowest learning rate, as a fraction of the full one", low=0.0, high=1.0),
        number(
            "threshold",
            0.0,
            "how much lower than the best a loss must be to count as better (PyTorch's default is 1e-4)",
            low=0.0,
            high=1e9,
        ),
        choice(
            "threshold_mode",
            "rel",
            "rel: threshold is a fraction of the best loss; abs: it is a difference",
            ("rel", "abs"),
        ),
        integer("cooldown", 0, "measured epochs after a drop in which none counts as waited", low=0),
    ),
    patience="patience",
    torch="torch.optim.lr_scheduler.ReduceLROnPlateau",
    cases=(({}, {0: 1.0, 1000: 1.0}),),
    refused=(
        Refused({"patience": -1}, (), "≥ 0"),
        Refused({"factor": 0}, (), "> 0"),
        Refused({"threshold": -1}, (), "≥ 0"),
        Refused({"threshold_mode": "percent"}, (), "one of rel, abs"),
        Refused({"cooldown": -1}, (), "≥ 0"),
    ),
)


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """1: what the validation loss asks for is multiplied in by the trainer, epoch by epoch."""
    return np.ones_like(steps)
