"""Points of a shape in the plane: what a generator learns to make more of. Each lump or stretch of it is a class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import (
    FEATURES,
    SAMPLES,
    SEED,
    Array,
    balanced_labels,
    generator,
    make_classes,
    polar,
)
from nnplay.fields import choice, number

#: Half the width of the shapes.
_REACH = 4.0
_SIDE = 5
_SPIRAL_PARTS = 8


def centres(shape: str) -> Array:
    """The middles (modes, 2) of the lumps of a shape; empty for one that has none."""
    angle = 2 * np.pi * np.arange(8) / 8
    steps = np.linspace(-_REACH, _REACH, _SIDE)
    found = {
        "two gaussians": np.array([[-2.5, -2.5], [2.5, 2.5]]),
        "eight gaussians": polar(np.full(8, _REACH), angle),
        "grid": np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2),
        "disjoint": np.array([[-3.5, -2.5], [3.5, -1.5], [0.0, 3.5]]),
    }
    return found.get(shape, np.zeros((0, 2)))


def _curve(shape: str, t: NDArray[np.float64]) -> Array:
    """Points (N, 2) of a curve at t (N,) from 0 to 1."""
    if shape == "line":
        return np.stack([_REACH * (2 * t - 1), _REACH * (2 * t - 1)], axis=1)
    turns = 2 * np.pi * t
    return polar(np.full(len(t), _REACH), turns) if shape == "ring" else polar(0.8 + 3.6 * t, 2 * turns)


def make(samples: int, shape: str, spread: float, seed: int, features: str) -> Dataset:
    """`samples` points, each with normal noise of deviation `spread` around its place."""
    rng = generator(seed)
    middles = centres(shape)
    count = len(middles) or (_SPIRAL_PARTS if shape == "spiral" else 1)
    labels = balanced_labels(samples, count)
    if len(middles):
        points = middles[labels]
    else:
        points = _curve(shape, (labels + rng.uniform(0, 1, samples)) / count)
    radius = np.sqrt(-2 * exact.log(1 - rng.uniform(0, 1, samples)))
    points = points + spread * polar(radius, 2 * np.pi * rng.uniform(0, 1, samples))
    names = tuple(f"part {number + 1}" for number in range(count))
    return make_classes("points", points, labels, features, names)


RECORD = DatasetRecord(
    name="points",
    title="Points of a shape",
    task="classification",
    fields=(
        SAMPLES,
        choice(
            "shape",
            "eight gaussians",
            "what the points form",
            choices=("line", "two gaussians", "ring", "eight gaussians", "grid", "disjoint", "spiral"),
        ),
        number("spread", 0.1, "deviation of the points around their places", low=0.0, high=2.0),
        SEED,
        FEATURES,
    ),
    make=make,
    about="Points that form a line, a ring, a spiral, or two to twenty-five lumps: for a generator to make more of.",
    when="For two networks that play against each other.",
)
