"""Claims about numbers of representations: they are what their definitions say, and do not see what they should not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay.representation.principal import find_principal
from nnplay.representation.probe import fit_logistic, fit_ridge, halve, probe_classes, probe_numbers
from nnplay.representation.procrustes import find_turn
from nnplay.representation.similarity import compare_all, linear_cka
from nnplay.representation.spread import class_separation, participation_ratio

RNG = np.random.default_rng(0)
#: Few rows, few units, and so many of both that components are found by iteration.
SHAPES = [(40, 6), (6, 40), (200, 160)]


def cloud(rows: int, units: int) -> Any:
    """Rows that differ most along some directions, far from 0."""
    lengths = np.append([9.0, 5.0, 3.0], np.linspace(1.0, 0.1, max(0, units - 3)))[:units]
    turned = np.linalg.qr(RNG.normal(size=(units, units)))[0]
    return RNG.normal(size=(rows, units)) * lengths @ turned + 100.0


def turn(units: int) -> Any:
    """A rotation or reflection."""
    return np.linalg.qr(RNG.normal(size=(units, units)))[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_principal_components_are_those_of_the_singular_values(shape: tuple[int, int]) -> None:
    """Axes, variances and coordinates agree with NumPy's SVD, whichever way they were found."""
    rows = cloud(*shape)
    found = find_principal(rows)
    centred = rows - rows.mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(found.shares, (values**2 / (values**2).sum())[:2], atol=1e-5)
    assert np.allclose(np.abs(np.diag(axes[:2] @ found.axes)), 1.0, atol=1e-4)
    assert np.allclose(found.axes.T @ found.axes, np.eye(2), atol=1e-5)
    assert np.allclose(found.project(rows), centred @ found.axes)


def test_rows_with_fewer_dimensions_than_are_asked_for() -> None:
    """A single unit has one component, equal rows have none; the rest is zero, not a number out of rounding."""
    line = find_principal(np.arange(5.0)[:, None])
    assert (line.axes.tolist(), line.shares.tolist()) == ([[1.0, 0.0]], [1.0, 0.0])
    still = find_principal(np.full((5, 9), 3.0))
    assert not still.project(np.full((5, 9), 3.0)).any()
    assert not still.shares.any()


def test_points_are_turned_back_onto_what_they_were() -> None:
    """Procrustes undoes a rotation or reflection, whatever the scale, and never stretches."""
    points = RNG.normal(size=(30, 2))
    for given in (turn(2), turn(2) @ np.diag([1.0, -1.0])):
        assert np.allclose(points @ given @ find_turn(points @ given, 7 * points), points)
    other = RNG.normal(size=(30, 2))
    back = find_turn(points, other)
    assert np.allclose(back.T @ back, np.eye(2))
    angles = np.linspace(0, 2 * np.pi, 50)
    errors = [
        np.linalg.norm(points @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ mirror - other)
        for a in angles
        for mirror in (np.eye(2), np.diag([1.0, -1.0]))
    ]
    assert np.linalg.norm(points @ back - other) <= min(errors)
    assert np.array_equal(find_turn(np.zeros((3, 2)), points[:3]), np.eye(2))


def test_cka_is_its_definition() -> None:
    """It agrees with ‖yᵀx‖² / (‖xᵀx‖·‖yᵀy‖) for centred rows."""
    x, y = cloud(30, 5), cloud(30, 8)
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    wanted = np.linalg.norm(b.T @ a) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
    assert linear_cka(x, y) == pytest.approx(wanted)


def test_debiased_cka_is_its_definition() -> None:
    """It agrees with the unbiased estimate of HSIC, written with traces and sums as in Song et al. (2012)."""

    def hsic(k: Any, l: Any) -> float:
        n = len(k)
        k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))
        ends = k.sum() * l.sum() / ((n - 1) * (n - 2)) - 2 * (k.sum(axis=0) @ l.sum(axis=0)) / (n - 2)
        return float((np.trace(k @ l) + ends) / (n * (n - 3)))

    x, y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 4))
    k, l = x @ x.T, y @ y.T
    assert linear_cka(x, y, debiased=True) == pytest.approx(hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l)))


@pytest.mark.parametrize("debiased", [False, True])
def test_cka_sees_neither_turns_nor_scale_nor_place(debiased: bool) -> None:
    """CKA(x, x) is 1 and stays what it is when either side is turned, scaled or moved; but not when it is stretched."""
    x, y = cloud(30, 5), RNG.normal(size=(30, 7))
    assert linear_cka(x, x, debiased=debiased) == pytest.approx(1.0)
    changed = linear_cka(1e-3 * x @ turn(5) + 4.0, 1e4 * y @ turn(7) - 9.0, debiased=debiased)
    assert changed == pytest.approx(linear_cka(x, y, debiased=debiased), abs=1e-6)
    assert linear_cka(x, x * np.arange(1, 6), debiased=debiased) < 0.99


def test_only_debiased_cka_of_independent_rows_is_near_zero() -> None:
    """With more units than rows chance alone makes the plain form large."""
    x, y = RNG.normal(size=(2, 40, 400))
    assert linear_cka(x, y) > 0.8
    assert abs(linear_cka(x, y, debiased=True)) < 0.1


def test_cka_of_equal_rows_is_no_number() -> None:
    """Where nothing differs nothing can be alike."""
    assert np.isnan(compare_all([np.ones((9, 3))], [cloud(9, 3)])).all()


def test_participation_ratio_counts_dimensions() -> None:
    """A line has 1 and a round cloud all of them; it is (Σλ)² / Σλ² otherwise, and 0 where all rows are equal."""
    assert participation_ratio(np.outer(np.arange(9.0), [1.0, 2.0, 3.0])) == pytest.approx(1.0)
    assert participation_ratio(np.vstack([np.eye(5), -np.eye(5)])) == pytest.approx(5.0)
    assert participation_ratio(np.ones((4, 3))) == 0.0
    for shape in SHAPES:
        rows = cloud(*shape)
        variances = np.linalg.eigvalsh(np.cov(rows.T))
        assert participation_ratio(rows) == pytest.approx(variances.sum() ** 2 / (variances**2).sum())


def test_separation_is_the_share_of_variance_between_classes() -> None:
    """It agrees with the traces of the scatter matrices, is 1 for one point a class, and knows no scale."""
    rows, labels = cloud(40, 6), np.arange(40) % 3
    means = np.array([rows[labels == kind].mean(axis=0) for kind in range(3)])
    within = ((rows - means[labels]) ** 2).sum()
    between = ((means[labels] - rows.mean(axis=0)) ** 2).sum()
    assert class_separation(rows, labels) == pytest.approx(between / (between + within))
    assert class_separation(5 * rows @ turn(6), labels) == pytest.approx(between / (between + within))
    assert class_separation(means[labels], labels) == pytest.approx(1.0)
    assert class_separation(np.ones((40, 2)), labels) == 0.0


def test_a_probe_reads_what_is_there_and_nothing_else() -> None:
    """A class that one unit tells is found; of labels drawn by chance the held-out half is guessed no better."""
    rows = RNG.normal(size=(400, 20))
    assert probe_classes(rows, (rows[:, 3] > 0).astype(np.int64)) > 0.93
    assert probe_classes(rows, RNG.integers(0, 2, 400)) < 0.6
    assert probe_numbers(rows, rows[:, :2] * 3 + 1) > 0.99
    assert probe_numbers(rows, RNG.normal(size=(400, 1))) < 0.1


def test_a_probe_tells_three_classes_in_a_row() -> None:
    """The class in the middle is found too, where least squares would never choose it."""
    rows = np.linspace(0, 3, 300)[:, None]
    assert probe_classes(rows, np.minimum(2, rows[:, 0].astype(np.int64))) > 0.93


def test_a_probe_of_units_that_do_not_vary_goes_by_the_most_frequent_class() -> None:
    """Dead units are no fault: the probe then knows no more than how often each class occurs."""
    labels = np.array([0] * 30 + [1] * 10)
    _, score = halve(40)
    assert probe_classes(np.full((40, 3), 7.0), labels) == pytest.approx(float((labels[score] == 0).mean()))


def test_halves_are_the_same_ones_each_time_and_cover_all_rows() -> None:
    """Each row is in one half, half of them in each."""
    fit, score = halve(11)
    assert sorted([*fit, *score]) == list(range(11))
    assert (len(fit), np.array_equal(fit, halve(11)[0])) == (6, True)


@pytest.mark.parametrize("shape", [(60, 4), (30, 50)])
def test_probes_agree_with_scikit_learn(shape: tuple[int, int]) -> None:
    """Weights are those of LogisticRegression and Ridge of the same penalty, for few and for many units."""
    linear = pytest.importorskip("sklearn.linear_model")
    x = RNG.normal(size=shape)
    labels = (x[:, 0] + 0.5 * RNG.normal(size=len(x)) > 0).astype(np.int64) + (x[:, 1] > 0.5)
    weight, bias = fit_logistic(x, labels, 3, rounds=2000)
    theirs = linear.LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(x, labels)
    assert np.allclose(weight.T, theirs.coef_, atol=1e-4)
    assert np.allclose(bias - bias.mean(), theirs.intercept_, atol=1e-4)
    assert np.mean((x @ fit_logistic(x, labels, 3)[0]).argmax(axis=1) == (x @ weight).argmax(axis=1)) > 0.95
    targets = RNG.normal(size=(len(x), 2))
    targets, centred = targets - targets.mean(axis=0), x - x.mean(axis=0)
    assert np.allclose(fit_ridge(centred, targets).T, linear.Ridge(alpha=1.0).fit(centred, targets).coef_)


def test_components_agree_with_scikit_learn() -> None:
    """Coordinates are those of its PCA, but for the sign."""
    decomposition = pytest.importorskip("sklearn.decomposition")
    rows = cloud(60, 9)
    theirs = decomposition.PCA(2).fit(rows)
    found = find_principal(rows)
    assert np.allclose(np.abs(found.project(rows)), np.abs(theirs.transform(rows)))
    assert np.allclose(found.shares, theirs.explained_variance_ratio_)
