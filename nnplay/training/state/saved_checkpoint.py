"""A checkpoint by the names of its tensors: what a file can hold, whatever the memory of a network looks like."""

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
from nnplay.tape.machines.machine import Clock
from nnplay.training.learning_rate import Plateau
from nnplay.training.settings import TrainingSettings
from nnplay.training.state.checkpoint import Checkpoint
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: Steps and epochs that a run can have taken: what a float64 counts exactly.
MOST_STEPS: Final = 2**53


@dataclass(frozen=True, slots=True)
class SavedCheckpoint:
    """A run at one step, as a file holds it.

    Attributes:
        tensors: parameters, optimizer state and running statistics; None for the first step of a run, which follows
            from seed and settings.
        proof: digest of that first step's tensors.
        clock: step, epoch and batch within it.
        loss_sum: sum of the losses of the epoch so far.
        plateau: what a schedule that watches the validation loss remembers.
        optimizer, settings: the settings in force.
        change_count: how many changes of the change log were made before it.
    """

    tensors: Mapping[str, Array] | None
    proof: str
    clock: tuple[int, int, int]
    loss_sum: float
    plateau: Plateau
    optimizer: Optimizer
    settings: TrainingSettings
    change_count: int = 0

    @property
    def step(self) -> int:
        """Steps taken before it."""
        return self.clock[0]

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors."""
        return sum(value.nbytes for value in (self.tensors or {}).values())

    @staticmethod
    def of(checkpoint: Checkpoint, *, change_count: int = 0, proof: str = "") -> SavedCheckpoint:
        """The saved form of a checkpoint; its tensors are views.

        Args:
            proof: digest of a first step that follows from seed and settings; its tensors are left out.
        """
        clock = checkpoint.clock
        return SavedCheckpoint(
            None if proof else checkpoint.tensors,
            proof,
            (clock.step, clock.epoch, clock.batch),
            checkpoint.loss_sum,
            checkpoint.plateau,
            checkpoint.optimizer,
            checkpoint.settings,
            change_count,
        )

    def to_checkpoint(self, trainer: Trainer) -> Checkpoint:
        """The checkpoint that `trainer` can be restored to.

        Raises:
            InputError: it is none of that trainer's network, or its first step comes out another one than then.
        """
        where = f"the checkpoint of step {self.step:,}"
        is_initial, machine = self.tensors is None, trainer.machine
        memory = trainer.initial_memory() if is_initial else np.zeros_like(machine.state())
        own = trainer.structure.views(memory)
        if self.tensors is None:
            if digest(own) != self.proof:
                raise InputError(
                    "the initial weights are not those of the saved run",
                    where=where,
                    hint="another version of nnplay drew those",
                )
        else:
            match(self.tensors, {name: (str(view.dtype), view.shape) for name, view in own.items()}, where)
            for name, view in own.items():
                view[...] = self.tensors[name]
        if not all(0 <= count < MOST_STEPS for count in self.clock) or self.clock[2] >= trainer.batches:
            raise InputError("its counters do not fit this run", where=where)
        clock, settings = Clock(self.settings.seed, *self.clock), (self.plateau, self.optimizer, self.settings)
        return Checkpoint(memory, clock, self.loss_sum, *settings, trainer.structure)


def initial_digest(checkpoint: Checkpoint, trainer: Trainer) -> str:
    """The digest of a checkpoint that follows from seed and settings alone, as a run's first step does; else ""."""
    if checkpoint.clock.step or checkpoint.loss_sum or checkpoint.plateau != Plateau():
        return ""
    same = np.array_equal(checkpoint.memory, trainer.initial_memory())
    return digest(checkpoint.tensors) if same else ""


def digest(tensors: Mapping[str, Array]) -> str:
    """SHA-256 over the names and numbers of some tensors."""
    hashed = hashlib.sha256()
    for name in sorted(tensors):
        hashed.update(f"{name}\0".encode())
        hashed.update(np.ascontiguousarray(tensors[name]).tobytes())
    return hashed.hexdigest()
