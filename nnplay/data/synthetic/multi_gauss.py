"""Three hills and three hollows to be fitted."""

from __future__ import annotations

import numpy as np

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import PLANAR_FIELDS, PLANE, PLAYGROUND, generator, make_heights

# Centre and sign of each hill (+1) or hollow (-1).
HILLS = np.array([[-4, 2.5, 1], [0, 2.5, -1], [4, 2.5, 1], [-4, -2.5, -1], [0, -2.5, 1], [4, -2.5, -1]])
REACH = 2.0


def make(samples: int, noise: float, seed: int, features: str) -> Dataset:
    """Height of the nearest hill or hollow, 1 at its centre and 0 from distance 2; noise moves the measuring place."""
    rng = generator(seed)
    points = rng.uniform(*PLANE, (samples, 2))
    disturbed = points + rng.uniform(*PLANE, (samples, 2)) * noise
    distance = exact.hypot(disturbed[:, None, 0] - HILLS[:, 0], disturbed[:, None, 1] - HILLS[:, 1])
    nearest = distance.argmin(axis=1)
    height = HILLS[nearest, 2] * np.clip(1 - distance.min(axis=1) / REACH, 0, 1)
    return make_heights("multi_gauss", points, height, features)


RECORD = DatasetRecord(
    name="multi_gauss",
    title="Hills and hollows",
    task="regression",
    fields=PLANAR_FIELDS,
    make=make,
    about="Three hills and three hollows on a plane: each bump takes several hidden units.",
    when="For regression over a plane with bumps to fit.",
    source=PLAYGROUND,
)
