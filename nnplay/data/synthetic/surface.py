"""A stand-in for data: two numbers a row that only a noisy bowl looks at, and a target of 0."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import CURVE_FIELDS, generator

#: Deviation of the bowl's middle from row to row, without and with all noise.
SPREAD = 1.0


def make(samples: int, noise: float, seed: int) -> Dataset:
    """Points (N, 2) around 0 with that deviation, and targets 0."""
    x = noise * SPREAD * generator(seed).standard_normal((samples, 2))
    return Dataset(x, np.zeros(samples), name="surface", feature_names=("x1", "x2"), task="regression")


RECORD = DatasetRecord(
    name="surface",
    title="Surface",
    task="regression",
    fields=CURVE_FIELDS,
    make=make,
    about="For the layer `surface`, whose two weights are the place on a test function: there is nothing to predict.",
    when="To watch and race optimizers on a picture.",
)
