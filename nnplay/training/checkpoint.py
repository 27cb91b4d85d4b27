"""A moment of a run as one value: what the past is made of, and what a run goes back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.records.optimizer import Optimizer
from nnplay.tape.machine import Clock
from nnplay.tape.structure import Structure
from nnplay.training.learning_rate import Plateau
from nnplay.training.settings import DECLARED, Setup

#: Settings that a trainer's tape and tables are made for; all others come with a moment.
_FIXED: Final = tuple(name for name, declared in DECLARED.items() if declared.fixed)


@dataclass(frozen=True, slots=True)
class State:
    """A moment of a run: enough to go on from there with exactly the same numbers.

    Attributes:
        memory: parameters, optimizer state and running statistics, as one vector.
        clock: the machine's clock.
        loss_sum: sum of the losses of the epoch so far.
        plateau: what a schedule that watches the validation loss remembers.
        optimizer, setup: the settings that are in force.
        structure: the layers and tensors that it is of.
    """

    memory: NDArray[Any]
    clock: Clock
    loss_sum: float
    plateau: Plateau
    optimizer: Optimizer
    setup: Setup
    structure: Structure

    def difference(self, own: State, rows: int) -> str:
        """How it differs from the present moment `own` of a run on so many rows that cannot go there; empty if it can.

        A batch beyond the data, or tensors of other shapes, would be read from memory that is something else.
        """
        told = self._unlike(own, rows) or own.structure.difference(self.structure)
        if told:
            return told
        batches, batch = -(-rows // own.setup.batch_rows(rows)), self.clock.batch
        if not 0 <= batch < batches:
            return f"it stands at batch {batch:,} of the epoch in the state, {batches:,} batches here"
        if (self.memory.shape, self.memory.dtype) != (own.memory.shape, own.memory.dtype):
            return f"it has {self.memory.size:,} numbers in the state, {own.memory.size:,} here"
        return ""

    def _unlike(self, own: State, rows: int) -> str:
        """The first setting that cannot change on the way to this moment."""
        kind = (self.optimizer.record.name, own.optimizer.record.name)
        size = (self.setup.batch_rows(rows), own.setup.batch_rows(rows))
        fixed = {name: (getattr(self.setup, name), getattr(own.setup, name)) for name in _FIXED}
        for name, (there, here) in {"the optimizer": kind, "batch_size": size, **fixed}.items():
            if there != here:
                return f"{name} is {there} in the state, {here} here"
        return ""


def check(state: Any, own: State, rows: int) -> None:
    """Refuses what is no moment of a run that is made as the one at `own` is, on so many rows.

    Raises:
        InputError: it names what differs.
    """
    if not isinstance(state, State):
        raise InputError(f"{type(state).__name__} is no state", where="restore", hint="give what state() returned")
    if told := state.difference(own, rows):
        hint = "make a trainer for the same network, optimizer and batches; remade() carries weights over"
        raise InputError(f"this is the state of another run: {told}", where="restore", hint=hint)
