"""Any number of curve points cut to two a column, keeping what the eye would miss: the smallest and the largest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Downsampled:
    """At most one `low` and one `high` value for each column, in order of `x`; all values finite."""

    x: Floats
    low: Floats
    high: Floats

    def polyline(self) -> tuple[list[float], list[float]]:
        """Points of one line through all the lows and highs: first the one nearer to where the line is."""
        xs: list[float] = []
        ys: list[float] = []
        for x, low, high in zip(self.x.tolist(), self.low.tolist(), self.high.tolist(), strict=True):
            first, second = (low, high) if not ys or abs(ys[-1] - low) <= abs(ys[-1] - high) else (high, low)
            xs.append(x)
            ys.append(first)
            if second != first:
                xs.append(x)
                ys.append(second)
        return xs, ys


def smooth(values: NDArray[np.generic], past: float) -> Floats:
    """A running mean in which each value counts 1 - `past` and what came before `past`; begins without a bias.

    Values that are not finite are carried over.
    """
    result = np.empty(len(values))
    mean = weight = 0.0
    for index, value in enumerate(np.asarray(values, dtype=np.float64).tolist()):
        if np.isfinite(value):
            mean = past * mean + (1 - past) * value
            weight = past * weight + (1 - past)
        result[index] = mean / weight if weight else value
    return result


def downsample(
    steps: NDArray[np.generic],
    minimum: NDArray[np.generic],
    maximum: NDArray[np.generic],
    columns: int,
    first: float,
    last: float,
) -> Downsampled:
    """The extremes of a curve in each of `columns` equal parts of the range `first` … `last`.

    Points outside the range or not finite are left out. A point's `x` is that of its part's last point, so that a
    curve's end is where the last step is.
    """
    x = np.asarray(steps, dtype=np.float64)
    low = np.asarray(minimum, dtype=np.float64)
    high = np.asarray(maximum, dtype=np.float64)
    good = np.isfinite(x) & np.isfinite(low) & np.isfinite(high) & (x >= first) & (x <= last)
    x, low, high = x[good], low[good], high[good]
    if x.size == 0 or columns < 1:
        nothing = np.empty(0)
        return Downsampled(nothing, nothing, nothing)
    width = (last - first) / columns
    part = np.minimum((x - first) / width, columns - 1).astype(np.int64) if width > 0 else np.zeros(x.size, np.int64)
    starts = np.flatnonzero(np.r_[True, part[1:] != part[:-1]])
    ends = np.r_[starts[1:], x.size] - 1
    return Downsampled(x[ends], np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts))
