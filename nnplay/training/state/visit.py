"""A short look at a trainer with the weights of another step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nnplay.training.state.checkpoint import Checkpoint, refuse_other_run
from nnplay.training.trainer import Trainer


@contextmanager
def visiting(trainer: Trainer, checkpoint: Checkpoint) -> Iterator[None]:
    """Within it the trainer answers with the weights of a checkpoint; after it, it has its own bits again.

    Nothing may be trained within. Settings in force stay: units that are silent now are silent then too.

    Raises:
        InputError: it belongs to another network; nothing has changed then.
    """
    refuse_other_run(checkpoint, trainer.state(), len(trainer.split.train), trainer.batches)
    memory = trainer.machine.state()
    kept = memory.copy()
    memory[...] = checkpoint.memory
    try:
        yield
    finally:
        memory[...] = kept
