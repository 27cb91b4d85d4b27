"""What a preset's run comes to, as one number: the same on every processor, for any number of threads, however cut."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from nnplay.errors import DivergedError
from nnplay.presets.preset import Preset
from nnplay.training.trainer import Trainer

#: Steps that are taken.
STEPS: Final = 200


def run_digest(preset: Preset, *, threads: int = 1, pieces: int = STEPS) -> str:
    """SHA-256 of the whole state (parameters, optimizer, running statistics, clock, losses) after 200 steps.

    A run that diverges before is taken where it ended.

    Args:
        threads: that share the rows of the tape.
        pieces: steps that are asked for at once.
    """
    trainer = preset.changed(training={"threads": threads}).trainer()
    try:
        while trainer.step < STEPS:
            trainer.run(steps=min(pieces, STEPS - trainer.step))
    except DivergedError:  # as some do on purpose: the state that was left is what counts
        pass
    return state_digest(trainer)


def state_digest(trainer: Trainer) -> str:
    """SHA-256 of a trainer's state."""
    machine = trainer.machine
    hashed = hashlib.sha256(np.ascontiguousarray(machine.state()).tobytes())
    hashed.update(machine.contents()["clock"].tobytes())
    hashed.update(np.float64(machine.loss_sum).tobytes())
    for name in ("loss", "gradient_norm"):
        hashed.update(np.asarray(trainer.history[name].last).tobytes())
    return hashed.hexdigest()
