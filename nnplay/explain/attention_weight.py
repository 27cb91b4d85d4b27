"""How much one step of an example attends to another one in a head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnplay.errors import InputError
from nnplay.explain.explanation import Explanation, InspectorPlace, ordinal
from nnplay.explain.same_number import find_same_number
from nnplay.run.training_thread import TrainingThread
from nnplay.text import clean, percent
from nnplay.views.kinds.attention import make_attention
from nnplay.views.layer_places import attending_layers
from nnplay.views.rows import shown_part
from nnplay.views.view import Asked


@dataclass(frozen=True, slots=True)
class AttentionWeight:
    """One weight of attention.

    Attributes:
        item: the example.
        place: number of the view's place: all layers, or one.
        index: the head, the step that attends and the one that is attended to.
    """

    item: int
    place: int
    index: tuple[int, int, int]

    def explain(self, run: TrainingThread) -> Explanation:
        """From the network's weights of attention now."""
        trainer, _ = run.require_run()
        if not attending_layers(trainer.plan) or self.item >= len(shown_part(trainer)):
            raise InputError("this run has no such attention", where="explanation")
        view = make_attention(trainer, Asked(item=self.item, place=self.place))
        head, row, column = self.index
        if head >= len(view.heads) or any(np.greater_equal((row, column), view.heads[head][1].shape)):
            raise InputError("there is no such head or step", where="explanation")
        name, weights = view.heads[head]
        seen = view.seen or view.steps
        own, others = float(weights[row, column]), weights[row]
        reached = int((others > 0).sum())
        rank = 1 + int((others > own).sum())
        place = "more than to any other" if rank == 1 else f"the {ordinal(rank)} most"
        title = f"{name}: {_step(view.steps, row)} to {_step(seen, column)}"
        if not np.isfinite(others).all():
            return Explanation(title, ("The weights of this row are not finite.",))
        sentences = [f"It gives {percent(own, 1)} of its attention to this step, {place} of {len(others):,}."]
        if own == 0.0:
            sentences = ["It gives none of its attention to this step: a mask or the softmax leaves nothing."]
        most = int(others.argmax())
        spread = float(-(others * np.log(np.maximum(others, 1e-30))).sum())
        sentences.append(
            f"Most, {percent(float(others[most]), 1)}, goes to {_step(seen, most)}; spread evenly over the {reached:,} "
            f"that get any, each would get {percent(1 / max(1, reached), 1)}. It is as if it attended to "
            f"{np.exp(spread):.1f} steps."
        )
        there, where = self._find_place(run)
        return Explanation(title, (*sentences, *where), there)

    def _find_place(self, run: TrainingThread) -> tuple[InspectorPlace | None, tuple[str, ...]]:
        """Where the inspector shows this weight of attention."""
        trainer, _ = run.require_run()
        layers, (head, row, column) = attending_layers(trainer.plan), self.index
        for layer in layers if self.place == 0 else layers[self.place - 1 : self.place]:
            shape = layer.plan.saved["weights"]
            heads = int(shape[-3]) if len(shape) > 3 else 1
            if head < heads:
                index = (head, row, column) if len(shape) > 3 else (row, column)
                return find_same_number(run, f"{layer.path}.weights", index, self.item)
            head -= heads
        return None, ()


def _step(names: tuple[str, ...], number: int) -> str:
    name = clean(names[number], 24)
    return f"step {number}" if name == str(number) else f"step {number} “{name}”"
