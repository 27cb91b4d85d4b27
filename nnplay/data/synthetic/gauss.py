"""Two round clouds of points."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import PLANAR_FIELDS, PLAYGROUND, balanced_labels, generator, make_classes

CENTRE = 2.0


def make(samples: int, noise: float, seed: int, features: str) -> Dataset:
    """Normal clouds around (2, 2) and (-2, -2); their variance grows from 0.5 to 4 as noise goes from 0 to 0.5."""
    rng = generator(seed)
    labels = balanced_labels(samples, 2)
    centres = np.where(labels == 1, CENTRE, -CENTRE)[:, None]
    points = centres + rng.standard_normal((samples, 2)) * np.sqrt(0.5 + 7.0 * noise)
    return make_classes("gauss", points, labels, features, ("lower left", "upper right"))


RECORD = DatasetRecord(
    name="gauss",
    title="Gaussian clouds",
    task="classification",
    fields=PLANAR_FIELDS,
    make=make,
    about="Two clouds that one straight line separates; with noise they overlap, and no network can always be right.",
    when="To see noise: the classes overlap, and no boundary is perfect.",
    source=PLAYGROUND,
)
