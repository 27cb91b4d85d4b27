"""One cell of a confusion matrix: how many rows it counts, which they are, and how sure the network is of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.explain.batch_rows import source_rows
from nnplay.explain.explanation import Explanation, InspectorPlace, listed
from nnplay.explain.same_number import find_writer, look_at_last_step
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.operand_copies import frame_of
from nnplay.run.training_thread import TrainingThread
from nnplay.text import clean, counted, percent, plural
from nnplay.training.trainer import Trainer
from nnplay.views.rows import decide_classes
from nnplay.views.scored import Scored, counts_in_score, score_rows
from nnplay.views.view import Asked

Array = NDArray[Any]
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """Rows of one true class that were predicted as one class.

    Attributes:
        true, predicted: numbers of the classes.
        held_out: the rows are those of the test part.
    """

    true: int
    predicted: int
    held_out: bool = False

    def explain(self, run: TrainingThread) -> Explanation:
        """From the network's answers now."""
        trainer, _ = run.require_run()
        if max(self.true, self.predicted) >= len(trainer.split.class_names):
            raise InputError("there is no such class in this run", where="explanation")
        true, predicted = (clean(trainer.split.class_names[k], 24) for k in (self.true, self.predicted))
        scored = score_rows(trainer, Asked(held_out=self.held_out))
        sentences = self.describe(trainer, scored, true, predicted)
        place, where = self._find_place(run, true, predicted)
        return Explanation(f"true {true}, predicted {predicted}", (*sentences, *where), place)

    def _find_place(
        self, run: TrainingThread, true: str, predicted: str
    ) -> tuple[InspectorPlace | None, tuple[str, ...]]:
        """A row of the batch of the last step that belongs into this cell, or at least into its line."""

        def look(inspector: Inspector) -> tuple[InspectorPlace | None, tuple[str, ...]]:
            trainer = inspector.trainer
            number = find_writer(inspector, f"{trainer.plan.layers[-1].path}.output")
            if number is None or inspector.batch_words or trainer.split.train.y.ndim != 1:
                return None, ()
            y = trainer.split.train.y[source_rows(inspector)]
            frame = frame_of(inspector, number, "", ())
            outputs = frame.after[frame.row.operation.writes[0]]
            of_class = np.flatnonzero(y == self.true)
            here = of_class[decide_classes(trainer, outputs[of_class]) == self.predicted]
            batch, step = f"the batch of step {trainer.step + 1:,}", trainer.step
            column = self.predicted if outputs.shape[-1] > self.predicted else 0
            if len(here):
                named = (
                    f"{_rows([str(row) for row in here[:_NAMED].tolist()])} {'belongs' if len(here) == 1 else 'belong'}"
                )
                words = f"In {batch} {named} here; enter shows row {here[0]}."
                return InspectorPlace(step, number, (int(here[0]), column)), (words,)
            if len(of_class):
                words = f"In {batch} no row belongs here; enter shows row {of_class[0]}, which is {true}."
                return InspectorPlace(step, number, (int(of_class[0]), column)), (words,)
            return None, (f"No row of {batch} is {true}.",)

        return look_at_last_step(run, look)

    def describe(self, trainer: Trainer, scored: Scored, true: str, predicted: str) -> Iterator[str]:
        """How many there are, and which."""
        chosen = decide_classes(trainer, scored.answers)
        own = (scored.y == self.true) & counts_in_score(trainer, scored.y)
        here = own & (chosen == self.predicted)
        noun, count = "row" if scored.y.ndim == 1 else "place", int(here.sum())
        share = f", {percent(count / int(own.sum()))} of them" if own.any() else ""
        taken = "was found right" if self.true == self.predicted else f"was predicted as {predicted}"
        were = taken if count == 1 else taken.replace("was", "were", 1)
        yield f"Of {counted(int(own.sum()), noun)} that are {true}, {count:,} {were}{share} ({scored.words})."
        if count and scored.y.ndim == 1 and trainer.form.probabilities is not None:
            yield from self.describe_surest(trainer, scored, np.flatnonzero(here), true, predicted)
        elif count:
            rows = scored.rows[np.unique(np.nonzero(here)[0])][:_NAMED].tolist()
            yield f"The first of them {'is' if len(rows) == 1 else 'are'} in {_rows([f'{row:,}' for row in rows])}."

    def describe_surest(
        self, trainer: Trainer, scored: Scored, here: NDArray[np.int64], true: str, predicted: str
    ) -> Iterator[str]:
        """The rows of which the network is surest, and how likely it finds the true class on average."""
        assert trainer.form.probabilities is not None
        chances = np.asarray(trainer.form.probabilities(scored.answers[here]))
        surest = np.argsort(-chances[:, self.predicted], kind="stable")[:_NAMED].tolist()
        named = [f"{scored.rows[here[k]]:,} ({percent(float(chances[k, self.predicted]))})" for k in surest]
        yield f"It is surest of {_rows(named)}."
        if self.true != self.predicted:
            given = [percent(float(chances[:, k].mean())) for k in (self.predicted, self.true)]
            yield f"On average it gives them {given[0]} for {predicted} and {given[1]} for {true}."


def _rows(named: list[str]) -> str:
    return f"{plural(len(named), 'row')} {listed(named)}"
