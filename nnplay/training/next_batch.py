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
def next_batch(trainer: Trainer, *, update: bool = False) -> Iterator[int]:
    """Within the block memory is as the next step leaves it, for a batch of n rows; afterwards as it was before.

    Args:
        update: up to the end of the update, else right before it, when the gradient is whole and not yet limited.
            Where a step takes several batches, the gradient is that of the first one, and nothing is updated.
    """
    machine, tape = trainer.machine, trainer.machine.tape
    bounds, stage = tape.layout.bounds, tape.stages[0]
    first, end = bounds["settings"][0], bounds["scratch"][1]
    memory = machine.view(Slot("all but evaluation", "settings", (end - first,), first))
    kept, table = memory.copy(), machine.current_batch
    single = trainer.settings.accumulate == 1
    last = (stage.rows.end if update else stage.rows.update_at) if single else _first_update_row(trainer)
    try:
        machine.shuffle()
        machine.view(stage.named["optimizer"])[0] = trainer.lr
        machine.run_table(table, last)
        yield table.n
    finally:
        memory[...] = kept


def _first_update_row(trainer: Trainer) -> int:
    rows = trainer.machine.tape.train
    return next((number for number, row in enumerate(rows) if row.phase == "update"), len(rows))


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
