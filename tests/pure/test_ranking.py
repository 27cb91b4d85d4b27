"""ROC, precision and recall, and calibration are those of scikit-learn, ties included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.training.scores.calibration import brier, reliability
from nnplay.training.scores.ranking import Counts, rank

Array = NDArray[Any]


def draw(seed: int) -> tuple[Array, Array]:
    """Rows of two kinds with scores of which many are equal."""
    random = np.random.default_rng(seed)
    true = random.random(60) < 0.4
    true[:2] = True, False
    return true, np.round(np.clip(0.3 * true + random.random(60) * 0.7, 0, 1), 1)


def test_a_curve_worked_by_hand() -> None:
    """Two rows of equal scores are called positive together, and count one half in the area."""
    found = rank(np.array([True, True, False, False]), np.array([0.9, 0.5, 0.5, 0.1]))
    assert found.thresholds.tolist() == [0.9, 0.5, 0.1]
    assert [each.tolist() for each in found.roc()] == [[0, 0, 0.5, 1], [0, 0.5, 1, 1]]
    assert found.auc() == pytest.approx((2 + 1 + 0.5) / 4)
    assert found.average_precision() == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert found.count_at(0.5) == Counts(2, 1, 0, 1)
    assert found.count_at(0.51) == Counts(1, 0, 1, 2)
    assert found.count_at(0.95) == Counts(0, 0, 2, 2)
    counts = found.count_at(0.5)
    assert (counts.precision, counts.recall, counts.f1) == (2 / 3, 1.0, 0.8)
    assert counts.false_positive_rate == 0.5
    assert math.isnan(found.count_at(0.95).precision)


@pytest.mark.parametrize("kind", [True, False])
def test_rows_of_one_kind_have_no_area(kind: bool) -> None:
    """Nothing is divided by nothing, and a class without rows has no average precision."""
    found = rank(np.full(3, kind), np.array([0.1, 0.2, 0.3]))
    assert math.isnan(found.auc())
    assert math.isnan(found.average_precision()) == (not kind)
    assert math.isnan(rank(np.zeros(0, bool), np.zeros(0)).auc())


@pytest.mark.parametrize("seed", range(4))
def test_the_curves_are_those_of_scikit_learn(seed: int) -> None:
    """Each point of both curves, both areas, and the counts at each threshold."""
    sklearn = pytest.importorskip("sklearn.metrics")
    true, scores = draw(seed)
    found = rank(true, scores)
    across, up, thresholds = sklearn.roc_curve(true, scores, drop_intermediate=False)
    assert np.allclose(found.roc(), (across, up))
    assert np.array_equal(found.thresholds, thresholds[1:])
    assert found.auc() == pytest.approx(sklearn.roc_auc_score(true, scores))
    precision, recall, _ = sklearn.precision_recall_curve(true, scores)
    assert np.allclose(found.precision_recall(), (precision[-2::-1], recall[-2::-1]))
    assert found.average_precision() == pytest.approx(sklearn.average_precision_score(true, scores))
    for threshold in (0.2, 0.35, 0.5):
        (rejections, alarms), (misses, hits) = sklearn.confusion_matrix(true, scores >= threshold).tolist()
        counts = found.count_at(threshold)
        assert counts == Counts(hits, alarms, misses, rejections)
        assert counts.f1 == pytest.approx(sklearn.f1_score(true, scores >= threshold))


@pytest.mark.parametrize("seed", range(4))
def test_calibration_is_that_of_scikit_learn(seed: int) -> None:
    """The points of the curve, and Brier's score of one class and of three."""
    calibration = pytest.importorskip("sklearn.calibration")
    metrics = pytest.importorskip("sklearn.metrics")
    true, chances = draw(seed)
    chances = chances + 0.013 * (chances < 0.9)  # edges of bins are sums of rounded numbers there
    shares, means = calibration.calibration_curve(true, chances, n_bins=10)
    found = reliability(true, chances)
    there = found.counts > 0
    assert np.allclose(found.shares[there], shares)
    assert np.allclose(found.chances[there], means)
    assert brier(true, chances) == pytest.approx(metrics.brier_score_loss(true, chances))
    labels = np.arange(60) % 3
    three = np.random.default_rng(seed).dirichlet(np.ones(3), 60)
    wanted = metrics.brier_score_loss(labels, three, labels=[0, 1, 2], scale_by_half=False)
    assert brier(np.eye(3)[labels], three) == pytest.approx(wanted)


def test_the_expected_calibration_error_weighs_bins_by_their_rows() -> None:
    """Three answers given 90 % of which two are right, and one given 10 % that is wrong."""
    found = reliability(np.array([1, 1, 0, 0]), np.array([0.9, 0.9, 0.9, 0.1]))
    assert found.counts.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 3, 0]
    assert found.expected_error == pytest.approx((3 * abs(2 / 3 - 0.9) + 0.1) / 4)
    assert reliability(np.zeros(0), np.zeros(0)).expected_error == 0
