"""The confusion matrix: how often each class is predicted as each, and the worst mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.text import counted, percent
from nnplay.training.scores.metrics import classification, confusion_matrix
from nnplay.training.scores.uncertainty import MOST_CLASSES, MOST_ROWS, Interval, accuracy_interval, f1_interval
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes
from nnplay.views.rows import decide_classes
from nnplay.views.scored import counts_in_score, score_rows
from nnplay.views.table import Table
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
Score = tuple[str, float, Interval | None]
_WORST = 8


@dataclass(frozen=True, slots=True)
class Confusion(Output):
    """How often each class (row) was predicted as each (column), the worst mistakes, and which rows they are of.

    Attributes:
        matrix: (classes, classes) counts.
        scores: name, score and the interval in which it is likely to be.
        cell: the true and the predicted class under the cursor.
        held_out: the rows are those of the test part.
    """

    matrix: NDArray[np.int64]
    labels: tuple[str, ...]
    worst: tuple[str, ...]
    rows: str = ""
    cell: tuple[int, int] = (0, 0)
    held_out: bool = False
    scores: tuple[Score, ...] = ()


def make_confusion(trainer: Trainer, asked: Asked) -> Confusion:
    """Predicted against true classes; positions of a sequence and pixels of a mask count one by one."""
    scored = score_rows(trainer, asked)
    y, answers = scored.y, scored.answers
    predicted, labels = decide_classes(trainer, answers), trainer.split.class_names
    kept = counts_in_score(trainer, y)
    matrix = confusion_matrix(y[kept], predicted[kept], len(labels))
    cell = (asked.item // len(labels), asked.item % len(labels))
    if y.ndim > 1:
        pairs = _describe_pairs(matrix, labels)
        return Confusion(matrix, labels, pairs, scored.words, cell, asked.held_out)
    chances = trainer.form.probabilities(answers) if trainer.form.probabilities else None
    worst = _describe_mistakes(scored.rows, y, predicted, chances, labels)
    scores = _score(y, predicted, len(labels))
    return Confusion(matrix, labels, worst, scored.words, cell, asked.held_out, scores)


def _score(y: Array, predicted: Array, classes: int) -> tuple[Score, ...]:
    """Accuracy, and F1 averaged over the classes; of few rows with the intervals in which they are likely to be."""
    if not len(y):
        return ()
    found = classification(y, predicted, classes)
    accuracy, f1 = None, None
    if 1 < len(y) <= MOST_ROWS:
        accuracy = accuracy_interval(int((predicted == y).sum()), len(y))
        f1 = f1_interval(y, predicted, range(classes)) if classes <= MOST_CLASSES else None
    return ("accuracy", found["accuracy"], accuracy), ("f1", found["f1"], f1)


def _describe_pairs(matrix: Array, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The pairs of classes that are most often mixed up."""
    wrong = matrix * (1 - np.eye(len(labels), dtype=np.int64))
    pairs = [divmod(int(flat), len(labels)) for flat in np.argsort(-wrong, axis=None, kind="stable")[:_WORST]]
    return tuple(
        f"predicted {labels[answer]}, true {labels[true]}: {counted(int(wrong[true, answer]), 'time')}"
        for true, answer in pairs
        if wrong[true, answer]
    )


def _describe_mistakes(
    rows: Array, y: Array, predicted: Array, chances: Array | None, labels: tuple[str, ...]
) -> tuple[str, ...]:
    """The rows whose true class was found least likely, or the first wrong ones where there are no probabilities."""
    wrong = np.flatnonzero(predicted != y)
    if chances is None:
        return tuple(f"row {rows[k]}: predicted {labels[predicted[k]]}, true {labels[y[k]]}" for k in wrong[:_WORST])
    of_truth = chances[wrong, y[wrong].astype(np.int64)]
    worst = wrong[np.argsort(of_truth)][:_WORST].tolist()
    return tuple(
        f"row {rows[row]}: predicted {_sure(chances[row], predicted[row], labels)}, true "
        f"{_sure(chances[row], int(y[row]), labels)}"
        for row in worst
    )


def _sure(chances: Array, label: int, labels: tuple[str, ...]) -> str:
    """A class and the probability that the network gives it."""
    return f"{labels[label]} {percent(float(chances[label]))}"


def list_counts(shown: Confusion) -> Table:
    """A row for each true class, with how often it is predicted as each."""
    rows = [(label, *counts) for label, counts in zip(shown.labels, shown.matrix.tolist(), strict=True)]
    return Table(("true", *shown.labels), rows)


CONFUSION = View(
    "confusion matrix",
    Confusion,
    has_classes,
    make_confusion,
    order=2,
    about="How often each class is predicted as each, and the worst mistakes.",
    group="scores",
    item="cell",
    count=lambda trainer, place: len(trainer.split.class_names) ** 2,
    table=list_counts,
)
