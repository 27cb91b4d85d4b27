"""What each part of an input counts for an answer: what several views show, each by its own definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.text import figure
from nnplay.training.input_gradient import Prober, can_probe, prober_of
from nnplay.training.trainer import Trainer
from nnplay.views.asked_answer import Answer, find_answer, has_answers
from nnplay.views.data_form import has_classes, one_class_per_row
from nnplay.views.input_form import as_picture, as_shown, column_names, first_slope, in_units, input_form, value_of
from nnplay.views.rows import decide_classes, shown_part
from nnplay.views.symbols import name_symbols
from nnplay.views.view import Asked, Output

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Attribution(Output):
    """What each part of an example counts for an answer.

    Attributes:
        head: what the numbers are, in a line.
        values: what each column or symbol counts (n,), or each place of the picture (h, w).
        signed: parts may count against the answer, too.
        names: of the columns, or the symbols; empty for a picture.
        details: value of each column in its own unit.
        picture: the input (h, w) or (h, w, 3), of a picture.
        true, predicted: of the example, where it has one class.
        notes: what else is to be known, such as whether the sum is what it should be.
    """

    head: str
    values: NDArray[np.float64]
    signed: bool
    names: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    picture: NDArray[np.float32] | None = None
    true: str = ""
    predicted: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one example.

    Attributes:
        x: the example, as a batch of one row.
        given: the same where slopes begin: the row itself, or its embedding.
        prober: answers and slopes from there on.
        answer: the outputs that are asked about.
    """

    x: Array
    given: Array
    prober: Prober
    answer: Answer

    @property
    def slope(self) -> Array:
        """How the answer depends on what is given, in its shape."""
        return np.asarray(self.prober.slopes(self.given, self.answer.direction).slope[0])

    def score(self, given: Array) -> Array:
        """The number that is asked about, for other rows (N, …) in place of what is given."""
        return self.answer.of(self.prober.answers(given))


def can_ask(trainer: Trainer) -> bool:
    """Whether it can be asked what an input counts for an answer."""
    return has_answers(trainer) and can_probe(trainer, first_slope(trainer))


def ask(trainer: Trainer, asked: Asked, place: int | None = None) -> Question:
    """The question about one example and one answer.

    Args:
        place: number of the answer, if the asked place is something else.
    """
    x = shown_part(trainer).x[asked.item : asked.item + 1]
    start = first_slope(trainer)
    prober = prober_of(trainer, start)
    if prober is None:
        raise ValueError("answers of this network have no slope")
    answer = find_answer(trainer, trainer.answers(x)[0], asked.place if place is None else place)
    return Question(x, value_of(trainer, x, start), prober, answer)


def attribute(
    trainer: Trainer,
    asked: Asked,
    question: Question,
    head: str,
    values: Array,
    *,
    signed: bool,
    notes: tuple[str, ...] = (),
) -> Attribution:
    """What the parts of an example count, with the example beside it.

    Args:
        values: of each number of the example, in the shape of what is given; or (h, w), worked out already.
    """
    form, row = input_form(trainer), question.x[0]
    true, predicted = _classes(trainer, asked.item, question.x)
    values = np.asarray(values, np.float64)
    if form == "columns":
        details = tuple(figure(float(value), 4) for value in in_units(trainer, question.x)[0])
        names = column_names(trainer)
        return Attribution(head, values, signed, names, details, None, true, predicted, notes)
    if form == "symbols":
        values = values.reshape(len(row), -1).sum(axis=1)
        names = name_symbols(row, shown_part(trainer))
        return Attribution(head, values, signed, names, (), None, true, predicted, notes)
    if values.shape == trainer.split.feature_shape:
        places = as_picture(trainer, values)
        values = np.asarray(places.sum(axis=2) if signed else places.max(axis=2), np.float64)
    picture = as_shown(as_picture(trainer, row))
    return Attribution(head, values, signed, (), (), picture, true, predicted, notes)


def _classes(trainer: Trainer, item: int, x: Array) -> tuple[str, str]:
    """True and predicted class of an example that has one."""
    if not has_classes(trainer) or not one_class_per_row(trainer):
        return "", ""
    names, part = trainer.split.class_names, shown_part(trainer)
    return names[int(part.y[item])], names[int(decide_classes(trainer, trainer.answers(x))[0])]
