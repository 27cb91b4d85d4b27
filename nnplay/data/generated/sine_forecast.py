"""Forecasting: the next value of a sum of waves, out of the last ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.data.continuation import Continuation
from nnplay.data.dataset import Dataset
from nnplay.data.generated._blocks import SEED, in_blocks, noise, samples
from nnplay.data.record import DatasetRecord
from nnplay.fields import integer

FIELDS = (
    samples(3000, "windows"),
    noise(0.0, "standard deviation of the noise on each value"),
    SEED,
    integer("window", 24, "length of the input window", low=2, high=10_000),
    integer("waves", 2, "number of sine waves added together", low=1, high=8),
    integer("ahead", 1, "how many steps ahead to predict", low=1, high=1000),
)

_CONTINUATION = 48
"""Steps behind a window that are known for comparison, at the most."""


def make(samples: int, noise: float, seed: int, window: int, waves: int, ahead: int) -> Dataset:
    """Windows (window, 1) of waves with periods of 8 to 40 steps, and the value `ahead` steps after (1,)."""

    def block(rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        shape = (len(rows), waves, 1)
        pace = 2 * np.pi / rng.uniform(8, 40, shape)
        height, phase = rng.uniform(0.3, 1.0, shape) / waves, rng.uniform(0, 2 * np.pi, shape)
        at = np.append(np.arange(window), window - 1 + ahead)
        values = (height * exact.sin(pace * at + phase)).sum(axis=1)
        values += noise * rng.standard_normal(values.shape)
        behind = window + np.arange(max(ahead, min(window, _CONTINUATION)))
        continuation = (height * exact.sin(pace * behind + phase)).sum(axis=1).astype(np.float32)
        return {"x": values[:, :-1, None].astype(np.float32), "y": values[:, -1:], "continuation": continuation}

    rows = in_blocks(samples, seed, "windows", block)
    return Dataset(
        rows["x"],
        rows["y"],
        name="sine_forecast",
        target_names=("next value",),
        task="regression",
        continuation=Continuation(rows["continuation"], ahead),
    )


RECORD = DatasetRecord(
    name="sine_forecast",
    title="Wave forecasting",
    task="regression",
    fields=FIELDS,
    make=make,
    about="A window onto a sum of sine waves, different ones each time: what comes next?",
    when="For forecasting with recurrent networks.",
)
