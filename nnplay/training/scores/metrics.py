"""Metrics: what a trained network's answers are worth, in the field's usual numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def confusion_matrix(true: Array, predicted: Array, classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): row = true class, column = predicted class.

    Args:
        true, predicted: class labels, of equal shape.
    """
    index = true.ravel().astype(np.int64) * classes + predicted.ravel().astype(np.int64)
    return np.bincount(index, minlength=classes * classes).reshape(classes, classes)


def classification(true: Array, predicted: Array, classes: int, *, places: bool = False) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 averaged over the classes that occur (macro averages, as in scikit-learn).

    For labels per pixel also IoU (intersection over union, Jaccard 1901), averaged over the classes that occur.

    Args:
        true, predicted: class labels, of equal shape.
        places: they are labels per pixel.
    """
    matrix = confusion_matrix(true, predicted, classes)
    hits = np.diag(matrix).astype(float)
    asked, there = matrix.sum(axis=0), matrix.sum(axis=1)
    occurs = (asked + there) > 0
    precision = np.divide(hits, asked, out=np.zeros(classes), where=asked > 0)
    recall = np.divide(hits, there, out=np.zeros(classes), where=there > 0)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros(classes), where=both > 0)
    found = {
        "accuracy": float(hits.sum() / max(1, matrix.sum())),
        "precision": float(precision[occurs].mean()),
        "recall": float(recall[occurs].mean()),
        "f1": float(f1[occurs].mean()),
    }
    if places or true.ndim > 2:
        found["iou"] = float((hits[occurs] / (asked + there - hits)[occurs]).mean())
    return found


def several_labels(true: Array, predicted: Array) -> dict[str, float]:
    """For rows with several labels: the share of labels that are right, of rows without a wrong one, and F1.

    F1 is averaged over the labels that occur (macro average, as in scikit-learn).

    Args:
        true, predicted: chances (N, labels); from one half on a label is there.
    """
    wanted, found = true > 0.5, predicted > 0.5
    right = wanted == found
    hits = (wanted & found).sum(axis=0)
    there = wanted.sum(axis=0) + found.sum(axis=0)
    f1 = np.divide(2.0 * hits, there, out=np.zeros(len(hits)), where=there > 0)
    rows = right.reshape(len(right), -1).all(axis=1)
    occurs = there > 0
    return {
        "accuracy": float(right.mean()),
        "exact": float(rows.mean()),
        "f1": float(f1[occurs].mean()) if occurs.any() else 1.0,
    }


def distributions(true: Array, predicted: Array) -> dict[str, float]:
    """How often the likeliest class is the wanted one, and half the mean distance between two distributions.

    Args:
        true, predicted: probabilities (N, …, C).
    """
    agree = true.argmax(axis=-1) == predicted.argmax(axis=-1)
    distance = np.abs(true.astype(np.float64) - predicted).sum(axis=-1) / 2
    return {"accuracy": float(agree.mean()), "distance": float(distance.mean())}


#: Rows that are compared with each other at the most.
NEIGHBOURS: Final = 4_000
_AT_ONCE: Final = 256


def neighbours(true: Array, places: Array) -> dict[str, float]:
    """The share of rows whose nearest other row has the same label; of the first `NEIGHBOURS` rows.

    Args:
        true: labels (N,).
        places: where each row lies, (N, E).
    """
    z, labels = places[:NEIGHBOURS].astype(np.float64), true[:NEIGHBOURS]
    squares, right = (z**2).sum(axis=1), 0
    for first in range(0, len(z) if len(z) > 1 else 0, _AT_ONCE):
        part = z[first : first + _AT_ONCE]
        away = squares - 2 * part @ z.T
        away[np.arange(len(part)), np.arange(first, first + len(part))] = np.inf
        right += int((labels[away.argmin(axis=1)] == labels[first : first + len(part)]).sum())
    return {"recall@1": right / max(1, len(z))}


def sequences(true: Array, found: Array) -> dict[str, float]:
    """The share of sequences without a mistake, and mistakes a label: insertions, deletions and replacements.

    Args:
        true, found: labels (N, S) and (N, T), 0 behind the last one.
    """
    mistakes = np.array([_edits(t[t != 0], f[f != 0]) for t, f in zip(true, found, strict=True)])
    return {
        "accuracy": float((mistakes == 0).mean()),
        "label_errors": float(mistakes.sum() / max(1, (true != 0).sum())),
    }


def _edits(wanted: Array, found: Array) -> int:
    """Levenshtein's distance of two sequences."""
    costs = np.arange(len(found) + 1)
    for row, label in enumerate(wanted, 1):
        replaced = costs[:-1] + (found != label)
        best = np.concatenate([[row], np.minimum(replaced, costs[1:] + 1)])
        places = np.arange(len(best))
        costs = np.minimum.accumulate(best - places) + places  # insertions, one after the other
    return int(costs[-1])


def regression(true: Array, predicted: Array) -> dict[str, float]:
    """Mean absolute error, root of the mean squared error, and R² (1 is perfect, 0 as good as the mean).

    Args:
        true, predicted: values, of equal size, in the same units.
    """
    wanted = true.astype(np.float64).reshape(len(true), -1)
    error = predicted.astype(np.float64).reshape(wanted.shape) - wanted
    spread = ((wanted - wanted.mean(axis=0)) ** 2).sum()
    residual = (error**2).sum()
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "r2": float(1 - residual / spread) if spread > 0 else float("nan"),
    }
