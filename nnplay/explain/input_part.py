"""One part of an example, a pixel, a column or a token: what it holds and what it adds to an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.explain.explanation import Explanation, amount, ordinal, signed
from nnplay.explain.same_number import find_same_number
from nnplay.run.training_thread import TrainingThread
from nnplay.text import clean
from nnplay.training.trainer import Trainer
from nnplay.views.attribution import Attribution, Question, ask, can_ask
from nnplay.views.data_form import one_class_per_row
from nnplay.views.input_form import as_picture, column_names, in_units, input_form
from nnplay.views.kinds.integrated_gradients import make_integrated_gradients
from nnplay.views.rows import decide_classes, seen_inputs, shown_part
from nnplay.views.symbols import name_symbols
from nnplay.views.view import Asked

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class InputPart:
    """A part of one example.

    Attributes:
        item: the example.
        answer: number of the answer that is asked about, among the places of the views of why.
        index: which part: the number of a column or token, or row and column of a pixel.
    """

    item: int
    answer: int
    index: tuple[int, ...]

    def explain(self, run: TrainingThread) -> Explanation:
        """From the network's answers now; dropout is off, and batch norm uses its running statistics."""
        trainer, _ = run.require_run()
        if not can_ask(trainer) or self.item >= len(shown_part(trainer)):
            raise InputError("there is no such example in this run", where="explanation")
        asked = Asked(item=self.item, place=self.answer)
        shares = make_integrated_gradients(trainer, asked)
        if len(self.index) != shares.values.ndim or any(np.greater_equal(self.index, shares.values.shape)):
            raise InputError("there is no such part in this example", where="explanation")
        question = ask(trainer, asked)
        name = self.name_in(trainer, question)
        sentences = [
            *self.describe_value(trainer, question, name),
            *self.describe_share(shares, question),
            *self.describe_absence(trainer, question),
        ]
        place, where = find_same_number(run, "input", self.index_in_row(trainer, question), self.item)
        return Explanation(f"{name} of example {self.item:,}", (*sentences, *where), place)

    def name_in(self, trainer: Trainer, question: Question) -> str:
        """What the part is called."""
        form = input_form(trainer)
        if form == "columns":
            return clean(column_names(trainer)[self.index[0]], 24)
        if form == "symbols":
            return (
                f"token {self.index[0]} “{clean(name_symbols(question.x[0], shown_part(trainer))[self.index[0]], 24)}”"
            )
        return f"pixel ({self.index[0]}, {self.index[1]})"

    def inputs(self, trainer: Trainer, question: Question) -> NDArray[np.int64]:
        """Which numbers of what is given, shares through, the part is."""
        given = question.given[0]
        if input_form(trainer) != "picture":
            return np.asarray(np.arange(given.size).reshape(len(given), -1)[self.index[0]])
        places = np.arange(given.size, dtype=np.float32).reshape(given.shape)
        return np.asarray(as_picture(trainer, places)[self.index], np.int64)

    def index_in_row(self, trainer: Trainer, question: Question) -> tuple[int, ...]:
        """Which number of a row the part is, or the first one of it."""
        if input_form(trainer) != "picture":
            return self.index[:1]
        first = int(self.inputs(trainer, question)[0])
        return tuple(int(at) for at in np.unravel_index(first, trainer.split.feature_shape))

    def describe_value(self, trainer: Trainer, question: Question, name: str) -> Iterator[str]:
        """What it holds, beside what training rows hold there; a token speaks for itself."""
        form = input_form(trainer)
        if form == "symbols":
            return
        train = seen_inputs(trainer)
        if form == "columns":
            k = self.index[0]
            own, seen = in_units(trainer, question.x)[0, k], in_units(trainer, train)[:, k]
        else:
            at = self.inputs(trainer, question)
            own, seen = question.x[0].reshape(-1)[at].mean(), train.reshape(len(train), -1)[:, at].mean(axis=1)
        mean, spread = float(seen.mean()), float(seen.std())
        if spread == 0:
            yield f"It holds {amount(float(own))}; all training rows have {amount(mean)} there."
            return
        away = (float(own) - mean) / spread
        side = "above" if away >= 0 else "below"
        yield (
            f"It holds {amount(float(own))}, {amount(abs(away))} standard deviations {side} the mean of the training "
            f"rows there ({amount(mean)})."
        )

    def describe_share(self, shares: Attribution, question: Question) -> Iterator[str]:
        """What it adds by integrated gradients, and its place among all parts."""
        values, own = shares.values, float(shares.values[self.index])
        if not np.isfinite(values).all():
            yield "What it adds cannot be said: the network's answers are not finite."
            return
        if own == 0:
            yield f"It adds nothing to the output for {clean(question.answer.name, 24)}, by integrated gradients."
            return
        rank = 1 + int((np.abs(values) > abs(own)).sum())
        place = "more than any other" if rank == 1 else f"the {ordinal(rank)} most"
        if values.size == 1:
            yield f"It adds {signed(own)} to the output for {clean(question.answer.name, 24)} (integrated gradients)."
            return
        verb = "adds" if own > 0 else "takes"
        to = "to" if own > 0 else "from"
        yield (
            f"It {verb} {amount(abs(own))} {to} the output for {clean(question.answer.name, 24)}, {place} of "
            f"{values.size:,} parts, whose sum is {signed(float(values.sum()))} (integrated gradients)."
        )

    def describe_absence(self, trainer: Trainer, question: Question) -> Iterator[str]:
        """What the answer would be without it: with the mean in its column, or with 0."""
        at, columns = self.inputs(trainer, question), input_form(trainer) == "columns"
        covered = question.given.copy()
        covered.reshape(-1)[at] = trainer.split.train.x.mean(axis=0)[self.index[0]] if columns else 0.0
        scores = question.score(np.concatenate([question.given, covered]))
        if not np.isfinite(scores).all():
            return
        before, after = (float(score) for score in scores)
        with_what = "its column's mean in its place" if columns else "0 in its place"
        if before == after:
            yield f"With {with_what} the output would stay at {amount(before)}."
            return
        moves = f"the output would {'fall' if after < before else 'rise'} from {amount(before)} to {amount(after)}"
        yield f"With {with_what} {moves}{self._other_answer(trainer, question, covered)}."

    def _other_answer(self, trainer: Trainer, question: Question, covered: Array) -> str:
        """Whether the answer itself would be another one."""
        if not one_class_per_row(trainer) or covered.shape != question.x.shape:
            return ""
        own, other = decide_classes(trainer, trainer.answers(np.concatenate([question.x, covered]))).tolist()
        names = trainer.split.class_names
        if own == other:
            return f", and the answer would still be {clean(names[own], 24)}"
        return f", and the answer would be {clean(names[other], 24)} instead of {clean(names[own], 24)}"
