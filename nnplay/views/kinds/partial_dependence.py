"""Partial dependence: the answer, averaged over rows, as one column takes each of its values (Friedman, 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import counted
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes, has_numbers
from nnplay.views.input_form import in_units, input_form
from nnplay.views.rows import shown_part, spread_rows
from nnplay.views.table import Table
from nnplay.views.table_columns import TableColumn, input_columns
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
_GRID: Final = 40
_MOST_LINES: Final = 6
_MOST_ROWS: Final = 400
#: Rows in all, and multiply-adds that they may cost.
_ALL: Final = 16_000
_COST: Final = 3e8


@dataclass(frozen=True, slots=True)
class Dependence(Output):
    """How the mean answer goes with one column.

    Attributes:
        column: its name.
        x: its values (n,), in its own unit; numbers of `categories` where it has those.
        lines: name and mean answer (n,) of each class or of the target.
        answer: what the lines show.
        seen: values of the column in the rows that were asked.
        rows: which rows those are, in words.
    """

    column: str
    x: NDArray[np.float64]
    lines: tuple[tuple[str, NDArray[np.float64]], ...]
    answer: str
    seen: NDArray[np.float64]
    categories: tuple[str, ...] = ()
    rows: str = ""


def suits(trainer: Trainer) -> bool:
    """Tables with one class for each row, or quantities to tell."""
    told = trainer.form.decide is not None if has_classes(trainer) else has_numbers(trainer)
    return input_form(trainer) == "columns" and told and trainer.split.train.y.ndim <= 2


def place_names(trainer: Trainer) -> tuple[str, ...]:
    """The columns."""
    return tuple(column.name for column in input_columns(trainer))


def make_dependence(trainer: Trainer, asked: Asked) -> Dependence:
    """The mean answer over validation rows for each of up to 40 values of a column."""
    column = input_columns(trainer)[asked.place]
    part = shown_part(trainer)
    afford = int(min(_ALL, _COST / max(1, trainer.plan.multiply_adds)) / _GRID)
    x = part.x[spread_rows(len(part), min(_MOST_ROWS, afford))]
    seen = in_units(trainer, part.x)[:, list(column.inputs)]
    seen = seen.argmax(axis=1).astype(np.float64) if len(column.inputs) > 1 else seen[:, 0]
    grid = _values_of(column, seen)
    answers = trainer.answers(_put(trainer, column, x, grid).reshape(-1, *x.shape[1:]))
    names, told, kind = _tell(trainer, answers, asked.item)
    means = told.reshape(len(grid), len(x), -1).astype(np.float64).mean(axis=1)
    shown = np.sort(np.argsort(-np.ptp(means, axis=0), kind="stable")[:_MOST_LINES]).tolist()
    which = counted(len(x), "training row" if trainer.split.validation is None else "validation row")
    lines = tuple((names[k], means[:, k]) for k in shown)
    return Dependence(column.name, grid, lines, kind, seen, column.categories, which)


def _values_of(column: TableColumn, seen: Array) -> Array:
    """Every value where there are few, else a grid over all but the outermost hundredths."""
    if column.categories:
        return np.arange(len(column.categories), dtype=np.float64)
    values = np.unique(seen)
    if len(values) <= _GRID // 3:
        return values
    low, high = np.quantile(seen, (0.01, 0.99))
    return np.linspace(float(low), float(high), _GRID)


def _put(trainer: Trainer, column: TableColumn, x: Array, grid: Array) -> Array:
    """Copies of all rows (values, N, …), each with one value in the column."""
    copies = np.repeat(x[None], len(grid), axis=0)
    scaler, first = trainer.split.scaler, column.inputs[0]
    if len(column.inputs) > 1:
        copies[..., list(column.inputs)] = np.eye(len(column.inputs))[grid.astype(np.int64)][:, None, :]
        return copies
    offset, scale = (np.broadcast_to(part, x.shape[1:])[first] for part in (scaler.offset, scaler.scale))
    copies[..., first] = ((grid - offset) / scale)[:, None]
    return copies


def _tell(trainer: Trainer, answers: Array, target: int) -> tuple[tuple[str, ...], Array, str]:
    """Names, numbers (N, lines) and what they are: probabilities where the loss has them, else outputs."""
    if has_classes(trainer):
        if trainer.form.probabilities is not None:
            return trainer.split.class_names, trainer.form.probabilities(answers), "probability"
        flat = answers.reshape(len(answers), -1)
        names = trainer.split.class_names if flat.shape[1] == len(trainer.split.class_names) else ()
        return names or tuple(f"output {k}" for k in range(flat.shape[1])), flat, "output"
    names = trainer.split.train.target_names
    estimate = trainer.form.estimate(answers).reshape(len(answers), len(names))
    numbers = trainer.split.scaler.target_in_units(estimate)
    return (names[target],), numbers[:, target : target + 1], names[target]


def list_answers(shown: Dependence) -> Table:
    """The mean answers at each value of the column."""
    values = shown.categories or shown.x.tolist()
    answers = [line.tolist() for _, line in shown.lines]
    return Table((shown.column, *(name for name, _ in shown.lines)), list(zip(values, *answers, strict=True)))


PARTIAL_DEPENDENCE = View(
    "partial dependence",
    Dependence,
    suits,
    make_dependence,
    item="target",
    places=place_names,
    place="column",
    about="The mean answer as one column takes each of its values.",
    group="why",
    order=5,
    table=list_answers,
)
