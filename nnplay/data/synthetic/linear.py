"""Two sides of a straight line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import PLANAR_FIELDS, RADIUS, generator, make_classes

GAP = 0.3
NORMAL = np.array([0.6, 0.8])


def make(samples: int, noise: float, seed: int, features: str) -> Dataset:
    """Points in the square of ±5, kept 0.3 off the line 0.6 x1 + 0.8 x2 = 0; noise mislabels points near it."""
    rng = generator(seed)
    points = rng.uniform(-RADIUS, RADIUS, (samples, 2))
    side = np.where(_height(points) > 0, 1.0, -1.0)
    points += GAP * side[:, None] * NORMAL
    disturbed = points + rng.uniform(-RADIUS, RADIUS, (samples, 2)) * noise
    return make_classes("linear", points, _height(disturbed) > 0, features, ("below", "above"))


def _height(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far points (N, 2) lie above the line."""
    return np.asarray(points[:, 0] * NORMAL[0] + points[:, 1] * NORMAL[1])


RECORD = DatasetRecord(
    name="linear",
    title="Straight line",
    task="classification",
    fields=PLANAR_FIELDS,
    make=make,
    about="Two classes with a straight line between them: a single linear layer is enough.",
    when="To get started: one layer is enough, and every optimizer gets there.",
)
