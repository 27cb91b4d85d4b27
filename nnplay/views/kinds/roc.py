"""The ROC curve of one class against the rest, and what a threshold makes of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.scores.uncertainty import Interval, auc_interval
from nnplay.training.trainer import Trainer
from nnplay.views.scored import name_classes, ranks_classes
from nnplay.views.table import Table
from nnplay.views.thresholds import HALF, Cut, count_thresholds, rank_class, thin
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class Roc(Output):
    """The curve, its area, and one threshold on it.

    Attributes:
        false_positive_rate, recall: (P,) from no row called positive to all of them.
        cut: the class, the threshold and what it comes to.
        auc: area under the curve, and the interval in which it is likely to be.
    """

    false_positive_rate: NDArray[np.float64]
    recall: NDArray[np.float64]
    cut: Cut
    auc: float
    interval: Interval | None = None


def make_roc(trainer: Trainer, asked: Asked) -> Roc:
    """The curve of the class asked for."""
    ranked = rank_class(trainer, asked)
    if ranked.cut.problem:
        return Roc(np.zeros(0), np.zeros(0), ranked.cut, ranked.ranking.auc())
    across, up = thin(*ranked.ranking.roc())
    return Roc(across, up, ranked.cut, ranked.ranking.auc(), ranked.interval(auc_interval))


def list_points(shown: Roc) -> Table:
    """The points of the curve."""
    rows = list(zip(shown.false_positive_rate.tolist(), shown.recall.tolist(), strict=True))
    return Table(("false_positive_rate", "recall"), rows)


ROC = View(
    "ROC",
    Roc,
    ranks_classes,
    make_roc,
    about="Recall against false alarms of one class at every threshold; AUC.",
    group="scores",
    item="threshold",
    count=count_thresholds,
    start=HALF,
    places=name_classes,
    place="class",
    order=3,
    table=list_points,
)
