"""A sine wave, one input and one output."""

from __future__ import annotations

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import CURVE_FIELDS, PLANE, generator, make_curve


def make(samples: int, noise: float, seed: int) -> Dataset:
    """y = sin x1 for x1 in ±6; noise is the normal deviation of y."""
    rng = generator(seed)
    x = rng.uniform(*PLANE, samples)
    return make_curve("sine", x, exact.sin(x) + noise * rng.standard_normal(samples))


RECORD = DatasetRecord(
    name="sine",
    title="Sine",
    task="regression",
    fields=CURVE_FIELDS,
    make=make,
    about="Two periods of a sine wave: shows how many units a smooth curve needs.",
    when="To fit a curve, and to see how many units it needs.",
)
