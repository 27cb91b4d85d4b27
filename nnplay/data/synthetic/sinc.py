"""The sinc function, one input and one output."""

from __future__ import annotations

import numpy as np

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import CURVE_FIELDS, generator, make_curve

#: Half waves between 0 and 1.
WAVES = 10.0


def make(samples: int, noise: float, seed: int) -> Dataset:
    """y = sin(10π x1) / (10π x1), evenly from −1 to 1; noise is the normal deviation of y."""
    x = np.linspace(-1.0, 1.0, samples)
    phase = np.pi * WAVES * x
    flat = phase == 0
    y = np.where(flat, 1.0, exact.sin(phase) / np.where(flat, 1.0, phase))
    return make_curve("sinc", x, y + noise * generator(seed).standard_normal(samples))


RECORD = DatasetRecord(
    name="sinc",
    title="Sinc",
    task="regression",
    fields=CURVE_FIELDS,
    make=make,
    about="sin(10πx)/(10πx): a peak between waves that die away. Few networks get the last decimals right.",
    when="To compare optimizers of first and second order on a smooth curve.",
)
