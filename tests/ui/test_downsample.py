"""Claims about cutting curves to one point a column, with its extremes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnplay.tui.draw.downsample import downsample


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300), st.integers(1, 60))
def test_extremes_survive(values: list[float], columns: int) -> None:
    """The smallest and largest value of a curve are among its columns, and the newest value is the end."""
    y = np.array(values)
    x = np.arange(len(y))
    cut = downsample(x, y, y, y, columns, (0, len(y)))
    assert len(cut.x) <= columns
    assert cut.low.min() == y.min()
    assert cut.high.max() == y.max()
    assert cut.last[-1] == y[-1]
    assert cut.joined.all()


def test_a_value_that_is_missing_is_left_out_and_not_joined_over() -> None:
    """NaN and infinities never get through, and the line begins anew behind them."""
    y = np.array([1.0, np.nan, np.inf, -np.inf, 2.0, 3.0])
    cut = downsample(np.arange(6), y, y, y, 6, (0, 6))
    assert cut.low.tolist() == [1.0, 2.0, 3.0]
    assert cut.joined.tolist() == [True, False, True]


def test_a_bucket_that_held_a_nan_is_not_joined_to_its_neighbours() -> None:
    """A bucket of many values shows those that are finite, and a gap on both sides."""
    y = np.array([1.0, 2.0, 3.0, 4.0])
    cut = downsample(np.arange(4), y, y, y, 4, (0, 4), np.array([False, True, False, False]))
    assert cut.last.tolist() == y.tolist()
    assert cut.joined.tolist() == [True, False, False, True]


def test_minimum_and_maximum_of_buckets_are_kept_apart() -> None:
    """A bucket's own minimum and maximum are used, not its last value; an infinite one leaves the other."""
    cut = downsample([0, 1], [-5.0, 0.0], [1.0, 9.0], [0.0, 3.0], 1, (0, 2))
    assert (cut.low[0], cut.high[0], cut.last[0]) == (-5.0, 9.0, 3.0)
    cut = downsample([0], [1.0], [np.inf], [2.0], 1, (0, 2))
    assert (cut.low[0], cut.high[0], cut.last[0]) == (1.0, 2.0, 2.0)


def test_nothing_gives_nothing() -> None:
    """An empty curve, and one outside the range, reduce to no points."""
    assert downsample([], [], [], [], 10, (0, 1)).x.size == 0
    assert downsample([9], [1.0], [1.0], [1.0], 10, (0, 1)).x.size == 0
