"""Percentiles of numbers, by interpolation between neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def percentiles(values: NDArray[np.float64], wanted: Sequence[float]) -> NDArray[np.float64]:
    """As `np.percentile` of at least one number (N,), without what that imports and looks at first.

    Of few numbers that is half the time of a recorded step, and NumPy imports its masked arrays for it. NaN among
    the numbers gives NaN.
    """
    places = np.array(wanted) / 100 * (len(values) - 1)
    low = places.astype(np.int64)
    high = np.minimum(low + 1, len(values) - 1)
    values = np.partition(values, (*low, *high, -1))
    found = values[low] + (values[high] - values[low]) * (places - low)
    return np.full(len(found), np.nan) if np.isnan(values[-1]) else np.asarray(found, np.float64)
