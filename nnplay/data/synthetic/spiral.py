"""Arms of a spiral wound into each other: the hardest of the small sets."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import (
    CLASSES,
    PLANAR_FIELDS,
    PLAYGROUND,
    RADIUS,
    balanced_labels,
    generator,
    make_classes,
    polar,
)
from nnplay.fields import integer

TURNS = 1.75


def make(samples: int, noise: float, seed: int, features: str, classes: int) -> Dataset:
    """`classes` arms of 1.75 turns each, evenly spaced points along each arm; noise moves the points."""
    rng = generator(seed)
    labels = balanced_labels(samples, classes)
    counts = np.bincount(labels, minlength=classes)
    along = np.concatenate([(np.arange(count) + 0.5) / count for count in counts if count])
    angle = along * TURNS * 2 * np.pi + labels * 2 * np.pi / classes
    points = polar(along * RADIUS, angle) + rng.uniform(-1, 1, (samples, 2)) * noise
    return make_classes("spiral", points, labels, features, tuple(f"arm {arm + 1}" for arm in range(classes)))


RECORD = DatasetRecord(
    name="spiral",
    title="Spiral",
    task="classification",
    fields=(*PLANAR_FIELDS, integer("classes", 2, "number of arms", low=CLASSES.low, high=CLASSES.high)),
    make=make,
    about="Spiral arms wound into each other. From x1 and x2 alone they take depth or width, and some patience.",
    when="When the other sets are too easy: a test of depth and patience.",
    source=PLAYGROUND,
)
