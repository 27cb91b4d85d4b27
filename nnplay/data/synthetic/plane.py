"""A tilted plane to be fitted."""

from __future__ import annotations

from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import PLANAR_FIELDS, PLANE, PLAYGROUND, generator, make_heights


def make(samples: int, noise: float, seed: int, features: str) -> Dataset:
    """Height (x1 + x2) / 10 over the square of ±6; noise measures it at a place moved by that fraction of 6."""
    rng = generator(seed)
    points = rng.uniform(*PLANE, (samples, 2))
    disturbed = points + rng.uniform(*PLANE, (samples, 2)) * noise
    return make_heights("plane", points, disturbed.sum(axis=1) / 10, features)


RECORD = DatasetRecord(
    name="plane",
    title="Plane",
    task="regression",
    fields=PLANAR_FIELDS,
    make=make,
    about="A tilted plane. One linear layer without activation fits it exactly.",
    when="For linear regression, the simplest task of all.",
    source=PLAYGROUND,
)
