"""Claims about points that are drawn: they are text in the run, and a data set of any number of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.data.point_text import Point, read_points, write_points
from nnplay.errors import InputError

PLACES = st.floats(-6, 6).map(lambda value: round(value, 2))
POINTS = st.lists(st.builds(Point, PLACES, PLACES, st.integers(0, 9)), min_size=1, max_size=40)


@given(POINTS)
def test_points_are_read_as_they_were_written(points: list[Point]) -> None:
    """To a hundredth, in their order."""
    assert read_points(write_points(points), "drawn") == points


def test_points_are_a_data_set_that_a_run_keeps() -> None:
    """They come through TOML; one point is enough; features are made of them."""
    data = nn.load_dataset("drawn", points="-1,2:0 3.25,-4:1", features="x1, x2, x1x2")
    assert data.raw is not None
    assert data.raw.tolist() == [[-1, 2], [3.25, -4]]
    assert data.y.tolist() == [0, 1]
    assert data.x[:, 2].tolist() == [-2, -13]
    many = write_points([Point(row / 100, -row / 200, row % 3) for row in range(500)])
    table = {"data": {"name": "drawn", "points": many, "classes": 3}, "split": {"train": 1.0}}
    config = RunConfig.from_dict(table)
    assert RunConfig.from_dict(config.to_dict()) == config
    assert len(config.load().train) == 500
    one = RunConfig.from_dict({"data": {"name": "drawn", "points": "1,1:1"}, "split": {"train": 1.0}})
    assert np.array_equal(one.load().train.y, [1])


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ("1,2", "'1,2' is not a point; write x1,x2:class"),
        ("1:0", "is not a point"),
        ("nan,1:0", "outside the plane"),
        ("7,1:0", "outside the plane"),
        ("1,1:12", "no class from 0 to 9"),
        ("1,1:2", "a point has class 2, and there are 2; use classes 3"),
        (" ", "no point to learn from"),
        ("1,1:0 " * 2001, "2,001 points, at most 2,000"),
    ],
)
def test_what_is_no_point_is_refused(points: str, message: str) -> None:
    """By name, with the form that a point has."""
    with pytest.raises(InputError, match=message):
        nn.load_dataset("drawn", points=points)
