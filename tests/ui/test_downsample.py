"""Claims about cutting curves to two points a column."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnplay.tui.draw.downsample import downsample


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300), st.integers(1, 60))
def test_extremes_survive(values: list[float], columns: int) -> None:
    """The smallest and largest value of a curve are among the at most two points a column."""
    y = np.array(values)
    x = np.arange(len(y))
    cut = downsample(x, y, y, columns, 0, len(y))
    assert len(cut.x) <= columns
    assert cut.low.min() == y.min()
    assert cut.high.max() == y.max()
    assert len(cut.polyline()[0]) <= 2 * columns


def test_non_finite_values_are_left_out() -> None:
    """NaN and infinities, which plotext raises on, never get through."""
    y = np.array([1.0, np.nan, np.inf, -np.inf, 2.0])
    cut = downsample(np.arange(5), y, y, 5, 0, 5)
    assert cut.low.tolist() == [1.0, 2.0]


def test_minimum_and_maximum_of_buckets_are_kept_apart() -> None:
    """A bucket's own minimum and maximum are used, not its last value."""
    cut = downsample(np.array([0, 1]), np.array([-5.0, 0.0]), np.array([1.0, 9.0]), 1, 0, 2)
    assert (cut.low[0], cut.high[0]) == (-5.0, 9.0)


def test_nothing_gives_nothing() -> None:
    """An empty curve, and one outside the range, reduce to no points."""
    assert downsample(np.array([]), np.array([]), np.array([]), 10, 0, 1).x.size == 0
    assert downsample(np.array([9]), np.array([1.0]), np.array([1.0]), 10, 0, 1).x.size == 0
