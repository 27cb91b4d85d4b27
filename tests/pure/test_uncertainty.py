"""Intervals of scores on few rows: the known numbers, narrower with more rows, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.training.scores.uncertainty import accuracy_interval, describe_interval, r2_interval


@pytest.mark.parametrize(
    ("right", "rows", "wanted"),
    [(27, 30, (0.7438, 0.9654)), (0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (50, 100, (0.4038, 0.5962))],
)
def test_the_interval_of_an_accuracy_is_that_of_wilson(right: int, rows: int, wanted: tuple[float, float]) -> None:
    """As statsmodels' `proportion_confint(right, rows, method="wilson")` has it."""
    assert accuracy_interval(right, rows) == pytest.approx(wanted, abs=5e-5)


def test_the_interval_of_r2_holds_the_score_and_shrinks_with_rows() -> None:
    """It is the same each time; perfect answers leave no doubt, and equal targets say nothing."""
    random = np.random.default_rng(0)
    widths = []
    for rows in (20, 200, 1000):
        true = random.normal(size=(rows, 1))
        predicted = true + 0.5 * random.normal(size=(rows, 1))
        score = 1 - ((predicted - true) ** 2).sum() / ((true - true.mean()) ** 2).sum()
        low, high = r2_interval(true, predicted)
        assert low < score < high <= 1
        assert r2_interval(true, predicted) == (low, high)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert r2_interval(true, true) == (1.0, 1.0)
    assert r2_interval(np.ones((9, 1)), np.zeros((9, 1))) == (-np.inf, 1.0)


def test_an_interval_is_said_with_its_rows() -> None:
    """Shares as per cent, R² as a number."""
    assert describe_interval("accuracy", (0.7438, 0.9654), 30) == (
        "likely between 74.4 % and 96.5 % (95 % interval of 30 rows)"
    )
    assert "between -3.2e12 and -45.250 (" in describe_interval("r2", (-3.2e12, -45.25), 90)
    assert describe_interval("r2", (-0.1, 0.3), 90) == "likely between -0.100 and 0.300 (95 % interval of 90 rows)"


@pytest.mark.parametrize("mean", [1e5, -1e7, 1e9])
def test_the_interval_of_r2_is_the_same_wherever_the_target_begins(mean: float) -> None:
    """Targets whose mean is millions of deviations from 0 have the interval of those around 0."""
    random = np.random.default_rng(0)
    true = random.normal(size=(50, 1))
    predicted = true + 0.3 * random.normal(size=(50, 1))
    assert r2_interval(true + mean, predicted + mean) == pytest.approx(r2_interval(true, predicted), abs=1e-5)
