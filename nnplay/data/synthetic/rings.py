"""Concentric rings, one class each."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import (
    CLASSES,
    PLANAR_FIELDS,
    RADIUS,
    balanced_labels,
    generator,
    make_classes,
    polar,
)

GAP = 0.3


def make(samples: int, noise: float, seed: int, features: str, classes: int) -> Dataset:
    """`classes` rings of equal width with gaps between them; noise moves points by that fraction of 5."""
    rng = generator(seed)
    labels = balanced_labels(samples, classes)
    width = RADIUS / classes
    radius = width * (labels + GAP / 2 + (1 - GAP) * rng.uniform(0, 1, samples))
    points = polar(radius, rng.uniform(0, 2 * np.pi, samples))
    points += RADIUS * noise * rng.uniform(-1, 1, (samples, 2))
    return make_classes("rings", points, labels, features, tuple(f"ring {ring + 1}" for ring in range(classes)))


RECORD = DatasetRecord(
    name="rings",
    title="Rings",
    task="classification",
    fields=(*PLANAR_FIELDS, CLASSES),
    make=make,
    about="Concentric rings, three or more classes: the first step from two classes to many.",
    when="For more than two classes in the plane.",
)
