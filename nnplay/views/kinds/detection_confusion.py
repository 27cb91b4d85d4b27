"""Which objects are predicted as which, which are missed, and where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.average_precision import confusion
from nnplay.detection.objects import split_target
from nnplay.training.trainer import Trainer
from nnplay.views.found_objects import find_objects, has_objects
from nnplay.views.scored import score_rows
from nnplay.views.table import Table
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class DetectionConfusion(Output):
    """Counts (classes + 1, classes + 1): true by predicted class; the last row is background, the last column missed.

    Attributes:
        labels: names of the classes.
        cell: the true and the predicted class under the cursor.
        rows: of which rows of the data, in words.
    """

    matrix: NDArray[np.int64]
    labels: tuple[str, ...]
    cell: tuple[int, int]
    rows: str


def make_confusion(trainer: Trainer, asked: Asked) -> DetectionConfusion:
    """Predicted against true classes, among boxes with a score of one half at least."""
    scored = score_rows(trainer, asked)
    true, _ = split_target(scored.y)
    labels = trainer.split.class_names
    matrix = confusion(true, find_objects(trainer, scored.answers), len(labels))
    return DetectionConfusion(matrix, labels, divmod(asked.item, len(labels) + 1), scored.words)


def list_counts(shown: DetectionConfusion) -> Table:
    """A row for each true class and background, with how often it is predicted as each class, or missed."""
    names = (*shown.labels, "background")
    rows = [(label, *counts) for label, counts in zip(names, shown.matrix.tolist(), strict=True)]
    return Table(("true", *shown.labels, "missed"), rows)


DETECTION_CONFUSION = View(
    "confusion of objects",
    DetectionConfusion,
    has_objects,
    make_confusion,
    group="scores",
    item="cell",
    count=lambda trainer, place: (len(trainer.split.class_names) + 1) ** 2,
    order=2,
    about="Which objects are predicted as which, which are missed, and boxes where there is only background; of boxes "
    "with a score of 0.5 or more, however many others there are.",
    table=list_counts,
)
