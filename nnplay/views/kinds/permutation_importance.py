"""Permutation importance: how much worse the answers get when one column is shuffled (Breiman, 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.text import counted, figure
from nnplay.training.scores.metrics import regression
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes, has_numbers
from nnplay.views.input_form import input_form
from nnplay.views.rows import count_rows, decide_classes, shown_part, spread_rows
from nnplay.views.table import Table
from nnplay.views.table_columns import input_columns
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
REPEATS: Final = 5
#: Shuffled rows in all, and multiply-adds that they may cost.
_MOST: Final = 60_000
_COST: Final = 4e8
_LEAST_ROWS: Final = 20
#: Means of equal scores are equal, but for their last digits.
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Importance(Output):
    """How much the score falls when a column is shuffled.

    Attributes:
        score: its name, and what it is with all columns in place.
        names: of the columns.
        falls, spreads: mean and standard deviation of the fall over the shuffles, for each column.
        rows: which rows were asked, in words.
    """

    score: str
    names: tuple[str, ...]
    falls: NDArray[np.float64]
    spreads: NDArray[np.float64]
    rows: str


def suits(trainer: Trainer) -> bool:
    """Tables with classes or quantities to tell."""
    told = has_classes(trainer) or (has_numbers(trainer) and trainer.form.measure is None)
    return input_form(trainer) == "columns" and told and len(input_columns(trainer)) > 1


def make_importance(trainer: Trainer, asked: Asked) -> Importance:
    """The fall of accuracy or R² for each column, over five shuffles of validation rows."""
    columns, part = input_columns(trainer), shown_part(trainer)
    copies = REPEATS * len(columns)
    afford = int(min(_MOST, _COST / max(1, trainer.plan.multiply_adds)) / copies)
    count = min(count_rows(trainer), max(_LEAST_ROWS, afford))
    rows = spread_rows(len(part), count)
    x, y = part.x[rows], part.y[rows]
    whole = score_answers(trainer, y, trainer.answers(x))
    falls = np.array([whole - shuffled_scores(trainer, x, y, repeat) for repeat in range(REPEATS)])
    name = "accuracy" if has_classes(trainer) else "R²"
    which = "training row" if trainer.split.validation is None else "validation row"
    asked_rows = f"{counted(len(rows), which)}, {REPEATS} shuffles each"
    names = tuple(column.name for column in columns)
    return Importance(
        f"{name} {figure(whole)}", names, falls.mean(axis=0).round(_DIGITS), falls.std(axis=0), asked_rows
    )


def shuffled_scores(trainer: Trainer, x: Array, y: Array, repeat: int) -> Array:
    """The score with each column (columns,) in the order of permutation number `repeat`; its inputs move together."""
    columns = input_columns(trainer)
    order = rng.permutation(trainer.settings.seed, repeat, len(x))
    copies = np.repeat(x[None], len(columns), axis=0)
    for copy, column in zip(copies, columns, strict=True):
        copy[:, list(column.inputs)] = x[order][:, list(column.inputs)]
    answers = trainer.answers(copies.reshape(-1, *x.shape[1:])).reshape(
        len(columns), len(x), *trainer.plan.output_shape
    )
    return np.array([score_answers(trainer, y, each) for each in answers])


def score_answers(trainer: Trainer, y: Array, answers: Array) -> float:
    """Accuracy for classes, R² for quantities."""
    if has_classes(trainer):
        return float((decide_classes(trainer, answers) == y).mean())
    in_units = trainer.split.scaler.target_in_units
    return regression(in_units(y), in_units(trainer.form.estimate(answers).reshape(y.shape)))["r2"]


def list_columns(shown: Importance) -> Table:
    """How much the score falls, for each column."""
    rows = list(zip(shown.names, shown.falls.tolist(), shown.spreads.tolist(), strict=True))
    return Table(("column", "fall", "standard_deviation"), rows)


PERMUTATION_IMPORTANCE = View(
    "permutation importance",
    Importance,
    suits,
    make_importance,
    about="How much worse the answers get when one column is shuffled.",
    group="why",
    order=4,
    table=list_columns,
)
