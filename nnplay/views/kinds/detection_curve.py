"""Precision against recall of the objects of one class, as the score falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.average_precision import THRESHOLDS, box_overlaps, match_class
from nnplay.detection.objects import split_target
from nnplay.training.trainer import Trainer
from nnplay.views.found_objects import find_objects, has_objects
from nnplay.views.scored import score_rows
from nnplay.views.table import Table
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class DetectionCurve(Output):
    """Precision and recall (D,) of the first 1, 2, … boxes of a class, the surest first.

    Attributes:
        label: the class.
        averages: average precision at IoU 0.5, 0.55, … 0.95.
        objects: how many there are to be found.
        rows: in which rows of the data, in words.
    """

    label: str
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    averages: NDArray[np.float64]
    objects: int
    rows: str


def make_curve(trainer: Trainer, asked: Asked) -> DetectionCurve:
    """The curve of the class asked for."""
    scored = score_rows(trainer, asked)
    true, _ = split_target(scored.y)
    found = find_objects(trainer, scored.answers)
    matches = match_class(true, found, asked.place, box_overlaps(true, found), THRESHOLDS)
    label = trainer.split.class_names[asked.place]
    return DetectionCurve(label, *matches.curve(), matches.average_precision(), matches.objects, scored.words)


def list_points(shown: DetectionCurve) -> Table:
    """The points of the curve."""
    return Table(("recall", "precision"), list(zip(shown.recall.tolist(), shown.precision.tolist(), strict=True)))


DETECTION_CURVE = View(
    "precision-recall of objects",
    DetectionCurve,
    has_objects,
    make_curve,
    group="scores",
    places=lambda trainer: trainer.split.class_names,
    place="class",
    order=3,
    about="Precision against recall of the boxes of one class at IoU 0.5, the surest first; average precision.",
    table=list_points,
)
