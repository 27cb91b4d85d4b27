"""Which rows are scored, and what the network says about each class for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.text import counted
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_numbers
from nnplay.views.rows import afford_rows, name_part, shown_part
from nnplay.views.view import Asked

Array = NDArray[Any]
#: Rows, and answers in them (such as pixels), that are scored together.
MOST_ROWS: Final = 10_000
_MOST_ANSWERS: Final = 100_000
#: More targets are the pixels of a picture or the steps of a series; nobody looks at them one by one.
MOST_TARGETS: Final = 64


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows with the network's answers, all of them finite; none whose label is ignored.

    Attributes:
        part: whose rows they are, "validation", "test" or "training".
        data: all rows of that part.
        rows: (N,) which of them are scored.
        y, answers: their targets and the network's outputs (N, …).
        words: which rows those are, as in "765 of 1,000 validation rows".
    """

    part: str
    data: Dataset
    rows: NDArray[np.int64]
    y: Array
    answers: Array
    words: str

    def describe(self, answers: int) -> str:
        """Which rows those are, with so many answers in them where they are steps or pixels."""
        return self.words if answers == len(self.rows) else f"{counted(answers, 'answer')} in {self.words}"


def score_rows(trainer: Trainer, asked: Asked) -> Scored:
    """The rows that are scored: those of the test part if asked for, else those held out for validation."""
    part = name_part(trainer, asked.held_out)
    data = trainer.split.test if part == "test" and trainer.split.test is not None else shown_part(trainer)
    answers_each = max(1, int(np.prod(data.y.shape[1:])))
    count = min(len(data), MOST_ROWS, afford_rows(trainer), max(1, _MOST_ANSWERS // answers_each))
    answers = trainer.answers(data.x[:count])
    counts = np.isfinite(answers.reshape(count, -1)).all(axis=1)
    if data.y.ndim == 1 and trainer.form.ignored is not None:
        counts &= data.y[:count] != trainer.form.ignored
    rows = np.flatnonzero(counts)
    every = counted(len(data), f"{part} row")
    words = every if len(rows) == len(data) else f"{len(rows):,} of {every}"
    return Scored(part, data, rows, data.y[rows], answers[rows], words)


def in_units(trainer: Trainer, scored: Scored) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """True and predicted quantities (N, T) in the targets' own units."""
    unscale = trainer.split.scaler.target_in_units
    return unscale(scored.y), unscale(trainer.form.estimate(scored.answers).reshape(scored.y.shape))


@dataclass(frozen=True, slots=True)
class ClassScores:
    """What the network says about each class.

    Attributes:
        names: of the classes or labels.
        true: (N, K) whether each row, step or pixel is of each class.
        scores: (N, K) how likely the network finds that, or its outputs where the loss gives no probabilities.
        are_chances: they are probabilities.
        exclusive: exactly one class is right.
        right: (N,) whether the class that the network chooses is the right one.
    """

    names: tuple[str, ...]
    true: NDArray[np.bool_]
    scores: NDArray[np.float64]
    are_chances: bool
    exclusive: bool
    right: NDArray[np.bool_]


def ranks_classes(trainer: Trainer) -> bool:
    """Whether the network says of each class how likely it is: of one class each, of several labels, of shares."""
    if has_labels(trainer):
        return trainer.form.measure is None and trainer.form.decide is not None
    return _has_label_columns(trainer)


def gives_chances(trainer: Trainer) -> bool:
    """Whether it does so by probabilities."""
    return ranks_classes(trainer) and (_has_label_columns(trainer) or trainer.form.probabilities is not None)


def has_labels(trainer: Trainer) -> bool:
    """Whether targets are labels of classes."""
    return trainer.split.task == "classification"


def has_quantities(trainer: Trainer) -> bool:
    """Whether targets are quantities in units of their own, a few for each row."""
    few = len(trainer.split.train.target_names) <= MOST_TARGETS
    return has_numbers(trainer) and trainer.form.measure is None and few


def _has_label_columns(trainer: Trainer) -> bool:
    columns = has_numbers(trainer) and trainer.loss.target in ("binary", "distribution")
    return columns and len(trainer.split.train.target_names) <= MOST_TARGETS


def name_classes(trainer: Trainer) -> tuple[str, ...]:
    """Names of the classes, or of several labels."""
    return trainer.split.class_names if has_labels(trainer) else trainer.split.train.target_names


def score_classes(trainer: Trainer, scored: Scored) -> ClassScores:
    """What the network says about each class, for runs that `ranks_classes` has; ignored labels are left out."""
    names, form = name_classes(trainer), trainer.form
    if not has_labels(trainer):
        return _score_columns(trainer, scored, names)
    labels = scored.y.ravel().astype(np.int64)
    chances = form.probabilities(scored.answers) if form.probabilities is not None else None
    scores = _as_columns(scored.answers if chances is None else chances, len(names))
    decided = form.decide(scored.answers).ravel() if form.decide is not None else scores.argmax(axis=1)
    kept = counts_in_score(trainer, labels)
    true = labels[kept, None] == np.arange(len(names))
    return ClassScores(names, true, scores[kept], chances is not None, True, decided[kept] == labels[kept])


def counts_in_score(trainer: Trainer, y: Array) -> NDArray[np.bool_]:
    """Whether the answer for each label (any shape) is scored: not for the one that is ignored."""
    ignored = trainer.form.ignored
    return np.ones(y.shape, bool) if ignored is None else np.asarray(y != ignored)


def _score_columns(trainer: Trainer, scored: Scored, names: tuple[str, ...]) -> ClassScores:
    """Several labels a row, from one half on; of probabilities that sum to 1 the likeliest class."""
    scores = np.asarray(trainer.form.estimate(scored.answers), np.float64).reshape(scored.y.shape)
    if trainer.loss.target == "distribution":
        true = scored.y.argmax(axis=1)[:, None] == np.arange(len(names))
        return ClassScores(names, true, scores, True, True, scores.argmax(axis=1) == scored.y.argmax(axis=1))
    true = scored.y > 0.5
    return ClassScores(names, true, scores, True, False, (true == (scores > 0.5)).all(axis=1))


def _as_columns(answers: Array, classes: int) -> NDArray[np.float64]:
    """A column for each class; of two classes that share one output the first has its negative."""
    columns = np.asarray(answers, np.float64).reshape(-1, answers.shape[-1])
    return np.hstack([-columns, columns]) if columns.shape[1] == 1 and classes == 2 else columns
