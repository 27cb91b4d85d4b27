"""What a unit does: its values over a batch, how often it is off or saturated, and what feeds it most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.explain.explanation import Explanation, InspectorPlace, amount, listed, signed
from nnplay.explain.past_step import standing_at
from nnplay.explain.weight import Weight
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.operand_copies import frame_of
from nnplay.run.training_thread import TrainingThread
from nnplay.tape.objective import full_name
from nnplay.text import counted, percent

Array = NDArray[Any]
#: A number within this share of an activation's range from one of its ends is saturated.
_NEAR: Final = 0.01
_FEEDING: Final = 2


@dataclass(frozen=True, slots=True)
class UnitValues:
    """One unit of a layer, or one input.

    Attributes:
        path: the layer whose weights lead to it; empty for an input.
        shown: the layer that gives its value, such as the activation behind.
        number: which unit.
        name: what the screen calls it.
        bias: its bias is explained too.
    """

    path: str
    shown: str
    number: int
    name: str
    bias: bool = False

    @property
    def _subject(self) -> str:
        """Its name at the beginning of a sentence."""
        ours = self.name.startswith(("layer ", "input "))
        return f"{self.name[0].upper()}{self.name[1:]}" if ours else self.name

    def explain(self, run: TrainingThread) -> Explanation:
        """Over the batch of the step that was taken last; before the first one, of the step that is next."""
        trainer, _ = run.require_run()
        stood, parameters = trainer.step, trainer.parameters()
        weight = Weight(f"{self.path}.bias", (self.number,))
        now = weight.value_in(parameters) if self.bias else 0.0
        with standing_at(run, stood - 1) as inspector:
            found = self.explain_step(inspector)
            if not self.bias:
                return found
            of_bias = weight.explain_step(inspector, now if inspector.trainer.step < stood else None)
            return Explanation(found.title, (*found.sentences, *of_bias.sentences), found.place)

    def explain_step(self, inspector: Inspector) -> Explanation:
        """The batch of the step that an inspector stands at."""
        name = f"{self.shown}.output" if self.shown else "input"
        numbers = [
            number
            for number, row in enumerate(inspector.rows)
            if row.phase in ("data", "forward") and any(slot.name == name for slot in row.writes)
        ]
        if not numbers:
            return Explanation(self.name, (f"{self.name}: its numbers are not kept in a training step.",))
        number, row = numbers[-1], inspector.rows[numbers[-1]]
        written = next(k for k, slot in enumerate(row.writes) if slot.name == name)
        values = frame_of(inspector, number, "", ()).after[row.operation.writes[written]]
        sentences = [*self.describe_values(inspector, values), *self.describe_feeding(inspector)]
        index = (*(0,) * (values.ndim - 1), self.number)
        return Explanation(self.name, tuple(sentences), InspectorPlace(inspector.trainer.step, number, index))

    def describe_values(self, inspector: Inspector, values: Array) -> Iterator[str]:
        """Mean and spread, and how often it is off or saturated."""
        own = values.reshape(-1, values.shape[-1])[:, self.number].astype(np.float64)
        what = counted(inspector.n, "row") if len(own) == inspector.n else f"{len(own):,} places"
        low, high = float(own.min()), float(own.max())
        step = inspector.trainer.step + 1
        if low == high:
            yield f"{self._subject} is {amount(low)} for all {what} of the batch of step {step:,}."
        else:
            mean = amount(float(own.mean()))
            yield (
                f"{self._subject} is {mean} on average over the {what} of the batch of step {step:,}, "
                f"with a standard deviation of {amount(float(own.std()))}, from {amount(low)} to {amount(high)}."
            )
        layers = [(name, one) for name, plan in inspector.trainer.plans.items() for one in plan.layers]
        layer = next((one.layer for name, one in layers if full_name(name, one.path) == self.shown), None)
        traits = layer.record.traits if layer is not None else None
        if traits is not None and layer is not None and traits.bounds is not None:
            bottom, top = traits.bounds(layer.values)
            near = _NEAR * (top - bottom)
            share = float(((own < bottom + near) | (own > top - near)).mean())
            flat = f"where {layer.record.name} is flat and passes hardly any gradient"
            yield f"It is saturated, {flat}, in {percent(share)} of them."
        elif traits is not None and traits.rectifies:
            share = float((own <= 0).mean())
            yield f"It is off, and passes no gradient, in {percent(share)} of them."

    def describe_feeding(self, inspector: Inspector) -> Iterator[str]:
        """Which of the numbers that it adds up are the largest."""
        found = [
            number
            for number, row in enumerate(inspector.rows)
            if row.phase == "forward" and row.path == self.path and row.operation.reads[:2] == ("x", "weight")
        ]
        if not self.path or not found:
            return
        frame = frame_of(inspector, found[0], "", ())
        x, weight = frame.reads["x"], frame.reads["weight"]
        if weight.ndim != 2 or x.shape[-1] != weight.shape[0]:
            return
        column = weight[:, self.number].astype(np.float64)
        mean = np.abs(x.reshape(-1, x.shape[-1]).astype(np.float64)).mean(axis=0) * np.abs(column)
        if not mean.any():
            yield "Nothing feeds it in this batch."
            return
        shares = mean / mean.sum()
        largest = np.argsort(-shares, kind="stable")[:_FEEDING].tolist()
        named = [f"{k} ({percent(float(shares[k]))}, weight {signed(float(column[k]))})" for k in largest]
        yield f"What feeds it most, on average over the batch, of its {counted(len(column), 'input')}: {listed(named)}."
