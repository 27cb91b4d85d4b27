"""A checkpoint: everything that a run needs to go on from one step with exactly the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.records.optimizer import Optimizer
from nnplay.tape.machines.machine import Clock
from nnplay.tape.structure import Structure
from nnplay.text import counted
from nnplay.training.learning_rate import Plateau
from nnplay.training.settings import DECLARED, TrainingSettings

#: Settings that a trainer's tape and tables are made for; all others come with a checkpoint.
_FIXED: Final = tuple(name for name, declared in DECLARED.items() if declared.fixed)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A run at one step, in memory.

    Attributes:
        memory: parameters, optimizer state and running statistics, as one vector.
        clock: the machine's clock.
        loss_sum: sum of the losses of the epoch so far.
        plateau: what a schedule that watches the validation loss remembers.
        optimizer, settings: the settings in force.
        structure: the layers of the network, and the names of the ranges in `memory`.
    """

    memory: NDArray[Any]
    clock: Clock
    loss_sum: float
    plateau: Plateau
    optimizer: Optimizer
    settings: TrainingSettings
    structure: Structure

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        return int(self.memory.nbytes)

    @property
    def tensors(self) -> Mapping[str, NDArray[Any]]:
        """Views of `memory` by the names of the tensors in it."""
        return self.structure.views(self.memory)

    def difference(self, own: Checkpoint, rows: int, batches: int) -> str:
        """Why a run on so many rows in so many batches that stands at `own` cannot go to this checkpoint; else empty.

        A batch beyond the data, or tensors of other shapes, would be read from memory that is something else.
        """
        reason = self._different_setting(own, rows) or own.structure.difference(self.structure)
        if reason:
            return reason
        if not 0 <= self.clock.batch < batches:
            return (
                f"it is at batch {self.clock.batch:,} of its epoch, but an epoch has {counted(batches, 'batch')} here"
            )
        if (self.memory.shape, self.memory.dtype) != (own.memory.shape, own.memory.dtype):
            return f"it has {self.memory.size:,} numbers in the state, {own.memory.size:,} here"
        return ""

    def _different_setting(self, own: Checkpoint, rows: int) -> str:
        """The first setting that cannot change on the way to this checkpoint."""
        kind = (self.optimizer.record.name, own.optimizer.record.name)
        size = (self.settings.batch_rows(rows), own.settings.batch_rows(rows))
        fixed = {name: (getattr(self.settings, name), getattr(own.settings, name)) for name in _FIXED}
        for name, (there, here) in {"the optimizer": kind, "batch_size": size, **fixed}.items():
            if there != here:
                return f"{name} is {there} in the state, {here} here"
        return ""


def refuse_other_run(checkpoint: Any, own: Checkpoint, rows: int, batches: int) -> None:
    """Refuses what is no checkpoint of a run made as the one that stands at `own` is, on so many rows and batches.

    Raises:
        InputError: it names what differs.
    """
    if not isinstance(checkpoint, Checkpoint):
        raise InputError(
            f"{type(checkpoint).__name__} is not a trainer state", where="restore", hint="give what state() returned"
        )
    if reason := checkpoint.difference(own, rows, batches):
        hint = "create a trainer for the same network, optimizer and batches; remake() carries weights over"
        raise InputError(f"this is the state of another run: {reason}", where="restore", hint=hint)
