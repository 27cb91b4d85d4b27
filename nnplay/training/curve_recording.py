"""What one call into the compiled loop leaves behind, as curves of the history."""

from __future__ import annotations

import numpy as np

from nnplay.tape.machines.machine import Machine
from nnplay.training.history import History

_OF_STEPS = ("loss", "gradient_norm", "lr")
#: Curves with a value for each epoch.
OF_EPOCHS = ("train_loss", "validation_loss", "validation_accuracy")


def extend_history(history: History, machine: Machine, first: int, taken: int, batches: int, epoch_curves: int) -> None:
    """Appends the steps of the last call, and the epochs that ended in it.

    Args:
        first: step before the call.
        taken: how many steps it took.
        batches: of an epoch.
        epoch_curves: how many of the epochs' curves there are: 1 without a validation part, 2 without classes.
    """
    clock = machine.clock
    steps = np.arange(first + 1, first + taken + 1)
    for column, name in enumerate(_OF_STEPS):
        history.extend(name, steps, machine.trace[:taken, 0, column])
    lines = machine.finished_epochs
    ends = clock.step - clock.batch - batches * (clock.epoch - lines[:, 0].astype(np.int64))
    for column, name in enumerate(OF_EPOCHS[:epoch_curves], start=1):
        known = ~np.isnan(lines[:, column])
        history.extend(name, ends[known], lines[known, column])
