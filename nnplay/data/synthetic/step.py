"""A step, one input and one output."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import CURVE_FIELDS, PLANE, generator, make_curve


def make(samples: int, noise: float, seed: int) -> Dataset:
    """y = -1 below x1 = 0 and +1 from there, for x1 in ±6; noise is the normal deviation of y."""
    rng = generator(seed)
    x = rng.uniform(*PLANE, samples)
    return make_curve("step", x, np.where(x < 0, -1.0, 1.0) + noise * rng.standard_normal(samples))


RECORD = DatasetRecord(
    name="step",
    title="Step",
    task="regression",
    fields=CURVE_FIELDS,
    make=make,
    about="A jump from -1 to +1, which a smooth network can only approach by getting steeper.",
    when="To see how a smooth network copes with a jump.",
)
