"""What the synthetic sets share: their fields, and the step from points and labels to a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.features import expand, read_features
from nnplay.fields import integer, number, text

# TensorFlow Playground draws -6 … 6 and puts its points within 5 of the centre.
PLANE = (-6.0, 6.0)
RADIUS = 5.0
PLAYGROUND = "TensorFlow Playground (Smilkov, Carter and others, 2016), formulas of its dataset.ts"

Array = NDArray[np.float64]

SAMPLES = integer("samples", 1000, "number of points", high=1_000_000)
NOISE = number("noise", 0.0, "how much points or labels are perturbed, as a fraction", low=0.0, high=1.0)
SEED = integer("seed", 0, "random seed: the same seed gives the same points", low=0, high=2**32 - 1)
FEATURES = text("features", "x1, x2", "inputs of the network: x1, x2, x1^2, x2^2, x1x2, sin(x1), sin(x2)")
CLASSES = integer("classes", 3, "number of classes", low=2, high=10)

PLANAR_FIELDS = (SAMPLES, NOISE, SEED, FEATURES)
CURVE_FIELDS = (SAMPLES, NOISE, SEED)


def generator(seed: int) -> np.random.Generator:
    """The random numbers of a synthetic set."""
    return np.random.Generator(np.random.PCG64(seed))


def balanced_labels(samples: int, classes: int) -> NDArray[np.int64]:
    """Labels (N,) in rising order, the classes as equal in number as `samples` allows."""
    return np.arange(samples, dtype=np.int64) * classes // samples


def polar(radius: Array, angle: Array) -> Array:
    """Points (N, 2) at `radius` and `angle`, which is measured from the vertical axis as Playground does."""
    return np.stack([radius * exact.sin(angle), radius * exact.cos(angle)], axis=1)


def make_classes(name: str, points: Array, labels: NDArray[Any], features: str, classes: tuple[str, ...]) -> Dataset:
    """Points (N, 2) and labels (N,) as a data set with the wanted derived features."""
    names = read_features(features)
    raw = np.ascontiguousarray(points, dtype=np.float32)
    x = expand(raw, names)
    return Dataset(
        x, labels.astype(np.int64), name=name, feature_names=names, class_names=classes, features=names, raw=raw
    )


def make_heights(name: str, points: Array, heights: Array, features: str) -> Dataset:
    """Points (N, 2) and the height to learn at each (N,) as a data set with the wanted derived features."""
    names = read_features(features)
    raw = np.ascontiguousarray(points, dtype=np.float32)
    x = expand(raw, names)
    return Dataset(x, heights, name=name, feature_names=names, features=names, raw=raw, task="regression")


def make_curve(name: str, x: Array, y: Array) -> Dataset:
    """A function of one input: x (N,) and y (N,)."""
    raw = np.ascontiguousarray(x[:, None], dtype=np.float32)
    return Dataset(raw, y, name=name, feature_names=("x1",), raw=raw, task="regression")
