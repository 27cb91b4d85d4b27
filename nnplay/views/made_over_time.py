"""What a generator made of the same noise at earlier steps of the run, as far as their checkpoints are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.training.made_rows import Generator, in_units, make_rows
from nnplay.training.state.visit import visiting
from nnplay.training.trainer import Trainer
from nnplay.views.view import Asked

Array = NDArray[Any]
#: Steps that are shown, the present one among them.
MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Made:
    """Rows (N, …) in the data's own units that were made at a step."""

    step: int
    rows: Array


def made_over_time(trainer: Trainer, generator: Generator, noise: Array, asked: Asked) -> tuple[Made, ...]:
    """What it made of noise (N, noise) at the latest checkpoints in front of the present step, and what it makes now.

    Steps at which the run had other networks or optimizers are left out. The trainer has its own bits again afterwards.
    """
    present = Made(trainer.step, in_units(trainer, make_rows(trainer, generator, noise)))
    found = [present]
    ways = asked.ways()
    for moment in reversed(ways[0].moments if ways else ()):
        checkpoint = moment.read()
        if checkpoint.structure != trainer.structure or checkpoint.clock.step >= found[0].step:
            continue
        with visiting(trainer, checkpoint):
            rows = in_units(trainer, make_rows(trainer, generator, noise))
        found.insert(0, Made(checkpoint.clock.step, rows))
        if len(found) == MOST:
            break
    return tuple(found)
