"""A disc inside a ring: the simplest set that no straight line separates."""

from __future__ import annotations

import numpy as np

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import (
    PLANAR_FIELDS,
    PLAYGROUND,
    RADIUS,
    balanced_labels,
    generator,
    make_classes,
    polar,
)


def make(samples: int, noise: float, seed: int, features: str) -> Dataset:
    """Half the points within radius 2.5, half between 3.5 and 5; noise mislabels points near the border."""
    rng = generator(seed)
    outer = balanced_labels(samples, 2) == 1
    radius = np.where(outer, rng.uniform(0.7 * RADIUS, RADIUS, samples), rng.uniform(0, 0.5 * RADIUS, samples))
    points = polar(radius, rng.uniform(0, 2 * np.pi, samples))
    disturbed = points + rng.uniform(-RADIUS, RADIUS, (samples, 2)) * noise
    labels = exact.hypot(disturbed[:, 0], disturbed[:, 1]) < 0.5 * RADIUS
    return make_classes("circle", points, labels, features, ("outside", "inside"))


RECORD = DatasetRecord(
    name="circle",
    title="Circle",
    task="classification",
    fields=PLANAR_FIELDS,
    make=make,
    about="A disc inside a ring. One straight line cannot separate them; three can, and so can x1² + x2² alone.",
    when="For a first decision boundary that is not straight.",
    source=PLAYGROUND,
)
