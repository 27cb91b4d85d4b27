"""Any number of curve points cut to one a column, which keeps what the eye would miss: the smallest and the largest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Downsampled:
    """A curve with at most one point for each column, in order of `x`; all values finite.

    Attributes:
        x: where the newest value of each column is.
        low, high: the smallest and the largest value of each column.
        last: the newest value of each column, through which the line goes.
        joined: whether the line comes from the point before; not where a value between the two is missing.
    """

    x: Floats
    low: Floats
    high: Floats
    last: Floats
    joined: NDArray[np.bool_]

    @staticmethod
    def through(x: ArrayLike, y: ArrayLike) -> Downsampled:
        """A line through finite points (N), which are all kept."""
        places, values = np.asarray(x, np.float64), np.asarray(y, np.float64)
        return Downsampled(places, values, values, values, np.ones(len(places), np.bool_))


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
    steps: ArrayLike,
    minimum: ArrayLike,
    maximum: ArrayLike,
    last: ArrayLike,
    columns: int,
    limits: tuple[float, float],
    missing: ArrayLike | None = None,
) -> Downsampled:
    """The extremes and the newest value of a curve in each of `columns` equal parts of a range of steps.

    Points outside the range are left out, and values that are not finite: no line is joined over them. A point's `x` is
    that of its part's last point, so that a curve's end is where the last step is.

    Args:
        steps, minimum, maximum, last: the curve (N), ascending steps; `minimum`, `maximum` and `last` of each bucket.
        limits: first and last step of the range.
        missing: whether a bucket (N) held values that are not finite beside those that it tells.
    """
    x = np.asarray(steps, np.float64)
    parts = np.stack([np.asarray(values, np.float64) for values in (minimum, maximum, last)])
    parts[~np.isfinite(parts)] = np.nan
    holes: NDArray[np.bool_] = np.isnan(parts).any(axis=0) | np.asarray(False if missing is None else missing)
    good = np.isfinite(parts).any(axis=0) & (x >= limits[0]) & (x <= limits[1])
    if not good.any() or columns < 1:
        nothing = np.empty(0)
        return Downsampled(nothing, nothing, nothing, nothing, np.empty(0, np.bool_))
    joined = _joined(holes, np.flatnonzero(good))
    x, parts = x[good], parts[:, good]
    low, high = np.fmin.reduce(parts, axis=0), np.fmax.reduce(parts, axis=0)
    newest = np.where(np.isnan(parts[2]), high, parts[2])
    width = (limits[1] - limits[0]) / columns
    part = np.minimum((x - limits[0]) / width, columns - 1).astype(np.int64) if width > 0 else np.zeros(x.size, int)
    starts = np.flatnonzero(np.r_[True, part[1:] != part[:-1]])
    ends = np.r_[starts[1:], x.size] - 1
    lows, highs = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    return Downsampled(x[ends], lows, highs, newest[ends], joined[starts])


def _joined(holes: NDArray[np.bool_], good: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether each good point is joined to the good one before it: nothing is missing in them or between them."""
    missing = np.r_[0, np.cumsum(holes)]
    before = np.r_[good[0], good[:-1]]
    return np.asarray(missing[good + 1] == missing[before])
