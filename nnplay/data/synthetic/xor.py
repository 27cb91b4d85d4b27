"""Exclusive or: four quadrants, opposite ones of one class."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import PLANAR_FIELDS, PLAYGROUND, RADIUS, generator, make_classes

GAP = 0.3


def make(samples: int, noise: float, seed: int, features: str) -> Dataset:
    """Points in the square of ±5, kept 0.3 off the axes; noise mislabels points near them."""
    rng = generator(seed)
    points = rng.uniform(-RADIUS, RADIUS, (samples, 2))
    points += np.where(points > 0, GAP, -GAP)
    disturbed = points + rng.uniform(-RADIUS, RADIUS, (samples, 2)) * noise
    return make_classes("xor", points, disturbed[:, 0] * disturbed[:, 1] >= 0, features, ("unlike", "alike"))


RECORD = DatasetRecord(
    name="xor",
    title="Exclusive or",
    task="classification",
    fields=PLANAR_FIELDS,
    make=make,
    about="The sign of x1 times x2. No single layer learns it from x1 and x2; the feature x1x2 alone solves it.",
    when="To see why hidden layers are needed at all.",
    source=PLAYGROUND,
)
