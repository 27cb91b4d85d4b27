"""What follows from calling rows positive from a threshold on: what the views of ROC and of precision share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.scores.ranking import Counts, Ranking, rank
from nnplay.training.scores.uncertainty import MOST_ROWS, Interval
from nnplay.training.trainer import Trainer
from nnplay.views.scored import score_classes, score_rows
from nnplay.views.view import Asked

Array = NDArray[Any]
Floats = NDArray[np.float64]
#: Thresholds from the lowest to the highest score: in per cent where scores are probabilities.
STEPS: Final = 101
#: The one that is shown first.
HALF: Final = 50
_MOST_POINTS: Final = 300


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of one class against the rest, called positive from a threshold on.

    Attributes:
        positive: name of the class.
        threshold: the least score that is called positive.
        is_chance: scores are probabilities.
        counts: what that comes to.
        rows: which rows are scored, in words.
        problem: why there is no curve; empty where there is one.
    """

    positive: str
    threshold: float
    is_chance: bool
    counts: Counts
    rows: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One class against the rest.

    Attributes:
        true, scores: (N,) whether a row is of the class, and how likely the network finds that.
        ranking: of these rows.
        cut: at the threshold asked for.
        single: there is one answer in each row.
    """

    true: NDArray[np.bool_]
    scores: NDArray[np.float64]
    ranking: Ranking
    cut: Cut
    single: bool

    def interval(self, find: Callable[[Array, Array], Interval]) -> Interval | None:
        """Where a score is likely to be, if there are so few rows that this says something."""
        if not self.single or not 1 < len(self.true) <= MOST_ROWS or self.cut.problem:
            return None
        found = find(self.true, self.scores)
        return found if np.isfinite(found).all() else None


def rank_class(trainer: Trainer, asked: Asked) -> Ranked:
    """The class asked for against the rest, cut at the threshold asked for."""
    scored = score_rows(trainer, asked)
    classes = score_classes(trainer, scored)
    true, scores, name = classes.true[:, asked.place], classes.scores[:, asked.place], classes.names[asked.place]
    ranking = rank(true, scores)
    low, high = (0.0, 1.0) if classes.are_chances or not len(scores) else (float(scores.min()), float(scores.max()))
    threshold = low + (high - low) * asked.item / (STEPS - 1)
    problem = "" if ranking.says_something else _explain(ranking, name, scored.words)
    single = len(true) == len(scored.rows)
    cut = Cut(name, threshold, classes.are_chances, ranking.count_at(threshold), scored.describe(len(true)), problem)
    return Ranked(true, scores, ranking, cut, single)


def _explain(ranking: Ranking, name: str, rows: str) -> str:
    if not len(ranking.thresholds):
        return "none of the predictions is a finite number"
    return f"all of the {rows} are {name}" if ranking.positives else f"none of the {rows} is {name}"


def count_thresholds(trainer: Trainer, place: int) -> int:
    """How many thresholds there are to choose from."""
    return STEPS


def thin(across: Floats, up: Floats) -> tuple[Floats, Floats]:
    """Points of a curve, no more of them than a screen can show; its ends stay."""
    count = len(across)
    kept = np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).round().astype(np.int64))
    return across[kept], up[kept]
