"""Precision against recall of one class against the rest, and what a threshold makes of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.scores.uncertainty import Interval, average_precision_interval, f1_interval
from nnplay.training.trainer import Trainer
from nnplay.views.scored import name_classes, ranks_classes
from nnplay.views.table import Table
from nnplay.views.thresholds import HALF, Cut, count_thresholds, rank_class, thin
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class PrecisionRecall(Output):
    """The curve, its area, and one threshold on it.

    Attributes:
        precision, recall: (P,) from the highest threshold to the lowest.
        cut: the class, the threshold and what it comes to.
        share: of positive rows, which is the precision of guessing.
        average: average precision, and the interval in which it is likely to be.
        f1_interval: where F1 at the threshold is likely to be.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    cut: Cut
    share: float
    average: float
    interval: Interval | None = None
    f1_interval: Interval | None = None


def make_precision_recall(trainer: Trainer, asked: Asked) -> PrecisionRecall:
    """The curve of the class asked for."""
    ranked = rank_class(trainer, asked)
    ranking, cut = ranked.ranking, ranked.cut
    share = ranking.positives / max(1, ranking.positives + ranking.negatives)
    if cut.problem:
        return PrecisionRecall(np.zeros(0), np.zeros(0), cut, share, ranking.average_precision())
    return PrecisionRecall(
        *thin(*ranking.precision_recall()),
        cut,
        share,
        ranking.average_precision(),
        ranked.interval(average_precision_interval),
        ranked.interval(lambda true, scores: f1_interval(true, scores >= cut.threshold, (1,))),
    )


def list_points(shown: PrecisionRecall) -> Table:
    """The points of the curve."""
    return Table(("recall", "precision"), list(zip(shown.recall.tolist(), shown.precision.tolist(), strict=True)))


PRECISION_RECALL = View(
    "precision-recall",
    PrecisionRecall,
    ranks_classes,
    make_precision_recall,
    about="Precision against recall of one class at every threshold; average precision.",
    group="scores",
    item="threshold",
    count=count_thresholds,
    start=HALF,
    places=name_classes,
    place="class",
    order=4,
    table=list_points,
)
