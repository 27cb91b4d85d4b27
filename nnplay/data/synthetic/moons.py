"""Two half moons that reach into each other."""

from __future__ import annotations

import numpy as np

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import PLANAR_FIELDS, balanced_labels, generator, make_classes

SIZE = 3.5


def make(samples: int, noise: float, seed: int, features: str) -> Dataset:
    """Half circles of radius 3.5; noise is the normal deviation of the points as a fraction of that radius."""
    rng = generator(seed)
    labels = balanced_labels(samples, 2)
    angle = rng.uniform(0, np.pi, samples)
    upper = np.stack([exact.cos(angle), exact.sin(angle)], axis=1)
    lower = np.stack([1 - exact.cos(angle), 0.5 - exact.sin(angle)], axis=1)
    shape = np.where(labels[:, None] == 1, lower, upper) - (0.5, 0.25)
    points = SIZE * (shape + noise * rng.standard_normal((samples, 2)))
    return make_classes("moons", points, labels, features, ("upper", "lower"))


RECORD = DatasetRecord(
    name="moons",
    title="Two moons",
    task="classification",
    fields=PLANAR_FIELDS,
    make=make,
    about="Two interleaved half circles: a curved border that a few hidden units bend into place.",
    when="To watch a border bend with a handful of units.",
    source="made by nnplay, after scikit-learn's make_moons",
)
