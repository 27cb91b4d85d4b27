"""Why a row may have been missed: what is unusual in it, and which training rows are like it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
#: Distances that are worked out at once; of more training rows the first ones are looked at.
_MOST: Final = 4_000_000


def deviations(x: Array, others: Array) -> tuple[Floats, Floats, Floats]:
    """How many standard deviations each input of a row (D,) is from the mean of other rows (N, D); means, deviations.

    An input in which the others do not differ has a deviation of 0, and counts as usual.
    """
    wide = others.astype(np.float64)
    mean, spread = wide.mean(axis=0), wide.std(axis=0)
    differs = spread > 1e-9 * np.maximum(1.0, np.abs(mean))
    away = np.divide(x.astype(np.float64) - mean, spread, out=np.zeros(len(mean)), where=differs)
    return away, mean, spread


def nearest_rows(x: Array, others: Array, count: int) -> tuple[NDArray[np.int64], Floats]:
    """Those rows of others (N, …) that are nearest to a row, the nearest first, and their distances (Euclid's)."""
    flat = others.reshape(len(others), -1)[: max(1, _MOST // max(1, x.size))]
    away = flat - x.reshape(1, -1)
    squares = np.einsum("nd,nd->n", away, away)
    nearest = np.argsort(squares, kind="stable")[:count]
    return nearest, np.sqrt(squares[nearest])
