"""One number that a layer gives for an example: how large it is beside the others of its channel or unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.explain.explanation import Explanation, amount
from nnplay.explain.past_step import standing_at
from nnplay.explain.same_number import row_in_batch
from nnplay.explain.unit import UnitValues
from nnplay.run.training_thread import TrainingThread
from nnplay.text import percent
from nnplay.training.trainer import Trainer
from nnplay.views.rows import shown_part


@dataclass(frozen=True, slots=True)
class LayerElement:
    """A number of a layer's output, or of another thing that the layer keeps.

    Attributes:
        path: of the layer.
        item: the example.
        index: which number of the output of one row, the channel or unit last.
        name: what the screen calls its channel or unit.
    """

    path: str
    item: int
    index: tuple[int, ...]
    name: str

    def explain(self, run: TrainingThread) -> Explanation:
        """For the example now, and its channel or unit over the batch of the step that was taken last."""
        trainer, _ = run.require_run()
        values = output_of(trainer, self.path, self.item)
        if len(self.index) != values.ndim or any(np.greater_equal(self.index, values.shape)):
            raise InputError(f"layer {self.path} has no such number", where="explanation")
        own = [*self.describe(values)]
        unit = UnitValues("", self.path, self.index[-1], self.name)
        with standing_at(run, trainer.step - 1) as inspector:
            found = unit.explain_step(inspector)
            row, where = row_in_batch(inspector, self.item)
        if found.place is None:
            return Explanation(self.name, (*own, *found.sentences))
        place = replace(found.place, index=(row, *self.index))
        return Explanation(self.name, (*own, *found.sentences, where), place)

    def describe(self, values: NDArray[Any]) -> Iterator[str]:
        """How large the number is beside the others of its channel in the example."""
        own, channel = float(values[self.index]), values[..., self.index[-1]]
        where = f" at {self.index[:-1] if len(self.index) > 2 else self.index[0]}" if len(self.index) > 1 else ""
        if not np.isfinite(channel).all():
            yield f"{amount(own)}{where} for example {self.item:,}; not all numbers around it are finite."
        elif channel.size == 1:
            yield f"It is {amount(own)} for example {self.item:,}."
        elif channel.min() == channel.max():
            yield f"It is {amount(own)}{where} for example {self.item:,}, as at all {channel.size:,} places."
        else:
            below = percent(float((channel < own).mean()))
            yield (
                f"It is {amount(own)}{where} for example {self.item:,}, more than at {below} of its {channel.size:,} "
                f"places; there it goes from {amount(float(channel.min()))} to {amount(float(channel.max()))}."
            )


def output_of(trainer: Trainer, path: str, item: int, slot: str = "output") -> NDArray[Any]:
    """What a layer gives, or keeps, for one example, outside training.

    Raises:
        InputError: the network has no such layer, or there is no such example.
    """
    part, name = shown_part(trainer), f"eval.{path}.{slot}"
    if item >= len(part) or all(planned.path != path for planned in trainer.plan.layers):
        raise InputError("this run has no such layer or example", where="explanation")
    return np.asarray(trainer.forward(part.x[item : item + 1], [name])[name][0])
