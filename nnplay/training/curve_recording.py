"""What one call into the compiled loop leaves behind, as curves of the history."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.tape.machine_cpu import Machine
from nnplay.training.history import History

Array = NDArray[Any]
_OF_STEPS = ("loss", "gradient_norm", "lr")
_OF_EPOCHS = ("train_loss", "validation_loss", "validation_accuracy")


def finished_epochs(machine: Machine) -> Array:
    """A row for each epoch that ended in the last call: its number, and the curves of `_OF_EPOCHS` (or NaN)."""
    return machine.epochs[: int(machine.program[abi.PROGRAM_EPOCH_COUNT])]


def extend_history(history: History, machine: Machine, first: int, taken: int, batches: int, epoch_curves: int) -> None:
    """Appends the steps of the last call, and the epochs that ended in it.

    Args:
        first: step before the call.
        taken: how many steps it took.
        batches: of an epoch.
        epoch_curves: how many of the epochs' curves there are: 1 without a validation part, 2 without classes.
    """
    step, epoch, batch = (int(machine.clock[place]) for place in (abi.CLOCK_STEP, abi.CLOCK_EPOCH, abi.CLOCK_BATCH))
    steps = np.arange(first + 1, first + taken + 1)
    for column, name in enumerate(_OF_STEPS):
        history.extend(name, steps, machine.trace[:taken, column])
    lines = finished_epochs(machine)
    ends = step - batch - batches * (epoch - lines[:, 0].astype(np.int64))
    for column, name in enumerate(_OF_EPOCHS[:epoch_curves], start=1):
        known = ~np.isnan(lines[:, column])
        history.extend(name, ends[known], lines[known, column])
