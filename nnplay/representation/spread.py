"""How rows lie in a layer: how many dimensions they use, and how far apart their classes are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def participation_ratio(rows: NDArray[Any]) -> float:
    """How many dimensions the rows (N, D) use: (Σλ)² / Σλ² for the variances λ along the principal components.

    It is 1 for points on a line and D for a round cloud, and 0 where all rows are equal (Gao et al., 2017). No
    component has to be found: the sums are the trace of the covariance and the sum of its squared numbers.
    """
    centred = rows - rows.mean(axis=0, dtype=np.float64)
    centred = centred.T if centred.shape[0] > centred.shape[1] else centred
    products = centred @ centred.T
    trace = float(np.trace(products))
    return trace**2 / float(np.einsum("ij,ij->", products, products)) if trace > 0 else 0.0


def class_separation(rows: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Share of the variance of rows (N, D) that lies between the means of their classes, from 0 to 1.

    With Fisher's ratio J, the variance between classes by that within them, it is J / (1 + J). It is 0 where all class
    means are equal or there is no variance, and 1 where each class is a single point.
    """
    centred = rows - rows.mean(axis=0, dtype=np.float64)
    whole = float(np.einsum("nd,nd->", centred, centred))
    kinds, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.eye(len(kinds))[numbers].T @ centred
    between = float((np.einsum("kd,kd->k", sums, sums) / counts).sum())
    return min(1.0, between / whole) if whole > 0 else 0.0
