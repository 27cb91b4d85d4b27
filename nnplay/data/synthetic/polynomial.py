"""A polynomial of chosen degree, one input and one output."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import CURVE_FIELDS, PLANE, generator, make_curve
from nnplay.fields import integer


def make(samples: int, noise: float, seed: int, degree: int) -> Dataset:
    """The Chebyshev polynomial of `degree` over x1 in ±6, which stays within ±1; noise is the deviation of y."""
    rng = generator(seed)
    x = rng.uniform(*PLANE, samples)
    before, y = np.ones(samples), x / PLANE[1]
    for _ in range(degree - 1):
        before, y = y, 2 * (x / PLANE[1]) * y - before
    return make_curve("polynomial", x, y + noise * rng.standard_normal(samples))


RECORD = DatasetRecord(
    name="polynomial",
    title="Polynomial",
    task="regression",
    fields=(*CURVE_FIELDS, integer("degree", 3, "degree of the polynomial", high=12)),
    make=make,
    about="A wavy polynomial: each degree adds another turn to follow.",
    when="To see a curve underfit and overfit.",
)
