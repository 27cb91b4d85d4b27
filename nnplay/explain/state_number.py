"""What a unit of a recurrent layer holds at one step of an example: a state, or how far a gate is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnplay.errors import InputError
from nnplay.explain.explanation import Explanation, amount
from nnplay.explain.past_step import standing_at
from nnplay.explain.same_number import find_same_number
from nnplay.explain.unit import UnitValues
from nnplay.run.training_thread import TrainingThread
from nnplay.text import clean, percent
from nnplay.views.kinds.states import Block, find_slot, make_states, place_of
from nnplay.views.rows import shown_part
from nnplay.views.view import Asked

#: What a gate's number is the share of, by PyTorch's letters.
_MEANS: Final = {
    "i": "of the candidate is let into the cell",
    "f": "of what the cell held is kept",
    "o": "of the cell shows in the state",
    "r": "of the state before goes into the candidate",
    "z": "of the state before is kept",
}


@dataclass(frozen=True, slots=True)
class StateNumber:
    """One number of the view of states over time.

    Attributes:
        path: of the layer.
        item: the example.
        index: number of the block (gates first), unit and step.
    """

    path: str
    item: int
    index: tuple[int, int, int]

    def explain(self, run: TrainingThread) -> Explanation:
        """For the example now, and the unit's output over the batch of the step that was taken last."""
        trainer, _ = run.require_run()
        place = place_of(trainer, self.path)
        if place is None or self.item >= len(shown_part(trainer)):
            raise InputError("this run has no such layer or example", where="explanation")
        states = make_states(trainer, Asked(item=self.item, place=place))
        number, unit, step = self.index
        if number >= len(states.blocks) or any(np.greater_equal((unit, step), states.blocks[number].values.shape)):
            raise InputError(f"layer {self.path} has no such number", where="explanation")
        block, name = states.blocks[number], f"layer {self.path} unit {unit}"
        sentences = [*self.describe(block, clean(states.steps[step], 24))]
        with standing_at(run, trainer.step - 1) as inspector:
            found = UnitValues("", self.path, unit, name).explain_step(inspector)
        slot, at = find_slot(trainer, self.path, number, unit, len(block.values))
        there, where = find_same_number(run, slot, (step, at), self.item)
        return Explanation(f"{block.name} of {name}, step {step}", (*sentences, *found.sentences, *where), there)

    def describe(self, block: Block, at: str) -> Iterator[str]:
        """The number, what it means of a gate, and how it changes over the steps."""
        _, unit, step = self.index
        over, own = block.values[unit], float(block.values[unit, step])
        where = f"step {step}" if at == str(step) else f"step {step} (“{at}”)"
        means = _MEANS.get(block.name[0]) if block.opens else None
        share = f": {percent(own)} {means}" if means and np.isfinite(own) else ""
        yield f"At {where} of example {self.item:,} it is {amount(own)}{share}."
        if len(over) > 1 and np.isfinite(over).all():
            low, high = (amount(float(value)) for value in (over.min(), over.max()))
            change = own - float(over[step - 1]) if step else 0.0
            since = (
                f", {'up' if change >= 0 else 'down'} by {amount(abs(change))} since the step before" if step else ""
            )
            yield f"Over the {len(over):,} steps it goes from {low} to {high}{since}."
