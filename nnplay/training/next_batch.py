"""The next step, tried: what its batch comes to in training mode, without the run taking it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from nnplay.tape.memory_layout import Slot
from nnplay.training.trainer import Trainer

Array = NDArray[Any]


def is_ready(trainer: Trainer) -> bool:
    """Whether a step can be tried: not while its kernels are being compiled."""
    return trainer.machine.compiling is None


@contextmanager
def next_batch(trainer: Trainer, *, backward: bool = True) -> Iterator[int]:
    """Within the block memory is as the next step leaves it, for a batch of n rows; afterwards as it was before.

    Args:
        backward: up to right before the update, when the gradient is whole and not yet limited, and of the first batch
            where a step takes several; else only forward.
    """
    machine, tape = trainer.machine, trainer.machine.tape
    bounds = tape.layout.bounds
    first, end = bounds["settings"][0], bounds["scratch"][1]
    memory = machine.view(Slot("all but evaluation", "settings", (end - first,), first))
    kept, table = memory.copy(), machine.current_batch
    try:
        machine.shuffle()
        machine.view(tape.stages[0].named["optimizer"])[0] = trainer.lr
        machine.run_table(table, _end_of_gradient(trainer) if backward else _first_row(trainer, "loss"))
        yield table.n
    finally:
        memory[...] = kept


def updates_alone(trainer: Trainer) -> bool:
    """Whether each batch makes an update, so that one can be tried."""
    return trainer.settings.accumulate == 1 and trainer.block_rows == trainer.batch_rows


def finish_update(trainer: Trainer) -> None:
    """Within `next_batch`: updates the parameters with the gradient that is there."""
    machine = trainer.machine
    machine.run_table(machine.current_batch, machine.tape.stages[0].rows.end, _end_of_gradient(trainer))


def _end_of_gradient(trainer: Trainer) -> int:
    rows = trainer.machine.tape.stages[0].rows
    return rows.update_at if updates_alone(trainer) else _first_row(trainer, "update")


def _first_row(trainer: Trainer, phase: str) -> int:
    rows = trainer.machine.tape.train
    return next((number for number, row in enumerate(rows) if row.phase == phase), len(rows))


def input_slot(trainer: Trainer, path: str) -> Slot:
    """Where the first input of a layer is within `next_batch`."""
    planned = next(layer for layer in trainer.plan.layers if layer.path == path)
    return value_slot(trainer, planned.inputs[0])


def value_slot(trainer: Trainer, value: int) -> Slot:
    """Where a value of the network is within `next_batch`; value 0 is the input."""
    tape = trainer.machine.tape
    if value == 0:
        return tape.stages[0].named["input"]
    path = next(layer.path for layer in trainer.plan.layers if layer.output == value)
    return tape.layout.find(f"{path}.output", "activations")
