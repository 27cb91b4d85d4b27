"""One training step, row by row: what each row reads and writes, in words and numbers."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.layout import Slot
from nnplay.machine import Machine
from nnplay.reference import clock_values
from nnplay.tape import Row
from nnplay.trainer import Trainer
from nnplay.worked import Named, Term

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand of a row.

    Attributes:
        name: in the words of the operation ("x", "weight", "dy").
        slot: name of its place in memory ("0.weight").
        role: read or written.
        adds: the row adds to what is there.
        shape: for the present batch.
    """

    name: str
    slot: str
    role: str
    adds: bool
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RowView:
    """One row as it is listed.

    Attributes:
        number: position in the step.
        phase: data, forward, loss, backward or update.
        path, layer: the layer's path and kind, or empty.
        name, formula, words, torch: from the operation.
        code: the NumPy definition.
        operands: what it reads, then what it writes.
    """

    number: int
    phase: str
    path: str
    layer: str
    name: str
    formula: str
    words: str
    torch: str
    code: str
    operands: tuple[Operand, ...]


class Inspector:
    """Walks the trainer's present step row by row.

    The trainer's state changes only when the step is finished; until then `leave` puts everything back.

    Args:
        trainer: at a step boundary, not running.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.at = 0
        self._begin()

    def _begin(self) -> None:
        machine = self.machine
        self._start = self.trainer.state()
        machine.shuffle()
        machine.view(machine.tape.named["optimizer"])[0] = self.trainer.lr
        self.table, self.n = machine.batch_now
        self.rows: list[Row] = machine.tape.train
        self._layers = {step.path: step.layer.record.name for step in self.trainer.plan.steps}
        self.at = 0

    @property
    def machine(self) -> Machine:
        """The trainer's machine."""
        return self.trainer.machine

    # -- moving ----------------------------------------------------------------------------------------------------

    def next(self) -> int:
        """Runs one row; after the last one the step is finished and the next step begins. Returns the next row."""
        return self.to(self.at + 1)

    def previous(self) -> int:
        """Undoes one row."""
        return self.to(max(0, self.at - 1))

    def to(self, row: int) -> int:
        """Makes `row` the next row to run, forwards or backwards within this step; the last row + 1 ends the step.

        Raises:
            DivergedError: the step gave a number that is not finite.
        """
        if row > len(self.rows) - 1:
            self.finish()
            return self.at
        if row < self.at:
            self._restart()
        self.machine.run_table(self.table, row, self.at)
        self.at = row
        return row

    def phase_end(self) -> int:
        """Runs to the first row of the next phase."""
        phase = self.rows[self.at].phase
        ahead = (k for k in range(self.at, len(self.rows)) if self.rows[k].phase != phase)
        return self.to(next(ahead, len(self.rows)))

    def finish(self) -> None:
        """Ends this step exactly as the running loop would, and begins the next."""
        self._restart()
        self.trainer.advance(1)
        self._begin()

    def leave(self) -> None:
        """Puts the state of the step's beginning back."""
        self._restart()

    def _restart(self) -> None:
        self.trainer.restore(self._start)
        self.machine.shuffle()
        self.machine.view(self.machine.tape.named["optimizer"])[0] = self.trainer.lr
        self.at = 0

    # -- looking ---------------------------------------------------------------------------------------------------

    def view(self, number: int) -> RowView:
        """Row `number` in words.

        Raises:
            InputError: there is no such row.
        """
        if not 0 <= number < len(self.rows):
            raise InputError(f"row {number} does not exist", where="step", hint=f"0 to {len(self.rows) - 1}")
        row = self.rows[number]
        operation = row.operation
        roles = [("read", False)] * len(row.reads) + [("written", adds) for adds in row.adds]
        operands = tuple(
            Operand(name, slot.name, role, adds, slot.at(self.n))
            for name, slot, (role, adds) in zip((*operation.reads, *operation.writes), row.operands, roles, strict=True)
        )
        return RowView(
            number, row.phase, row.path, self._layers.get(row.path, ""), operation.name, operation.formula,
            operation.words, operation.torch, source_of(operation.reference), operands,
        )  # fmt: skip

    def views(self) -> list[RowView]:
        """Every row of the step."""
        return [self.view(number) for number in range(len(self.rows))]

    def values(self, number: int) -> dict[str, Array]:
        """The operands of a row as they are in memory now, by name; live views, to be copied before the next move."""
        row = self.rows[number]
        names = (*row.operation.reads, *row.operation.writes)
        return {name: self.machine.view(slot, self.n) for name, slot in zip(names, row.operands, strict=True)}

    def before_and_after(self, number: int) -> tuple[dict[str, Array], dict[str, Array]]:
        """Copies of what the row writes, before and after it has run; the position stays as it is."""
        here = self.at
        self.to(number)
        before = {name: array.copy() for name, array in self._written(number).items()}
        reads = self._reads(number)
        self.machine.run_table(self.table, number + 1, number)
        after = {name: array.copy() for name, array in self._written(number).items()}
        self._last_reads = reads
        self._restart()
        self.to(here)
        return before, after

    def _written(self, number: int) -> dict[str, Array]:
        row = self.rows[number]
        return {
            name: self.machine.view(slot, self.n) for name, slot in zip(row.operation.writes, row.writes, strict=True)
        }

    def _reads(self, number: int) -> list[Array]:
        return [self.machine.view(slot, self.n).copy() for slot in self.rows[number].reads]

    def element(self, number: int, index: tuple[int, ...]) -> Term:
        """One element of the row's first output, worked out from what the row reads.

        Raises:
            InputError: the index is not in the output.
        """
        here = self.at
        self.to(number)
        term = self.element_here(number, index)
        self.to(here)
        return term

    def element_here(self, number: int, index: tuple[int, ...]) -> Term:
        """The same, when the row is the next to run."""
        row = self.rows[number]
        operation = row.operation
        shape = row.writes[0].at(self.n)
        if len(index) != len(shape) or any(not 0 <= k < size for k, size in zip(index, shape, strict=True)):
            raise InputError(f"{list(index)} is not in an output of shape {list(shape)}", where=operation.name)
        if not operation.reads:
            return Named("x", self._filled(number))[index]
        named = [Named(name, array) for name, array in zip(operation.reads, self._reads(number), strict=True)]
        given: dict[str, Any] = dict(zip(operation.integers, row.integers, strict=True))
        if operation.uses_clock:
            given["clock"] = clock_values(self.machine.clock)
        term = operation.element(index, *named, **given)
        if row.adds[0]:
            term = Named(operation.writes[0], self.machine.view(row.writes[0], self.n))[index] + term
        return term

    def _filled(self, number: int) -> Array:
        """What a row without operands (the next batch) will write."""
        self.machine.run_table(self.table, number + 1, number)
        return self.machine.view(self.rows[number].writes[0], self.n).copy()


def trace(trainer: Trainer) -> Iterator[tuple[RowView, dict[str, Array]]]:
    """One step of the trainer, row by row: each row with copies of its operands after it has run."""
    inspector = Inspector(trainer)
    for number in range(len(inspector.rows)):
        inspector.machine.run_table(inspector.table, number + 1, number)
        yield inspector.view(number), {name: array.copy() for name, array in inspector.values(number).items()}
    inspector.finish()


def source_of(function: Any) -> str:
    """The source lines of a definition, without indentation."""
    try:
        return textwrap.dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):
        return ""


def slot_named(machine: Machine, name: str) -> Slot:
    """The slot of a tensor as a user names it: "0.weight", or "weight" where only one layer has it.

    Raises:
        InputError: no such tensor, or several.
    """
    slots = machine.tape.layout.all()
    exact = [slot for slot in slots if slot.name == name]
    ending = [slot for slot in slots if slot.region == "parameters" and slot.name.endswith(f".{name}")]
    found = exact or ending
    if len(found) != 1:
        names = ", ".join(slot.name for slot in slots if slot.region == "parameters" and "." in slot.name)
        raise InputError(f"'{name}' names {len(found)} tensors", where="step", hint=f"the network has {names}")
    return found[0]
