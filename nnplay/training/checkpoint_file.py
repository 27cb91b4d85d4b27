"""A moment of a run by the names of its tensors: what a file can hold, whatever the memory of a network looks like."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.records.optimizer import Optimizer
from nnplay.session.blob import match
from nnplay.tape.machine import Clock, Machine
from nnplay.tape.memory_layout import STATE
from nnplay.training.checkpoint import State
from nnplay.training.initial_state import first_memory, within
from nnplay.training.learning_rate import Plateau
from nnplay.training.settings import Setup
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: Steps and epochs that a run can have taken: what a float64 counts exactly.
MOST_STEPS: Final = 2**53


@dataclass(frozen=True, slots=True)
class KeptState:
    """A moment of a run.

    Attributes:
        tensors: parameters, optimizer state and running statistics; None for the first moment of a run, which follows
            from seed and settings.
        proof: digest of that first moment's tensors.
        clock: step, epoch and batch within it.
        loss_sum: sum of the losses of the epoch so far.
        plateau: what a schedule that watches the validation loss remembers.
        optimizer, setup: the settings that are in force.
    """

    tensors: Mapping[str, Array] | None
    proof: str
    clock: tuple[int, int, int]
    loss_sum: float
    plateau: Plateau
    optimizer: Optimizer
    setup: Setup

    @property
    def step(self) -> int:
        """Steps taken before it."""
        return self.clock[0]

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors."""
        return sum(value.nbytes for value in (self.tensors or {}).values())

    @staticmethod
    def of(state: State, machine: Machine, *, first: str = "") -> KeptState:
        """The same moment as `state` of a trainer with that machine; its tensors are views.

        Args:
            first: digest of a moment that follows from seed and settings, and needs no tensors for it.
        """
        tensors = None if first else named(state.memory, machine)
        return KeptState(
            tensors,
            first,
            (state.clock.step, state.clock.epoch, state.clock.batch),
            state.loss_sum,
            state.plateau,
            state.optimizer,
            state.setup,
        )

    def state(self, trainer: Trainer) -> State:
        """The moment as `trainer` can be restored to it.

        Raises:
            InputError: it is none of that trainer's network, or its first moment comes out another one than then.
        """
        machine, where = trainer.machine, f"the moment of step {self.step:,}"
        memory = first_memory(machine, trainer.network.seed)
        own = named(memory, machine)
        if self.tensors is None:
            if digest(own) != self.proof:
                raise InputError(
                    "the first weights are not those of then", where=where, hint="another version drew those"
                )
        else:
            match(self.tensors, {name: (str(view.dtype), view.shape) for name, view in own.items()}, where)
            for name, view in own.items():
                view[...] = self.tensors[name]
        if not all(0 <= count < MOST_STEPS for count in self.clock) or self.clock[2] >= trainer.batches:
            raise InputError("its counters are none of this run", where=where)
        clock = Clock(self.setup.seed, *self.clock)
        settings = (self.plateau, self.optimizer, self.setup)
        return State(memory, clock, self.loss_sum, *settings, trainer.structure)


def named(memory: Array, machine: Machine) -> dict[str, Array]:
    """Views of a state's vector by the names of the tensors in it."""
    layout = machine.tape.layout
    return {slot.name: within(memory, machine, slot) for region in STATE for slot in layout.slots[region]}


def first_digest(state: State, trainer: Trainer) -> str:
    """The digest of a moment that seed and settings are all it takes to make, as at the beginning of a run; else ""."""
    if state.clock.step or state.loss_sum or state.plateau != Plateau():
        return ""
    same = np.array_equal(state.memory, first_memory(trainer.machine, trainer.network.seed))
    return digest(named(state.memory, trainer.machine)) if same else ""


def digest(tensors: Mapping[str, Array]) -> str:
    """SHA-256 over the names and numbers of some tensors."""
    hashed = hashlib.sha256()
    for name in sorted(tensors):
        hashed.update(f"{name}\0".encode())
        hashed.update(np.ascontiguousarray(tensors[name]).tobytes())
    return hashed.hexdigest()
