"""Linear probes: how much of the target can be read off a layer by a linear model (Alain and Bengio, 2016).

Half of the rows, drawn with a fixed seed, fit the model, and the other half score it. Units are scaled to mean 0 and
variance 1 by the first half, so one penalty suits every layer.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
#: Weight of ½·‖w‖² beside the summed loss: scikit-learn's `C` and `alpha` of 1.
PENALTY: Final = 1.0
_ROUNDS: Final = 40
#: A unit that varies by less than this share of its size does not vary.
_FLAT: Final = 1e-6


def probe_classes(rows: NDArray[Any], labels: Labels) -> float:
    """Share of held-out rows (N, D) that a logistic regression puts into the right one of at least two classes."""
    x, fit, score = _prepare(rows)
    kinds, numbers = np.unique(labels, return_inverse=True)
    x = x.astype(np.float32)  # exact enough to tell which class is likeliest, in half the time
    weight, bias = fit_logistic(x[fit], numbers[fit], len(kinds))
    return float(((x[score] @ weight + bias).argmax(axis=1) == numbers[score]).mean())


def probe_numbers(rows: NDArray[Any], targets: Floats) -> float:
    """R² of a ridge regression of targets (N, T) on held-out rows (N, D); below 0 where their mean would do better."""
    x, fit, score = _prepare(rows)
    mean = targets[fit].mean(axis=0)
    answers = x[score] @ fit_ridge(x[fit], targets[fit] - mean) + mean
    left = float(((targets[score] - answers) ** 2).sum())
    whole = float(((targets[score] - targets[score].mean(axis=0)) ** 2).sum())
    return 1.0 - left / whole if whole > 0 else 0.0


def fit_logistic(x: NDArray[Any], labels: Labels, classes: int, rounds: int = _ROUNDS) -> tuple[Floats, Floats]:
    """Weights (D, K) and bias (K,) of a multinomial logistic regression on rows (N, D) with labels below K.

    It is worked out in the precision of the rows.

    Where there are more units than rows, it is fitted in the space that the rows span: the best weights lie in it.
    """
    if x.shape[1] > len(x):
        span = np.linalg.qr(x.T)[0]  # unit vectors (D, N) at right angles, of which the rows are sums
        weight, bias = _descend(x @ span, labels, classes, rounds)
        return span @ weight, bias
    return _descend(x, labels, classes, rounds)


def _descend(x: NDArray[Any], labels: Labels, classes: int, rounds: int) -> tuple[Floats, Floats]:
    """As `fit_logistic`, in the space that x is given in.

    No curvature is above ½·xᵀx, so steps by its inverse, found once, need no search (Böhning, 1992); momentum as of
    Nesterov makes them fewer.
    """
    rows = np.column_stack([x, np.ones(len(x), x.dtype)])
    penalty = np.append(np.full(x.shape[1], PENALTY), 1e-6).astype(x.dtype)
    step = np.linalg.inv(0.5 * rows.T @ rows + np.diag(penalty))
    wanted = np.eye(classes, dtype=x.dtype)[labels]
    weight = ahead = np.zeros((rows.shape[1], classes), x.dtype)
    for round_ in range(rounds):
        gradient = rows.T @ (_softmax(rows @ ahead) - wanted) + penalty[:, None] * ahead
        before, weight = weight, ahead - step @ gradient
        ahead = weight + round_ / (round_ + 3) * (weight - before)
    return weight[:-1], weight[-1]


def fit_ridge(x: Floats, targets: Floats) -> Floats:
    """Weights (D, T) of a ridge regression of centred targets (N, T) on centred rows (N, D)."""
    if x.shape[1] > len(x):
        return np.asarray(x.T @ np.linalg.solve(x @ x.T + PENALTY * np.eye(len(x)), targets))
    return np.asarray(np.linalg.solve(x.T @ x + PENALTY * np.eye(x.shape[1]), x.T @ targets))


def halve(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows that fit a probe and those that score it: always the same ones of so many rows."""
    order = np.argsort(rng.uniform(0, rng.SHUFFLE, 0, (count,)), kind="stable")
    return order[: (count + 1) // 2], order[(count + 1) // 2 :]


def _prepare(rows: NDArray[Any]) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Scaled rows, and both halves."""
    fit, score = halve(len(rows))
    x = rows.astype(np.float64)
    mean, deviation = x[fit].mean(axis=0), x[fit].std(axis=0)
    varies = deviation > _FLAT * np.abs(mean)
    return np.where(varies, (x - mean) / np.where(varies, deviation, 1.0), 0.0), fit, score


def _softmax(z: Floats) -> Floats:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
