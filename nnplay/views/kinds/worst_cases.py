"""The rows that are missed most, and why that may be: what is unusual in them, and what is like them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import figure, percent
from nnplay.training.scores.unusual import deviations, nearest_rows
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_symbols, one_class_per_row
from nnplay.views.rows import count_drawn, decide_classes
from nnplay.views.scored import Scored, counts_in_score, has_labels, has_quantities, ranks_classes, score_rows
from nnplay.views.table import Table, Value
from nnplay.views.table_columns import is_table
from nnplay.views.view import Asked, Output, View
from nnplay.views.worst_example import measure_misses

Array = NDArray[Any]
#: Rows that are listed at the most.
MOST_CASES: Final = 50
#: Standard deviations from which on an input is unusual.
UNUSUAL: Final = 2.0
#: How far off a row is: what the network gave its true class, its wrong labels or steps, the difference from the truth.
CHANCE: Final = "prob. of true"
WRONG: Final = "wrong"
ERROR: Final = "error"
#: The same as columns of a table for other programs.
_COLUMNS: Final = {CHANCE: "true_class_probability"}
_MOST_INPUTS = 5
_NEAREST = 3
_MOST_VALUES = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A row that is missed.

    Attributes:
        row: its number in the whole data set.
        true, predicted: what is wanted and what is answered, in words.
        how: how far off that is, in words, as `measure` of the view says.
        off: the same as a number: the probability of the truth, the error in its own units, how many are wrong.
        right: whether the answer is the right one after all.
        target: which of several targets has that error.
    """

    row: int
    true: str
    predicted: str
    how: str
    off: float = math.nan
    right: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True)
class Odd:
    """An input in which a row is unusual: its value and the usual one in its own units, and by how many deviations."""

    name: str
    value: float
    usual: float
    deviations: float


@dataclass(frozen=True, slots=True)
class Near:
    """A training row that is like the case: its number in the whole data set, its target, and how far away it is."""

    row: int
    target: str
    distance: float


@dataclass(frozen=True, slots=True)
class WorstCases(Output):
    """The rows that are missed most, and one of them closely.

    Attributes:
        cases: the worst first.
        measure: what is said of how far off they are: one of `CHANCE`, `WRONG` and `ERROR`, or nothing.
        at: which of them is looked at.
        example: its number among the examples of the part.
        among: the training rows that it is compared with, in words.
        odd: inputs in which it is unusual among them; None where inputs have no meaning one by one.
        near: training rows that are like it; of classes the nearest of its own and of another one.
        rows: which rows are scored.
    """

    cases: tuple[Case, ...]
    measure: str
    at: int
    example: int
    among: str
    odd: tuple[Odd, ...] | None
    near: tuple[Near, ...]
    rows: str


def suits(trainer: Trainer) -> bool:
    """Classes, labels, or quantities."""
    return ranks_classes(trainer) or has_quantities(trainer)


def make_worst_cases(trainer: Trainer, asked: Asked) -> WorstCases:
    """The rows that are missed most, and why that may be of the one asked for."""
    scored = score_rows(trainer, asked)
    if not len(scored.rows):
        return WorstCases((), "", 0, 0, "", None, (), scored.words)
    worst = np.argsort(-measure_misses(trainer, scored.y, scored.answers), kind="stable")[:MOST_CASES]
    at = asked.item % len(worst)
    cases = _describe(trainer, scored, worst)
    example = int(scored.rows[worst[at]])
    x, label = scored.data.x[example], int(scored.y[worst[at]]) if one_class_per_row(trainer) else None
    among = f"training rows of {trainer.split.class_names[label]}" if label is not None else "the training rows"
    odd = _find_odd(trainer, x, label) if is_table(trainer) else None
    near = () if has_symbols(trainer) else _find_near(trainer, x, label)
    return WorstCases(cases, _name_measure(trainer), at, example, among, odd, near, scored.words)


def _name_measure(trainer: Trainer) -> str:
    if one_class_per_row(trainer):
        return CHANCE if trainer.form.probabilities is not None else ""
    return WRONG if ranks_classes(trainer) else ERROR


def _describe(trainer: Trainer, scored: Scored, worst: Array) -> tuple[Case, ...]:
    """The worst rows in words."""
    y, answers = scored.y[worst], scored.answers[worst]
    numbers = {
        "validation": trainer.split.indices.validation,
        "test": trainer.split.indices.test,
        "training": trainer.split.indices.train,
    }[scored.part]
    rows = [int(numbers[row]) if row < len(numbers) else int(row) for row in scored.rows[worst]]
    if not has_labels(trainer):
        return _describe_numbers(trainer, rows, y, answers)
    decided, names = decide_classes(trainer, answers), trainer.split.class_names
    if y.ndim > 1:
        counts = counts_in_score(trainer, y).reshape(len(y), -1)
        wrong = (decided != y).reshape(len(y), -1) & counts
        pairs = zip(rows, wrong, counts.sum(axis=1).tolist(), strict=True)
        return tuple(_count_wrong(row, each, f" of {size:,}") for row, each, size in pairs)
    chances = trainer.form.probabilities(answers) if trainer.form.probabilities is not None else None
    given = np.full(len(y), np.nan) if chances is None else chances[np.arange(len(y)), y.astype(np.int64)]
    return tuple(
        Case(
            row,
            names[int(y[k])],
            names[int(decided[k])],
            "" if chances is None else percent(float(given[k])),
            float(given[k]),
            bool(decided[k] == y[k]),
        )
        for k, row in enumerate(rows)
    )


def _count_wrong(row: int, wrong: Array, of: str = "", true: str = "", predicted: str = "") -> Case:
    """A row with many answers, of which some are wrong."""
    count = int(wrong.sum())
    return Case(row, true, predicted, f"{count:,}{of}", count, not count)


def _describe_numbers(trainer: Trainer, rows: list[int], y: Array, answers: Array) -> tuple[Case, ...]:
    """Quantities in their own units, with the largest error; of several labels those that are there."""
    estimate = trainer.form.estimate(answers).reshape(y.shape)
    names = trainer.split.train.target_names
    if ranks_classes(trainer):
        wrong = (estimate > 0.5) != (y > 0.5)
        return tuple(
            _count_wrong(row, wrong[k], "", _labels(y[k], names), _labels(estimate[k], names))
            for k, row in enumerate(rows)
        )
    true, given = (trainer.split.scaler.target_in_units(each) for each in (y, estimate))
    far = np.abs(estimate - y).argmax(axis=1)
    errors = np.take_along_axis(true - given, far[:, None], axis=1)[:, 0]
    targets = ["" if len(names) == 1 else names[k] for k in far]
    return tuple(
        Case(row, _values(true[k]), _values(given[k]), f"{name} {figure(error)}".lstrip(), error, target=name)
        for k, (row, name, error) in enumerate(zip(rows, targets, errors.tolist(), strict=True))
    )


def _labels(chances: Array, names: tuple[str, ...]) -> str:
    there = [names[k] for k in np.flatnonzero(chances > 0.5)]
    return ", ".join(there) or "none"


def _values(values: Array) -> str:
    return " ".join(figure(float(value)) for value in values[:_MOST_VALUES]) + (
        " …" if len(values) > _MOST_VALUES else ""
    )


def _find_odd(trainer: Trainer, x: Array, label: int | None) -> tuple[Odd, ...]:
    """The inputs in which a row is most unusual among training rows of its own class, or among all."""
    train, drawn = trainer.split.train, count_drawn(trainer.split)
    others = train.x[:drawn] if label is None else train.x[:drawn][train.y[:drawn] == label]
    if len(others) < 2:
        return ()
    away, mean, _ = deviations(x, others)
    value, usual = trainer.split.scaler.inverse(np.stack([x, mean]))
    most = np.argsort(-np.abs(away), kind="stable")[:_MOST_INPUTS]
    names = train.feature_names
    return tuple(
        Odd(names[k], float(value[k]), float(usual[k]), float(away[k])) for k in most if abs(away[k]) >= UNUSUAL
    )


def _find_near(trainer: Trainer, x: Array, label: int | None) -> tuple[Near, ...]:
    """The training rows nearest to a row; of classes the nearest of its own one and of any other one."""
    train, drawn = trainer.split.train, count_drawn(trainer.split)
    if label is None:
        groups, count = [np.arange(drawn)], _NEAREST
    else:
        same = train.y[:drawn] == label
        groups, count = [np.flatnonzero(same), np.flatnonzero(~same)], 1
    found = []
    for rows in groups:
        nearest, away = nearest_rows(x, train.x[rows], count)
        found += [_name_near(trainer, int(rows[k]), float(far)) for k, far in zip(nearest, away, strict=True)]
    return tuple(found)


def _name_near(trainer: Trainer, row: int, distance: float) -> Near:
    train = trainer.split.train
    number = int(trainer.split.indices.train[row])
    if train.y.ndim == 1:
        return Near(number, trainer.split.class_names[int(train.y[row])], distance)
    target = "" if has_labels(trainer) else _values(trainer.split.scaler.target_in_units(train.y[row : row + 1])[0])
    return Near(number, target, distance)


def count_cases(trainer: Trainer, place: int) -> int:
    """The rows that are listed."""
    return min(MOST_CASES, len(trainer.split.validation or trainer.split.train))


def list_cases(shown: WorstCases) -> Table:
    """The cases, the worst first: what is not known of any of them has no column."""
    columns: list[tuple[str, Sequence[Value]]] = [
        ("row", [case.row for case in shown.cases]),
        ("true", [case.true for case in shown.cases]),
        ("predicted", [case.predicted for case in shown.cases]),
        ("target", [case.target for case in shown.cases]),
        (_COLUMNS.get(shown.measure, shown.measure), [case.off for case in shown.cases]),
    ]
    kept = [(name, values) for name, values in columns if name and any(value != "" for value in values)]
    return Table(tuple(name for name, _ in kept), list(zip(*(values for _, values in kept), strict=True)))


WORST_CASES = View(
    "worst cases",
    WorstCases,
    suits,
    make_worst_cases,
    about="The rows that are missed most, what is unusual in them, and the training rows like them.",
    group="scores",
    item="case",
    count=count_cases,
    order=6,
    table=list_cases,
)
