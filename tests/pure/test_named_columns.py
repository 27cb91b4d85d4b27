"""Columns of values instead of text: they become the same inputs as a file of the same table."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.columns.table import columns_dataset
from nnplay.data.csv.options import CsvOptions
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError

ROWS = 6
NUMBERS = [0.5, 2.0, 1.5, 4.0, 2.5, 8.0]


def read(columns: dict[str, Any], **options: Any) -> Dataset:
    """The data set of some columns, the last of which is learned."""
    named = NamedColumns(tuple(columns), list(columns.values()))
    return columns_dataset(named, CsvOptions(**options).validate("t"), name="t", where="t")


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (np.array([1, 5, 2, 4, 3, 6], np.int8), [1, 5, 2, 4, 3, 6]),
        (np.array(NUMBERS, np.float16), NUMBERS),
        ([1, Decimal("2.5"), Fraction(1, 2), np.float32(4), 5.0, np.int64(6)], [1, 2.5, 0.5, 4, 5, 6]),
        (["1", "2", "5", "4", "3", "7"], [1, 2, 5, 4, 3, 7]),
        (["44%", "1,000", "7", "8", "9", "10"], [44, 1000, 7, 8, 9, 10]),
        ([date(2000, 1, 1 + day) for day in (0, 3, 1, 2, 9, 4)], [0, 3, 1, 2, 9, 4]),
        (np.array(["2000-01-02", "2000-01-03", "2000-01-01"] * 2, "M8[ns]"), [1, 2, 0, 1, 2, 0]),
        ([datetime(2000, 1, 1, 12, tzinfo=UTC), datetime(2000, 1, 2, 12)] * 3, [0.5, 1.5] * 3),
        ([datetime(2000, 1, day, 2, tzinfo=timezone(timedelta(hours=2))) for day in range(1, 7)], [0, 1, 2, 3, 4, 5]),
        ([timedelta(days=1), timedelta(hours=12), timedelta(0)] * 2, [1, 0.5, 0] * 2),
        (np.array([36, 12, 0] * 2, "m8[h]"), [1.5, 0.5, 0] * 2),
    ],
)
def test_values_of_any_type_are_numbers(values: Any, wanted: list[float]) -> None:
    """Numbers of every kind, written numbers, dates with and without zones, lengths of time."""
    data = read({"b": NUMBERS, "y": values}, task="regression")
    np.testing.assert_allclose(data.y[:, 0], wanted)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, None, 3.0, math.nan, 5.0, 6.0],
        [1, None, 3, None, 5, 6],
        np.array([1.0, np.nan, 3.0, np.nan, 5.0, 6.0]),
        np.ma.masked_array([1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 0]),
        ["1", "", "3", "NA", "5", "6"],
        np.array(["2000-01-02", "NaT", "2000-01-04", "NaT", "2000-01-06", "2000-01-07"], "M8[D]"),
        [date(2000, 1, 2), None, date(2000, 1, 4), None, date(2000, 1, 6), date(2000, 1, 7)],
    ],
)
def test_what_says_nothing_is_missing(values: Any) -> None:
    """None, NaN, NaT, masked values and the usual words; the choice for missing values decides about them all."""
    columns = {"a": values, "y": [0, 1] * 3}
    with pytest.raises(InputError, match=r"t, row 2, column 'a': 2 values are missing"):
        read(columns)
    data = read(columns, missing="drop")
    np.testing.assert_array_equal(data.x[:, 0], [1, 3, 5, 6])


def test_truth_values_and_words_are_categories() -> None:
    """As they are in a file: False and True are the classes, and a column of words is one input for each."""
    data = read(
        {"c": ["a", "b", None, "c", "a", "b"], "y": [True, False, True, False, True, False]}, missing="category"
    )
    assert data.class_names == ("False", "True")
    assert data.feature_names == ("c=a", "c=b", "c=c", "c=(missing)")
    assert read({"b": np.array([True, False] * 3), "y": NUMBERS}).feature_names == ("b=True",)


def test_codes_names_and_large_numbers_are_as_in_files() -> None:
    """Whole numbers above 2^53 keep their digits as classes, and an all-different word target is a name."""
    data = read({"a": NUMBERS, "y": np.array([9007199254740992, 9007199254740993] * 3)})
    assert data.class_names == ("9007199254740992", "9007199254740993")
    with pytest.raises(InputError, match="is this a name"):
        read({"a": np.arange(30) % 7, "y": [f"person {row}" for row in range(30)]})


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"a": [1, 2], "y": [1, 2, 3]}, "column 'y': 3 values where column 'a' has 2"),
        ({"a": [[1], [2]], "y": [1, 2]}, r"column 'a': \[1\] is not a number, word or time"),
        ({"a": np.zeros((2, 2)), "y": [1, 2]}, "column 'a': holds arrays, not single values"),
        ({"a": np.array([1j, 2j]), "y": [1, 2]}, "column 'a': holds neither numbers nor words"),
        ({"a": [10**400, 1.5], "y": [1, 2]}, "column 'a': holds whole numbers that are too large"),
        ({"a": [1e300, 1.0], "y": [1, 2]}, "1e\\+300 is too large for a 32-bit number"),
        ({"a": [], "y": []}, "no data rows"),
        ({}, "no columns"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(columns: dict[str, Any], wanted: str) -> None:
    """Each refusal names the column."""
    with pytest.raises(InputError, match=wanted):
        read(columns)
