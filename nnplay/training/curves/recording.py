"""What one call into the compiled loop leaves behind, as curves of the history."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnplay.tape.machines.machine import Machine
from nnplay.training.curves.history import History

_OF_STEPS = ("loss", "gradient_norm", "lr")
#: Curves with a value for each epoch.
OF_EPOCHS = ("train_loss", "validation_loss", "validation_accuracy")


def extend_history(
    history: History,
    machine: Machine,
    first: int,
    taken: int,
    batches: int,
    epoch_curves: int,
    names: Sequence[str] = ("",),
) -> None:
    """Appends the steps of the last call, and the epochs that ended in it.

    Args:
        first: step before the call.
        taken: how many steps it took.
        batches: of an epoch.
        names: of the stages of a step; curves of the first one are called as in a run with only one.
        epoch_curves: how many of the epochs' curves there are: 1 without a validation part, 2 without classes.
    """
    clock = machine.clock
    steps = np.arange(first + 1, first + taken + 1)
    for number, stage in enumerate(names):
        trace = machine.trace[:taken, number]
        ran, when = ~np.isnan(trace[:, 2]), steps  # a stage that sat a step out left no learning rate
        if not ran.all():
            when, trace = steps[ran], trace[ran]
        for column, name in enumerate(_OF_STEPS):
            history.extend(f"{stage}_{name}" if number else name, when, trace[:, column])
    lines = machine.finished_epochs
    ends = clock.step - clock.batch - batches * (clock.epoch - lines[:, 0].astype(np.int64))
    for column, name in enumerate(OF_EPOCHS[:epoch_curves], start=1):
        known = ~np.isnan(lines[:, column])
        history.extend(name, ends[known], lines[known, column])


def newest_values(history: History, step: int, kept: int, since: int) -> dict[str, float]:
    """The value of each curve at the present step, by name: the numbers of the header.

    Args:
        kept: the step whose weights are in place, an earlier one where the best epoch's came back.
        since: values up to this step are of another network, and left out.
    """
    steps = {name: kept if name in OF_EPOCHS else step for name in history.names()}
    buckets = {name: history[name].at(place) for name, place in steps.items()}
    return {name: found.last for name, found in buckets.items() if found is not None and found.step > since}
