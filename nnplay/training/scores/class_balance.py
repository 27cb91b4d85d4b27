"""Weights that follow from how common classes are among the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.records.loss import Loss


def balanced(loss: Loss, train: Dataset) -> Loss:
    """The loss with numbers in place of the word `balanced`.

    A class weighs rows / (classes · its rows), as in scikit-learn; one without training rows weighs 1. The positive
    rows of a label weigh its negative rows / its positive rows.
    """
    chosen = {name for name, value in loss.values.items() if value == "balanced"}
    if not chosen:
        return loss
    weights = {"class_weights": class_weights, "pos_weight": positive_weights}
    numbers = {name: ",".join(f"{weight:.17g}" for weight in weights[name](train)) for name in chosen}
    return loss.with_values(**numbers)


def class_weights(train: Dataset) -> NDArray[np.float64]:
    """What each class weighs, (classes,); columns of probabilities count by what they sum to."""
    if train.task == "regression":
        counts = train.y.reshape(-1, train.y.shape[-1]).sum(axis=0, dtype=np.float64)
    else:
        counts = np.bincount(train.y.ravel(), minlength=train.outputs).astype(np.float64)
    return _ratios(np.full(len(counts), counts.sum() / len(counts)), counts)


def positive_weights(train: Dataset) -> NDArray[np.float64]:
    """What the positive rows of each label weigh, (labels,)."""
    y: NDArray[Any] = train.y.reshape(-1, train.y.shape[-1]) if train.task == "regression" else train.y.reshape(-1, 1)
    positive = y.sum(axis=0, dtype=np.float64)
    return _ratios(len(y) - positive, positive)


def _ratios(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.ones(len(above)), where=below > 0)
