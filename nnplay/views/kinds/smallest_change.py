"""The smallest change that turns an answer: DeepFool's walk to the nearest boundary, or one column alone.

Moosavi-Dezfooli, Fawzi and Frossard (2016): in each step outputs are taken for planes. For class k beside the answer
a, the boundary is f/‖w‖ away with w = ∂(Fₖ − Fₐ)/∂x and f = |Fₖ − Fₐ|; x moves by (f/‖w‖²)·w to the nearest. In the
end the way is cut to the shortest part of it that still turns the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import figure, percent
from nnplay.training.input_gradient import Prober, can_probe, prober_of
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import one_class_per_row
from nnplay.views.input_form import as_picture, as_shown, column_names, first_slope, in_units, input_form
from nnplay.views.rows import decide_classes, seen_inputs, shown_part
from nnplay.views.table_columns import TableColumn, input_columns
from nnplay.views.view import Asked, Output, View
from nnplay.views.worst_example import find_worst_example

Array = NDArray[Any]
_STEPS: Final = 24
_LEAST_STEPS: Final = 6
_RIVALS: Final = 5
#: Multiply-adds that the whole way may cost.
_COST: Final = 1e8
#: How much further than to the boundary a step goes.
_BEYOND: Final = 1.02
#: Parts into which the way is cut, and again the first of them that turns the answer.
_PARTS: Final = 16
#: Values of a column that are tried.
_TRIED: Final = 400
EVERY: Final = "all columns"


@dataclass(frozen=True, slots=True)
class Change(Output):
    """An example, and the same with the smallest change that was found to turn the answer.

    Attributes:
        before, after: the classes; the same where no change was found.
        head: how large the change is.
        pictures: the example, the changed one and the difference, (h, w[, 3]); empty for a table.
        names, details, values: of the columns that change: from what to what, and by how many deviations.
    """

    before: str
    after: str
    head: str
    pictures: tuple[NDArray[np.float32], ...]
    names: tuple[str, ...]
    details: tuple[str, ...]
    values: NDArray[np.float64]


def suits(trainer: Trainer) -> bool:
    """One class for each row of numbers, and an output for each class or one for two."""
    if not one_class_per_row(trainer) or first_slope(trainer) != 0 or input_form(trainer) == "symbols":
        return False
    count = int(np.prod(trainer.plan.output_shape))
    outputs = count == len(trainer.split.class_names) or count == 1
    return outputs and can_probe(trainer)


def place_columns(trainer: Trainer) -> tuple[TableColumn, ...]:
    """The columns that can be changed alone; none of a picture."""
    return input_columns(trainer) if input_form(trainer) == "columns" else ()


def place_names(trainer: Trainer) -> tuple[str, ...]:
    """All columns together, or one of them alone; nothing to choose in pictures."""
    columns = place_columns(trainer)
    return (EVERY, *(column.name for column in columns)) if columns else ()


def make_change(trainer: Trainer, asked: Asked) -> Change:
    """The change for one example; in a table that of one column, if one is chosen."""
    x = shown_part(trainer).x[asked.item].astype(np.float64)
    label = _label(trainer, x)
    if asked.place:
        column = place_columns(trainer)[asked.place - 1]
        changed = turn_by_column(trainer, x, label, column)
        what = f"by {column.name} alone, within what training rows hold"
    else:
        prober = prober_of(trainer)
        if prober is None:
            raise ValueError("answers of this network have no slope")
        changed = turn(trainer, prober, x, label)
        kept = any(column.categories for column in place_columns(trainer))
        what = "within what training rows hold" + (", categories kept" if kept else "")
    return _describe(trainer, x, x if changed is None else changed, what, found=changed is not None)


def turn(trainer: Trainer, prober: Prober, x: Array, label: int) -> Array | None:
    """The nearest input with another answer that DeepFool's walk finds; None where it finds none."""
    low, high = _bounds(trainer)
    low, high = np.minimum(low, x), np.maximum(high, x)
    walk = x
    afford = int(_COST / (3 * _count_rivals(trainer) * max(1, trainer.plan.multiply_adds)))
    for _ in range(max(_LEAST_STEPS, min(_STEPS, afford))):
        step = _step_to_boundary(trainer, prober, walk, label)
        if step is None:
            return None
        walk = np.clip(walk + _BEYOND * step, low, high)
        if _label(trainer, walk) != label:
            return _shorten(trainer, x, walk, label)
    return None


def _step_to_boundary(trainer: Trainer, prober: Prober, x: Array, label: int) -> Array | None:
    """From x to the nearest boundary, were the outputs planes."""
    directions = _towards_others(trainer, trainer.answers(x[None])[0], label)
    rows = np.repeat(x[None], len(directions), axis=0)
    probed = prober.slopes(rows, directions)
    gaps = (probed.answers.astype(np.float64) * directions).reshape(len(rows), -1).sum(axis=1) - _threshold(
        trainer, label
    )
    slopes = probed.slope.astype(np.float64).reshape(len(rows), -1)
    slopes = slopes * _movable(trainer)
    lengths = np.sqrt((slopes**2).sum(axis=1))
    if not (np.isfinite(gaps).all() and np.isfinite(lengths).all() and lengths.any()):
        return None
    distances = np.where(lengths > 0, np.abs(gaps) / np.maximum(lengths, 1e-30), np.inf)
    nearest = int(distances.argmin())
    step = (np.abs(gaps[nearest]) + 1e-4) / lengths[nearest] ** 2 * slopes[nearest]
    return np.asarray(step.reshape(x.shape))


def _movable(trainer: Trainer) -> Array | float:
    """1 for each input that may move, 0 for those that stand for categories: half of one means nothing."""
    kept = [k for column in place_columns(trainer) if column.categories for k in column.inputs]
    if not kept:
        return 1.0
    found = np.ones(trainer.split.feature_shape)
    found[kept] = 0.0
    return found


def _count_rivals(trainer: Trainer) -> int:
    """How many other answers, the likeliest ones, can be asked in each step."""
    return max(1, min(_RIVALS, int(_COST / (3 * _LEAST_STEPS * max(1, trainer.plan.multiply_adds)))))


def _towards_others(trainer: Trainer, output: Array, label: int) -> Array:
    """What each output counts on the way from the answer to each of its nearest rivals."""
    shape, flat = trainer.plan.output_shape, output.ravel()
    if flat.size == 1:
        return np.full((1, *shape), -1.0 if label else 1.0)
    rivals = [k for k in np.argsort(-flat, kind="stable").tolist() if k != label][: _count_rivals(trainer)]
    directions = np.zeros((len(rivals), flat.size))
    directions[:, label] = -1.0
    directions[np.arange(len(rivals)), rivals] = 1.0
    return directions.reshape(-1, *shape)


def _threshold(trainer: Trainer, label: int) -> float:
    """Where the only output of two classes turns, in its direction: at 0, or at a chance of a half."""
    chance = int(np.prod(trainer.plan.output_shape)) == 1 and bool(trainer.loss.record.ends)
    return (-0.5 if label else 0.5) if chance else 0.0


def _shorten(trainer: Trainer, x: Array, there: Array, label: int) -> Array:
    """The shortest part of the way from x that has another answer."""
    shares = np.linspace(0.0, 1.0, _PARTS + 1)[1:].reshape(-1, *(1,) * x.ndim)
    nearer = _first_turned(trainer, x + shares * (there - x), label, there)
    just_before = nearer - shares[0] * (there - x)
    return _first_turned(trainer, just_before + shares * (nearer - just_before), label, nearer)


def turn_by_column(trainer: Trainer, x: Array, label: int, column: TableColumn) -> Array | None:
    """The nearest value of a column, within what training rows hold, with which the answer is another one."""
    inputs, train = list(column.inputs), seen_inputs(trainer)
    if len(inputs) > 1 or column.categories:
        values = np.unique(train[:, inputs].astype(np.float64), axis=0)
    else:
        values = np.linspace(float(train[:, inputs].min()), float(train[:, inputs].max()), _TRIED)[:, None]
    order = np.argsort(((values - x[inputs]) ** 2).sum(axis=1), kind="stable")
    rows = np.repeat(x[None], len(values), axis=0)
    rows[:, inputs] = values[order]
    found = _first_turned(trainer, rows, label, x)
    return None if found is x else found


def _first_turned(trainer: Trainer, rows: Array, label: int, otherwise: Array) -> Array:
    """The first row with another answer."""
    turned = np.flatnonzero(decide_classes(trainer, trainer.answers(rows)) != label)
    return np.asarray(rows[turned[0]]) if len(turned) else otherwise


def _label(trainer: Trainer, x: Array) -> int:
    return int(decide_classes(trainer, trainer.answers(x[None]))[0])


def _bounds(trainer: Trainer) -> tuple[Array, Array]:
    """The smallest and the largest number in each place of training rows; of all pixels in pictures."""
    train = seen_inputs(trainer)
    axis = 0 if input_form(trainer) == "columns" else None
    return np.asarray(train.min(axis=axis)), np.asarray(train.max(axis=axis))


def _describe(trainer: Trainer, x: Array, changed: Array, what: str, *, found: bool) -> Change:
    names = trainer.split.class_names
    before, after = names[_label(trainer, x)], names[_label(trainer, changed)]
    moved = np.asarray(changed - x, np.float64)
    length = float(np.sqrt((moved**2).sum()))
    share = length / max(1e-30, float(np.sqrt((x.astype(np.float64) ** 2).sum())))
    table = input_form(trainer) == "columns"
    length_words = f"length of the change {figure(length)}" + ("" if table else f", {percent(share)} of the input's")
    head = f"{length_words}, {what}" if found else f"no change found that turns it, {what}"
    if table:
        spread = np.maximum(seen_inputs(trainer).astype(np.float64).std(axis=0), 1e-12)
        own, then = in_units(trainer, np.stack([x, changed]))
        touched = np.flatnonzero(moved).tolist()
        details = tuple(f"{figure(own[k], 4)} → {figure(then[k], 4)}" for k in touched)
        columns = column_names(trainer)
        values = (moved / spread)[touched]
        return Change(before, after, head, (), tuple(columns[k] for k in touched), details, values)
    pictures = tuple(as_shown(as_picture(trainer, part)) for part in (x, changed))
    difference = np.asarray(as_picture(trainer, moved).sum(axis=2), np.float32)
    return Change(before, after, head, (*pictures, difference), (), (), np.zeros(0))


SMALLEST_CHANGE = View(
    "smallest change",
    Change,
    suits,
    make_change,
    item="example",
    places=place_names,
    place="column",
    find_worst=find_worst_example,
    about="The nearest input with another answer: how little has to change.",
    group="why",
    order=8,
)
