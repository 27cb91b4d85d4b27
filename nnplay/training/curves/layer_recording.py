"""What is recorded of every layer while a run trains: how long its gradients are, and how far its weights move.

It is recorded at steps that depend on the run alone, not on how fast it goes: each of the first ones, then ever fewer,
until the share of time that it takes is small. So the same run has the same pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import NetworkPlan
from nnplay.operations.search import report
from nnplay.records.time_charts import lengths_by_step
from nnplay.tape.machines.machine import Machine
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Row, Tape
from nnplay.training.curves.layer_curves import LayerCurves
from nnplay.training.percentiles import percentiles

Array = NDArray[Any]
#: While a run is young, two recorded steps lie at most this share of it apart.
_DENSE: Final = 16
#: A share of one in two hundred of the time, at these costs in nanoseconds: of a recorded step, of each of its tensors
#: and numbers; of a row of the tape, and of a multiply-add forward and back.
_SHARE: Final = 200
_RECORD, _TENSOR, _NUMBER, _ROW, _PRODUCT = 300_000, 1_000, 10, 100, 0.3
#: Steps between two recorded ones at the most: about what one call into the loop takes.
_SPARSEST: Final = 8_192
#: By how much the length of a gradient may differ from that of the step, unless a limit was put on it.
_ROUNDING: Final = 1e-3
#: So few weights are recorded themselves: the place of a walk on a surface.
FEW_WEIGHTS: Final = 8
#: How far a step went, at which angle to the gradient, and how far weights went for each 1 of their gradients: a tenth
#: of them less than the first, half less than the second, a tenth more than the third.
STEP: Final = "step length"
NEXT: Final = "length tried next"
ANGLE: Final = "cosine to steepest descent"
_RATES: Final = {"effective rate, lowest tenth": 10, "effective rate, median": 50, "effective rate, highest tenth": 90}
#: Weights that stand for all of them there.
_MOST_RATES: Final = 4_096
#: Of an optimizer that tries points, which of its numbers are recorded, and their names.
_SEARCH: Final = {
    NEXT: report.LENGTH,
    ANGLE: report.COSINE,
    "damping": report.DAMPING,
    "loss of the trial": report.TRIAL,
    "accepted": report.ACCEPTED,
    "rejected": report.REJECTED,
}
#: Time steps of a sequence that are recorded.
_MOST_TIMES: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class StateGradient:
    """The gradient of the state of a recurrent layer, which travels back through time.

    Attributes:
        path: the layer.
        name: which state and direction, where there are several; else empty.
        slot: where it is, (N, T, directions · units).
        part: the units of this direction.
    """

    path: str
    name: str
    slot: Slot
    part: slice

    @property
    def title(self) -> str:
        """The layer, and which state of it."""
        return f"{self.path} {self.name}".strip()

    @property
    def times(self) -> list[int]:
        """Which time steps are recorded: all, or some evenly spread."""
        count = int(self.slot.shape[1])
        return sorted(set(np.linspace(0, count - 1, min(count, _MOST_TIMES)).round().astype(int).tolist()))

    def lengths(self, machine: Machine, n: int) -> NDArray[np.float64]:
        """How long it is at each time step (T,), as the root mean square over the n rows of the batch."""
        return lengths_by_step(machine.view(self.slot, n)[:, :, self.part])


def state_gradients(tape: Tape) -> tuple[StateGradient, ...]:
    """All of them, in the order of the layers."""
    return tuple(found for row in reversed(tape.train) for found in _of_row(row))


def _of_row(row: Row) -> Iterator[StateGradient]:
    timed = row.operation.timed
    if timed is None or row.phase != "backward":
        return
    slots = dict(zip((*row.operation.reads, *row.operation.writes), row.operands, strict=True))
    units = int(slots[timed.sized_by].shape[-1]) // timed.blocks
    widths = {name: int(slots[name].shape[-1]) for name in timed.gradients}
    directions = max(1, min(widths.values(), default=1) // units)  # a cell may be wider than a state that is projected
    for name in timed.gradients:
        slot, width = slots[name], widths[name] // directions
        for d in range(directions):
            stacked = slot.name.removeprefix(f"{row.path}.{name}_")  # "l1" for the second of stacked layers
            words = (
                stacked if stacked not in ("l0", slot.name) else "",
                name.removeprefix("d") if len(timed.gradients) > 1 else "",
                ("", "backward")[d],
            )
            said = " ".join(word for word in words if word)
            yield StateGradient(row.path, said, slot, slice(d * width, (d + 1) * width))


class Tensors:
    """Tensors of one region of memory, looked at together: many small ones cost as little as one."""

    def __init__(self, name: str, slots: Iterable[Slot]) -> None:
        self.slots = tuple(slots)
        ends = [slot.offset + slot.size(1) for slot in self.slots]
        first = min((slot.offset for slot in self.slots), default=0)
        self._edges = np.array([(slot.offset - first, end - first) for slot, end in zip(self.slots, ends, strict=True)])
        region = self.slots[0].region if self.slots else "parameters"
        self._all = Slot(name, region, (max(ends, default=first) - first,), first)

    def is_laid_out_as(self, other: Tensors) -> bool:
        """Whether both have their tensors at the same places."""
        return np.array_equal(self._edges, other._edges)

    def read(self, machine: Machine) -> Array:
        """All of their numbers, and what lies between them; a view."""
        return machine.view(self._all)

    def lengths(self, values: Array) -> NDArray[np.float64]:
        """The length of each as one vector, √ Σ g², in numbers that `read` gave."""
        if not self.slots:
            return np.zeros(0)
        squares = np.zeros(values.size + 1)  # the last tensor ends there
        np.multiply(values, values, out=squares[:-1], dtype=np.float64)
        return np.asarray(np.sqrt(np.add.reduceat(squares, self._edges.reshape(-1))[::2]), np.float64)


class LayerRecorder:
    """Records the layers of one machine's run.

    Attributes:
        names: of the columns: the length of each gradient, each update as a share of its weight, the length of the
            state's gradient at each time step, and the means of running statistics.
    """

    def __init__(self, machine: Machine, plan: NetworkPlan, batch: int) -> None:
        tape = machine.tape
        self._machine, trained = machine, tape.stages[0].gradients
        self._gradients = Tensors("every gradient", trained.values())
        self._weights = Tensors("every weight", (tape.parameters[full] for full in trained))
        self._states = state_gradients(tape)
        fixed = {f"{item.path}.{name}" for item in plan.layers if item.layer.record.fit for name in item.plan.buffers}
        self._running = [slot for slot in tape.layout.slots["buffers"] if slot.name in tape.buffers.keys() - fixed]
        self.names = (
            *(f"gradient:{full}" for full in trained),
            *(f"update:{full}" for full in trained),
            *(f"state:{state.title}:{t}" for state in self._states for t in state.times),
            *(f"running:{slot.name}" for slot in self._running),
            *(f"search:{name}" for name in (STEP, *(_SEARCH if "search" in tape.named else (ANGLE, *_RATES)))),
        )
        weights = sum(tape.parameters[full].size(1) for full in trained)
        self._path = [tape.parameters[full] for full in trained] if weights <= FEW_WEIGHTS else []
        self.names += tuple(f"path:{k}" for k in range(weights if self._path else 0))
        self._every = _steps_between(tape, plan, batch)
        self._before: Array | None = None
        self._rows = batch

    def steps_until(self, step: int) -> int:
        """How many steps the next call may take: to right before the next recorded step, or that one alone."""
        return max(1, self.next_after(step) - 1 - step)

    def next_after(self, step: int) -> int:
        """The next recorded step."""
        young = 1 << max(0, (step + 1).bit_length() - _DENSE.bit_length())
        every = min(self._every, young)
        return -(-(step + 1) // every) * every

    def begin(self, step: int) -> bool:
        """Notes the weights before a step, if the next one is recorded; returns whether it is."""
        if self.next_after(step) != step + 1 or not self.names:
            return False
        self._before, self._rows = self._weights.read(self._machine).copy(), self._machine.current_batch.n
        return True

    def end(self, curves: LayerCurves, step: int, norm: float) -> None:
        """Records a step that was begun and taken.

        Args:
            norm: the length of its whole gradient, before any limit was put on it.
        """
        machine, before = self._machine, self._before
        assert before is not None
        with np.errstate(all="ignore"):  # a run that went wrong has such numbers
            gradient, step_taken = self._gradients.read(machine), self._weights.read(machine) - before
            lengths, moves = self._gradients.lengths(gradient), self._weights.lengths(step_taken)
            whole = float(np.sqrt(np.sum(lengths * lengths)))
            limited = norm / whole if whole > 0 and abs(norm - whole) > _ROUNDING * norm else 1.0
            updates = relative_changes(self._weights.lengths(before), moves)
            states = [state.lengths(machine, self._rows)[state.times] for state in self._states]
            running = [float(machine.view(slot).mean()) for slot in self._running]
            moved = float(np.sqrt(np.sum(moves * moves)))
            walked = [moved, *self._walked(step_taken, gradient, moved * whole)]
            place = [machine.view(slot).ravel() for slot in self._path]
            row = np.concatenate([lengths * limited, updates, *states, running, walked, *place])
            curves.add(step, self.names, row.astype(np.float32))
        self._before = None

    def _walked(self, step: Array, gradient: Array, lengths: float) -> list[float]:
        """At which angle and rates the step went, or of an optimizer that tries points its search.

        Args:
            step, gradient: of all weights.
            lengths: of both, multiplied.
        """
        machine = self._machine
        if "search" not in machine.tape.named:
            return self._compared(step, gradient, lengths)
        numbers = machine.view(machine.tape.named["search"]).astype(np.float64)
        return [float(numbers[at]) for at in _SEARCH.values()]

    def _compared(self, step: Array, gradient: Array, lengths: float) -> list[float]:
        """The cosine of the angle between a step and steepest descent, and the rates; NaN without a gradient."""
        if not self._weights.is_laid_out_as(self._gradients):
            return [float("nan")] * (1 + len(_RATES))
        some = slice(None, None, max(1, -(-len(step) // _MOST_RATES)))  # of a network without weights there are none
        rates = effective_rates(step[some].astype(np.float64), gradient[some].astype(np.float64))
        # Without BLAS, whose threads would spin on for a while and take the processors of the training's helpers.
        product = float(np.einsum("i,i->", step, gradient, dtype=np.float64))
        cosine = -product / lengths if lengths > 0 else float("nan")
        return [cosine, *(percentiles(rates, list(_RATES.values())) if rates.size else np.full(len(_RATES), np.nan))]


def effective_rates(step: Array, gradient: Array) -> NDArray[np.float64]:
    """How far weights went for each 1 of their gradients, of those (k,) that have one."""
    found = np.abs(step[gradient != 0] / gradient[gradient != 0]).astype(np.float64)
    return np.asarray(found[np.isfinite(found)])


def relative_changes(sizes: NDArray[np.float64], moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """How long each move is as a share of what is moved; 0 for a tensor of zeros, which has no share."""
    return np.asarray(moves / np.where(sizes > 0, sizes, np.inf), np.float64)


def _steps_between(tape: Tape, plan: NetworkPlan, batch: int) -> int:
    """Steps between two recorded ones of an old run, a power of two: recording one takes less than 1 % of that time."""
    gradients = tape.stages[0].gradients.values()
    numbers = sum(slot.size(1) for slot in gradients) + sum(state.slot.size(batch) for state in state_gradients(tape))
    record = _RECORD + _TENSOR * len(gradients) + _NUMBER * numbers
    step = _ROW * len(tape.fused) + _PRODUCT * plan.multiply_adds * batch
    return int(min(_SPARSEST, 2 ** int(np.ceil(np.log2(max(1.0, _SHARE * record / step))))))
