"""Columns of a long table leave the memory row by row as they are put side by side, and nobody can tell by the data."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import nnplay as nn
from nnplay.data.columns import encoded, passing_numbers
from nnplay.data.columns.columns import Column
from nnplay.data.columns.encoded import Encoded, join_inputs
from nnplay.data.columns.passing_numbers import PassingNumbers, round_numbers

ROWS = 20_000


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns of that many rows are long."""
    monkeypatch.setattr(passing_numbers, "_LARGE", 1024)
    monkeypatch.setattr(encoded, "_GIVEN_BACK", 4096)


def columns() -> list[Encoded]:
    made = [round_numbers(np.arange(ROWS, dtype=np.float64) + shift, np.float32) for shift in (0, 7)]
    passing = tuple(part for part in made if isinstance(part, PassingNumbers))
    assert len(passing) == 2
    words = Encoded(Column("word", "one_hot", ("a", "b", "c")), codes=(np.arange(ROWS) % 3).astype(np.uint8))
    numbers = Encoded(Column("number", "number", ("n", "m")), tuple(part.numbers for part in passing), passing=passing)
    return [words, numbers]


@pytest.mark.usefixtures("small")
def test_rows_are_joined_before_they_are_given_back() -> None:
    """Each row stands in the inputs, and most of the parts' memory went back to the system meanwhile."""
    made = columns()
    parts = made[1].parts
    joined = join_inputs(made, ROWS)
    expected = np.arange(ROWS)
    assert np.array_equal(joined, np.column_stack([*(expected % 3 == k for k in range(3)), expected, expected + 7]))
    if sys.platform == "linux":
        assert not parts[0][1024 : ROWS // 2].any()


@pytest.mark.usefixtures("small")
def test_a_table_reads_as_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, dates, words and gaps become the same inputs, the second time they are encoded too."""
    chance = np.random.default_rng(0)
    table = {
        "number": chance.normal(size=ROWS),
        "day": np.datetime64("2020-01-01") + chance.integers(0, 900, ROWS),
        "word": np.array(["red", "green", "blue"])[chance.integers(0, 3, ROWS)],
        "gap": np.where(chance.random(ROWS) < 0.1, np.nan, chance.normal(size=ROWS)),
        "target": chance.integers(0, 2, ROWS),
    }
    passing = nn.read_table(table, missing="mean").x
    monkeypatch.setattr(passing_numbers, "_LARGE", 1 << 30)
    assert np.array_equal(passing, nn.read_table(table, missing="mean").x, equal_nan=True)
