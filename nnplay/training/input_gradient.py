"""How an answer depends on what goes in: forward and backward rows of a batch, in a memory of their own.

A prober has a tape of its own, from one value of the network to another, with the rows of an evaluation and the way
back from them. Its weights are copied from the trainer's whenever it is asked for, so the run itself is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnplay.network import silenced_frozen
from nnplay.network.network import NetworkPlan
from nnplay.network.section import cut_section
from nnplay.operations.copy import copy
from nnplay.records.loss import LossPlan, LossRecord
from nnplay.records.operation import Operation, Use
from nnplay.tape.assembler import TapeSpec, build
from nnplay.tape.machines.machine import Machine
from nnplay.tape.objective import Objective
from nnplay.training import live_settings
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: Rows that are worked out at once.
MOST_ROWS: Final = 64
#: Numbers that values of one row may have in all before there are fewer rows at once.
_LARGE: Final = 4_000_000
_KEPT: Final = 4

_CHOSEN_SLOPE: Final = Operation(
    name="slope of what is asked for",
    kernel=copy,
    reads=("target",),
    writes=("dprediction",),
    reference=lambda target: target.copy(),
    formula="dprediction = target",
    words="What is asked for is a sum of outputs, each times a number; its slope are those numbers.",
    element=lambda at, target: target[at],
    torch="torch.autograd.grad(outputs, inputs, grad_outputs)",
)
#: What a prober has in the place of a loss: Σ output·target, whose gradient is the target.
_CHOSEN: Final = LossRecord(
    name="chosen_answer",
    title="Chosen answer",
    about="A sum of outputs, each times a number that is given.",
    when="To ask how an answer depends on the input.",
    formula="Σ output·target",
    target="values",
    plan=lambda values, shape: LossPlan((), (Use(_CHOSEN_SLOPE),)),
    outputs=lambda count: count,
)


@dataclass(frozen=True, slots=True)
class Probed:
    """What a prober found for rows (N, …).

    Attributes:
        answers: (N, …) at the end of the section.
        values, gradients: of what was asked about, by name: those of the section's input as "input".
    """

    answers: Array
    values: dict[str, Array]
    gradients: dict[str, Array]

    @property
    def slope(self) -> Array:
        """The gradient with respect to the section's input."""
        return self.gradients["input"]


_made: WeakKeyDictionary[Trainer, dict[tuple[object, ...], Prober]] = WeakKeyDictionary()


def can_probe(trainer: Trainer, start: int = 0, end: int | None = None) -> bool:
    """Whether `prober_of` has a prober, which is not made for the question: its kernels may have to be compiled."""
    plan = cut_section(trainer.plan, start, trainer.plan.output if end is None else end)
    return plan is not None and bool(plan.layers)


def prober_of(trainer: Trainer, start: int = 0, end: int | None = None) -> Prober | None:
    """A prober with the trainer's present weights; None where the section needs values from elsewhere.

    Args:
        start, end: numbers of values in the trainer's plan, from its input to its output if nothing is said.
    """
    end = trainer.plan.output if end is None else end
    kept = _made.setdefault(trainer, {})
    key = (start, end, trainer.settings.silent, trainer.settings.dtype)
    known = kept.pop(key, None)
    if known is None:
        plan = cut_section(trainer.plan, start, end)
        if plan is None or not plan.layers:
            return None
        known = Prober(trainer, plan)
    kept[key] = known
    while len(kept) > _KEPT:
        del kept[next(iter(kept))]
    known.take_weights(trainer)
    return known


class Prober:
    """Answers and their slopes for a section of a network.

    Attributes:
        shape, output_shape: of one row of the section's input, and of its answers.
    """

    def __init__(self, trainer: Trainer, plan: NetworkPlan) -> None:
        self.shape, self.output_shape = plan.values[0], plan.output_shape
        numbers = sum(int(np.prod(value)) for value in plan.values)
        self.rows = max(1, min(MOST_ROWS, _LARGE // max(1, numbers)))
        paths = {planned.path for planned in plan.layers}
        silent = tuple(part for part in silenced_frozen.read(trainer.settings.silent) if part.path in paths)
        spec = TapeSpec(self.rows, 1, {"target": self.output_shape}, silent=silent, numbers=live_settings.IN_MEMORY)
        objective = Objective("", ("",), _CHOSEN(), ("",), trainer.optimizer, to_input=True)
        tape = build({"": plan}, [objective], spec)
        self._machine: Machine = trainer.machine_maker(tape, dtype=trainer.settings.dtype, threads=1)
        live_settings.write(self._machine, [(objective.loss, objective.optimizer)], trainer.settings)
        self._forward = sum(row.phase in ("data", "forward") for row in tape.train)
        self._backward = self._forward + sum(row.phase == "backward" for row in tape.train)
        self._loaded = 0

    def take_weights(self, trainer: Trainer) -> None:
        """Takes over the trainer's weights and running statistics as they are now."""
        layout, view = self._machine.tape.layout, self._machine.view
        theirs = trainer.tensors()
        for region in ("parameters", "buffers"):
            for slot in layout.slots[region]:
                view(slot)[...] = theirs[slot.name]

    def answers(self, x: Array) -> Array:
        """The section's answers (N, …) for rows (N, …)."""
        return np.concatenate([self._run(x[k : k + self.rows], None, ()).answers for k in range(0, len(x), self.rows)])

    def slopes(self, x: Array, direction: Array, asked: Sequence[str] = ()) -> Probed:
        """How Σ answer·direction of each row depends on that row.

        Args:
            x: (N, …), rows of the section's input.
            direction: (N, …) as the answers are, or one row of it for all.
            asked: names of slots such as "3.output", whose values and gradients are wanted too.
        """
        given = np.broadcast_to(direction, (len(x), *self.output_shape))
        cuts = [slice(k, k + self.rows) for k in range(0, len(x), self.rows)]
        found = [self._run(x[cut], given[cut], ("input", *asked)) for cut in cuts]
        return Probed(
            np.concatenate([part.answers for part in found]),
            {name: np.concatenate([part.values[name] for part in found]) for name in ("input", *asked)},
            {name: np.concatenate([part.gradients[name] for part in found]) for name in ("input", *asked)},
        )

    def _run(self, x: Array, direction: Array | None, asked: Sequence[str]) -> Probed:
        machine, tape, n = self._machine, self._machine.tape, len(x)
        if n != self._loaded:
            zeros = {"input": np.zeros((n, *self.shape)), "target": np.zeros((n, *self.output_shape))}
            machine.load(zeros, batch=n, shuffle=False)
            self._loaded = n
        machine.view(tape.named["input"], n)[...] = x
        if direction is not None:
            machine.view(tape.named["target"], n)[...] = direction
        # the first row would gather a batch; what it would write stands there already
        machine.run_table(machine.current_batch, self._forward if direction is None else self._backward, 1)
        find = tape.layout.find
        return Probed(
            machine.view(tape.named["output"], n).copy(),
            {name: machine.view(find(name, _region_of(name)), n).copy() for name in asked},
            {name: machine.view(find(f"d{name}", "deltas"), n).copy() for name in asked},
        )


def _region_of(name: str) -> str:
    return "batch" if name == "input" else "activations"
