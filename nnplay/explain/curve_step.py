"""What happened in one step of the run: its batch, its loss against the steps around it, and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnplay.errors import NnplayError
from nnplay.explain.batch_rows import describe_rows, divide_among_rows, largest_rows, source_rows
from nnplay.explain.explanation import Explanation, InspectorPlace, amount, listed
from nnplay.explain.past_step import standing_at
from nnplay.inspector.inspector import Inspector
from nnplay.run.training_thread import TrainingThread
from nnplay.text import counted
from nnplay.training.curves.history import Curve
from nnplay.training.trainer import Trainer

#: Values of a curve on each side of a step that it is compared with.
_AROUND: Final = 10
#: A loss that many times the usual one around it stands out.
_STANDS_OUT: Final = 1.5


@dataclass(frozen=True, slots=True)
class CurveStep:
    """One step that was taken, counted from 1."""

    step: int

    def explain(self, run: TrainingThread) -> Explanation:
        """From the step itself, walked again, and from the curves around it.

        Raises:
            NnplayError: no step has been taken.
        """
        trainer, timeline = run.require_run()
        step = min(self.step, timeline.latest)
        if step < 1:
            raise NnplayError("no step has been taken yet", hint="train first")
        title, changes = f"step {step:,}", [change.words for change in timeline.changes if change.step == step - 1]
        changed = [f"Right before it, this was changed: {'; '.join(changes)}."] if changes else []
        curves = [*_describe_gradient(trainer, step)]
        if step <= timeline.first:
            what = f"The steps before {timeline.first + 1:,} are not kept, so its batch cannot be looked at."
            return Explanation(title, (*_describe_loss(trainer, step, None), *curves, *changed, what))
        around = trainer
        with standing_at(run, step - 1) as inspector:
            number = _loss_row(inspector)
            loss = None if inspector.batch_words else float(inspector.values(number)["loss"][0])
            where = (
                f"Step {step:,} took batch {inspector.trainer.batch + 1:,} of {inspector.trainer.batches:,} in epoch "
            )
            where += f"{inspector.trainer.epoch + 1:,}, {counted(inspector.n, 'row')}."
            where += "".join(f" Its rows are those of {words}." for words in inspector.batch_words)
            rows = [*_describe_rows(inspector, number)]
            place = InspectorPlace(step - 1, number, (0,))
        return Explanation(title, (where, *_describe_loss(around, step, loss), *curves, *changed, *rows), place)


def _loss_row(inspector: Inspector) -> int:
    """The row that writes the loss, which is its first result."""
    found = (k for k, row in enumerate(inspector.rows) if row.phase == "loss" and row.operation.writes[0] == "loss")
    number = next(found, None)
    if number is None:
        raise NnplayError("this run has no single loss")
    return number


def _describe_loss(trainer: Trainer, step: int, loss: float | None) -> Iterator[str]:
    """The loss of the step against the steps around it."""
    curve = trainer.history["loss"]
    bucket = curve.at(step)
    if loss is None:
        if bucket is None:
            return
        loss = bucket.last
    usual = _usual(curve, step)
    if usual is None or not np.isfinite(loss):
        yield f"Its loss is {amount(loss)}."
        return
    if usual > 0 and loss > _STANDS_OUT * usual:
        against = f"{amount(loss / usual)} times"
    elif usual > 0 and loss < usual / _STANDS_OUT:
        against = f"{amount(100 * loss / usual)} % of"
    else:
        against = "close to"
    yield f"Its loss is {amount(loss)}, {against} the median of the steps around it ({amount(usual)})."


def _usual(curve: Curve, step: int) -> float | None:
    """The median of a curve's values around a step, without its own."""
    place = int(np.searchsorted(np.asarray(curve.steps), step))
    near = np.concatenate([curve.last[max(0, place - _AROUND) : place], curve.last[place + 1 : place + 1 + _AROUND]])
    near = near[np.isfinite(near)]
    return float(np.median(near)) if near.size else None


def _describe_gradient(trainer: Trainer, step: int) -> Iterator[str]:
    """The gradient's norm against those around it, and the learning rate."""
    norm, rate = trainer.history["gradient_norm"].at(step), trainer.history["lr"].at(step)
    if norm is None or rate is None:
        return
    usual = _usual(trainer.history["gradient_norm"], step)
    beside = f" (around it {amount(usual)})" if usual is not None else ""
    yield f"The gradient norm is {amount(norm.last)}{beside}, the learning rate {amount(rate.last)}."


def _describe_rows(inspector: Inspector, number: int) -> Iterator[str]:
    """The rows with the largest losses, and what share of the sum they are."""
    losses = divide_among_rows(inspector, number, (0,))
    if losses is None or not np.isfinite(losses).all() or not losses.any():
        return
    source = source_rows(inspector)[largest_rows(losses)].tolist()
    numbers = listed([f"{row:,}" for row in source])
    yield (
        f"The largest losses are those of {describe_rows(losses, amount)} of the batch, which are rows {numbers} of "
        f"the training part; the median row has {amount(float(np.median(losses)))}."
    )
