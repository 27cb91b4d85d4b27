"""Slices of rows, and what is unusual in a row."""

from __future__ import annotations

import numpy as np

from nnplay.training.scores.slicing import MOST_CATEGORIES, slice_by_category, slice_by_number
from nnplay.training.scores.unusual import deviations, nearest_rows


def test_numbers_are_cut_into_quarters_that_keep_equal_numbers_together() -> None:
    """Each row is in one slice; named by the numbers that it holds."""
    values = np.r_[np.zeros(30), np.arange(1.0, 31.0)]
    slices = slice_by_number(values)
    assert [(one.name, len(one.rows)) for one in slices] == [("0", 30), ("1 to 15", 15), ("16 to 30", 15)]
    assert sorted(np.concatenate([one.rows for one in slices]).tolist()) == list(range(60))
    assert [one.name for one in slice_by_number(np.array([2.0, 1.0, 2.0]))] == ["1", "2"]


def test_rare_categories_are_one_slice() -> None:
    """The commonest come first, those without rows not at all."""
    few = slice_by_category(np.array([2, 0, 2]), ("a", "b", "c"))
    assert [(one.name, one.rows.tolist()) for one in few] == [("c", [0, 2]), ("a", [1])]
    labels = np.r_[np.arange(20), np.arange(5)]
    many = slice_by_category(labels, tuple(f"c{k}" for k in range(20)))
    assert len(many) == MOST_CATEGORIES
    assert (many[-1].name, len(many[-1].rows)) == ("others", 9)
    assert sum(len(one.rows) for one in many) == 25


def test_a_row_is_unusual_where_it_is_far_from_the_others() -> None:
    """In standard deviations; where the others do not differ nothing is said."""
    others = np.array([[0.0, 5.0], [2.0, 5.0]])
    away, mean, spread = deviations(np.array([4.0, 9.0]), others)
    assert (away.tolist(), mean.tolist(), spread.tolist()) == ([3.0, 0.0], [1.0, 5.0], [1.0, 0.0])


def test_the_nearest_rows_come_first() -> None:
    """By the distance over all inputs, of pictures too."""
    others = np.zeros((3, 2, 2))
    others[0], others[1, 0, 0] = 2.0, 3.0
    rows, away = nearest_rows(np.zeros((2, 2)), others, 2)
    assert (rows.tolist(), away.tolist()) == ([2, 1], [0.0, 3.0])
