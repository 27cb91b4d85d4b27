"""Whether probabilities can be believed: how often what is given 80 % is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.scores.calibration import Reliability, brier, reliability
from nnplay.training.scores.uncertainty import Interval, accuracy_interval
from nnplay.training.trainer import Trainer
from nnplay.views.scored import ClassScores, gives_chances, has_labels, name_classes, score_classes, score_rows
from nnplay.views.table import Table, ends
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
#: The first place: the class that the network chooses, or every label of several.
CHOSEN: Final = "chosen class"
EVERY: Final = "every label"


@dataclass(frozen=True, slots=True)
class Calibration(Output):
    """Probabilities against how often they come true.

    Attributes:
        of: whose probabilities these are.
        bins: answers by their probability.
        intervals: where the share of true ones is likely to be in each bin; None for an empty one.
        brier: Brier's score.
        mean, share: mean probability of all answers, and the share of them that came true.
        rows: which rows are scored.
    """

    of: str
    bins: Reliability
    intervals: tuple[Interval | None, ...]
    brier: float
    mean: float
    share: float
    rows: str


def make_calibration(trainer: Trainer, asked: Asked) -> Calibration:
    """The class that the network chooses, or how likely it finds one of them."""
    scored = score_rows(trainer, asked)
    classes = score_classes(trainer, scored)
    place = name_places(trainer)[asked.place]
    true, chances, error = _choose(classes, asked.place)
    bins = reliability(true, chances)
    pairs = zip(bins.right.tolist(), bins.counts.tolist(), strict=True)
    intervals = tuple(accuracy_interval(right, count) if count else None for right, count in pairs)
    share, mean = (float(each.mean()) if len(true) else float("nan") for each in (true, chances))
    rows = scored.describe(len(classes.true))
    return Calibration(place, bins, intervals, error, mean, share, rows)


def _choose(classes: ClassScores, place: int) -> tuple[Array, Array, float]:
    """Whether answers (M,) are true, their probabilities, and Brier's score.

    That of two classes counts one of them, as it does everywhere.
    """
    if not len(classes.true):
        return np.zeros(0, bool), np.zeros(0), float("nan")
    if place > 0:
        true, chances = classes.true[:, place - 1], classes.scores[:, place - 1]
        return true, chances, brier(true, chances)
    if not classes.exclusive:
        return classes.true.ravel(), classes.scores.ravel(), brier(classes.true.ravel(), classes.scores.ravel())
    halved = 2 if classes.true.shape[1] == 2 else 1
    return classes.right, classes.scores.max(axis=1), brier(classes.true, classes.scores) / halved


def name_places(trainer: Trainer) -> tuple[str, ...]:
    """All answers together, and each class by itself."""
    exclusive = has_labels(trainer) or trainer.loss.target == "distribution"
    return (CHOSEN if exclusive else EVERY, *name_classes(trainer))


def list_bins(shown: Calibration) -> Table:
    """A row for each bin of probabilities."""
    bins = zip(shown.bins.chances.tolist(), shown.bins.shares.tolist(), shown.bins.counts.tolist(), strict=True)
    rows = [(*each, *ends(interval)) for each, interval in zip(bins, shown.intervals, strict=True)]
    return Table(("probability", "share_true", "rows", "share_low", "share_high"), rows)


CALIBRATION = View(
    "calibration",
    Calibration,
    gives_chances,
    make_calibration,
    about="Whether probabilities can be believed: how often what is given 80 % is true.",
    group="scores",
    places=name_places,
    place="class",
    order=5,
    table=list_bins,
)
