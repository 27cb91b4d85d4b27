"""How good the network is for some of the rows: by category, or by quarters of a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.scores.slicing import Slice, slice_by_category, slice_by_number
from nnplay.training.scores.uncertainty import MOST_ROWS, Interval, accuracy_interval, mean_interval
from nnplay.training.trainer import Trainer
from nnplay.views.rows import decide_classes
from nnplay.views.scored import Scored, counts_in_score, has_labels, has_quantities, in_units, ranks_classes, score_rows
from nnplay.views.table import Table, ends
from nnplay.views.table_columns import slice_column, table_columns
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
#: The last place where each row has one class.
TRUE_CLASS: Final = "true class"


@dataclass(frozen=True, slots=True)
class SliceScore:
    """A slice with its score.

    Attributes:
        name: what its rows have in common.
        count: how many there are.
        score: their accuracy or mean absolute error.
        interval: in which that is likely to be; None with very many rows.
    """

    name: str
    count: int
    score: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Slices(Output):
    """The score of each slice by one column.

    Attributes:
        column: by which rows are told apart.
        metric: "accuracy" or "mae".
        target: whose errors these are, where there are several.
        whole: all rows together.
        slices: by the column.
        rows: which rows are scored.
    """

    column: str
    metric: str
    target: str
    whole: SliceScore | None
    slices: tuple[SliceScore, ...]
    rows: str


def suits(trainer: Trainer) -> bool:
    """Classes, labels or quantities, and something to tell rows apart by."""
    return (ranks_classes(trainer) or has_quantities(trainer)) and bool(name_places(trainer))


def make_slices(trainer: Trainer, asked: Asked) -> Slices:
    """The score by the column asked for."""
    scored, place = score_rows(trainer, asked), name_places(trainer)[asked.place]
    values = _score_each(trainer, scored, asked.item)
    metric = "mae" if has_quantities(trainer) else "accuracy"
    target = trainer.split.train.target_names[asked.item] if count_targets(trainer, 0) > 1 else ""
    if not len(values):
        return Slices(place, metric, target, None, (), scored.words)
    whole = _score("all rows", values)
    parts = tuple(_score(each.name, values[each.rows]) for each in _cut(trainer, scored, asked.place))
    return Slices(place, metric, target, whole, parts, scored.words)


def _score_each(trainer: Trainer, scored: Scored, target: int) -> Array:
    """Of each row whether it is right, or which share of it is; of quantities the absolute error of a target."""
    if has_quantities(trainer):
        true, predicted = in_units(trainer, scored)
        return np.asarray(np.abs(true - predicted)[:, target])
    if not has_labels(trainer):
        estimate = trainer.form.estimate(scored.answers).reshape(scored.y.shape)
        if trainer.loss.target == "distribution":
            return np.asarray(estimate.argmax(axis=1) == scored.y.argmax(axis=1))
        return np.asarray(((estimate > 0.5) == (scored.y > 0.5)).mean(axis=1))
    right = np.asarray(decide_classes(trainer, scored.answers) == scored.y)
    if scored.y.ndim == 1:
        return right
    counts = counts_in_score(trainer, scored.y).reshape(len(right), -1)
    return np.asarray((right.reshape(counts.shape) & counts).sum(axis=1) / np.maximum(1, counts.sum(axis=1)))


def _score(name: str, values: Array) -> SliceScore:
    if values.dtype == bool:
        interval: Interval | None = accuracy_interval(int(values.sum()), len(values))
    else:
        interval = mean_interval(values) if len(values) <= MOST_ROWS else None
    return SliceScore(name, len(values), float(values.mean()), interval)


def _cut(trainer: Trainer, scored: Scored, place: int) -> tuple[Slice, ...]:
    """The rows by a column of the table, or by what is to be learned."""
    columns = table_columns(trainer)
    if place < len(columns):
        return slice_column(trainer, scored.data, scored.rows, columns[place])
    if has_labels(trainer):
        return slice_by_category(scored.y.astype(np.int64), trainer.split.class_names)
    return slice_by_number(trainer.split.scaler.target_in_units(scored.y)[:, place - len(columns)])


def name_places(trainer: Trainer) -> tuple[str, ...]:
    """The columns of the table, and the true class or the targets."""
    names = tuple(column.name for column in table_columns(trainer))
    if has_labels(trainer):
        return (*names, TRUE_CLASS) if trainer.split.train.y.ndim == 1 else names
    return (*names, *(f"true {target}" for target in trainer.split.train.target_names))


def count_targets(trainer: Trainer, place: int) -> int:
    """The targets whose errors can be looked at one by one."""
    return len(trainer.split.train.target_names) if has_quantities(trainer) else 1


def list_slices(shown: Slices) -> Table:
    """A row for each slice, below that of all rows."""
    found = [each for each in (shown.whole, *shown.slices) if each is not None]
    rows = [(each.name, each.count, each.score, *ends(each.interval)) for each in found]
    return Table((shown.column, "rows", shown.metric, "low", "high"), rows)


SLICES = View(
    "slices",
    Slices,
    suits,
    make_slices,
    about="The score by category, or by quarters of a column: who is served badly.",
    group="scores",
    item="target",
    count=count_targets,
    places=name_places,
    place="column",
    order=7,
    table=list_slices,
)
