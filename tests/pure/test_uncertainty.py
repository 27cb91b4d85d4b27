"""Intervals of scores on few rows: the known numbers, narrower with more rows, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.training.percentiles import percentiles
from nnplay.training.scores import metrics
from nnplay.training.scores.ranking import rank
from nnplay.training.scores.uncertainty import (
    accuracy_interval,
    auc_interval,
    average_precision_interval,
    describe_interval,
    draw_rows,
    f1_interval,
    mean_interval,
    r2_interval,
)


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


def test_intervals_are_quantiles_of_the_scores_of_draws() -> None:
    """Each score worked out draw by draw, from the rows that were drawn, has the same 95 %."""
    random = np.random.default_rng(1)
    true = random.integers(0, 3, 40)
    predicted = np.where(random.random(40) < 0.7, true, random.integers(0, 3, 40))
    scores = np.round((true == 1) * 0.4 + random.random(40), 1)
    draws = [np.repeat(np.arange(40), counts.astype(int)) for counts in draw_rows(40)]
    f1 = [metrics.classification(true[rows], predicted[rows], 3)["f1"] for rows in draws]
    rankings = [rank(true[rows] == 1, scores[rows]) for rows in draws]
    for found, values in (
        (f1_interval(true, predicted, range(3)), f1),
        (auc_interval(true == 1, scores), [one.auc() for one in rankings]),
        (average_precision_interval(true == 1, scores), [one.average_precision() for one in rankings]),
        (mean_interval(scores), [scores[rows].mean() for rows in draws]),
    ):
        assert found == pytest.approx(np.quantile(values, (0.025, 0.975)))
    assert all(len(rows) == 40 for rows in draws)


def test_what_cannot_be_drawn_has_no_interval() -> None:
    """Rows of one kind have no area under a curve."""
    assert np.isnan(auc_interval(np.ones(5, bool), np.arange(5.0))).all()
    assert np.isnan(average_precision_interval(np.zeros(5, bool), np.arange(5.0))).all()


@pytest.mark.parametrize("count", [1, 2, 5, 1000])
def test_percentiles_are_those_of_numpy(count: int) -> None:
    """Whatever stands between two numbers; NaN among them is no number."""
    values, wanted = np.random.Generator(np.random.PCG64(count)).normal(size=count), (0, 2.5, 25, 50, 97.5, 100)
    np.testing.assert_allclose(percentiles(values, wanted), np.percentile(values, wanted), rtol=1e-12)
    values[count // 2] = np.nan
    assert np.isnan(percentiles(values, wanted)).all()
