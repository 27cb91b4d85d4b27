"""How well scores set the rows of one class apart from the rest: ROC, precision and recall, at every threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counts:
    """What calling rows positive from a threshold on comes to."""

    hits: int
    false_alarms: int
    misses: int
    rejections: int

    @property
    def precision(self) -> float:
        """The share of rows called positive that are."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        """The share of positive rows that are called so."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _share(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)

    @property
    def false_positive_rate(self) -> float:
        """The share of negative rows that are called positive."""
        return _share(self.false_alarms, self.false_alarms + self.rejections)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows from the highest score down; those of equal scores are called positive together.

    Attributes:
        thresholds: (S,) the scores that occur, the highest first.
        hits: (S,) positive rows that score as high or higher.
        false_alarms: (S,) negative rows that do.
    """

    thresholds: Floats
    hits: NDArray[np.int64]
    false_alarms: NDArray[np.int64]

    @property
    def positives(self) -> int:
        """How many rows are positive."""
        return int(self.hits[-1]) if len(self.hits) else 0

    @property
    def negatives(self) -> int:
        """How many rows are not."""
        return int(self.false_alarms[-1]) if len(self.hits) else 0

    @property
    def says_something(self) -> bool:
        """Whether there are rows of both kinds."""
        return self.positives > 0 and self.negatives > 0

    def roc(self) -> tuple[Floats, Floats]:
        """False positive rate and recall (S + 1,), from no row called positive to all of them."""
        return np.r_[0.0, self.false_alarms / self.negatives], np.r_[0.0, self.hits / self.positives]

    def precision_recall(self) -> tuple[Floats, Floats]:
        """Precision and recall (S,), from the highest threshold to the lowest."""
        return self.hits / (self.hits + self.false_alarms), self.hits / self.positives

    def auc(self) -> float:
        """The area under the ROC curve: how likely a positive row scores higher than a negative one."""
        if not self.says_something:
            return math.nan
        across, up = self.roc()
        return float(np.sum(np.diff(across) * (up[1:] + up[:-1])) / 2)

    def average_precision(self) -> float:
        """The mean of the precision over steps of recall, without interpolation, as in scikit-learn."""
        if not self.positives:
            return math.nan
        precision, recall = self.precision_recall()
        return float(np.sum(np.diff(recall, prepend=0.0) * precision))

    def count_at(self, threshold: float) -> Counts:
        """What calling rows positive that score `threshold` or more comes to."""
        steps = int(np.searchsorted(-self.thresholds, -threshold, side="right"))
        hits, alarms = (int(each[steps - 1]) if steps else 0 for each in (self.hits, self.false_alarms))
        return Counts(hits, alarms, self.positives - hits, self.negatives - alarms)


def rank(true: Array, scores: Array) -> Ranking:
    """The ranking of rows by their scores.

    Args:
        true: (N,) whether a row is positive.
        scores: (N,) the higher, the likelier it was found to be; all finite.
    """
    order, last = order_scores(scores)
    hits = np.cumsum(np.asarray(true, np.int64)[order])[last]
    return Ranking(np.asarray(scores, np.float64)[order][last], hits, last + 1 - hits)


def order_scores(scores: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows (N,) from the highest score down, and the place in that order of the last row of each score (S,)."""
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    ranked = np.asarray(scores)[order]
    return order, np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True][: len(ranked)])
