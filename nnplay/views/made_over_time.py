"""What a generator made of the same noise at earlier steps of the run, as far as their checkpoints are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.training.players.made_rows import Generator, in_units, make_rows
from nnplay.training.state.visit import visiting
from nnplay.training.trainer import Trainer
from nnplay.views.view import Asked

Array = NDArray[Any]
#: Steps that are shown at the most, the present one among them.
MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Made:
    """Rows (N, …) in the data's own units that were made at a step."""

    step: int
    rows: Array


def made_over_time(
    trainer: Trainer, generator: Generator, noise: Array, asked: Asked, most: int = MOST
) -> tuple[Made, ...]:
    """What it made of noise (N, noise) from the first checkpoint on, as evenly as they are kept, and what it makes now.

    Steps at which the run had other networks or optimizers are left out. The trainer has its own bits again afterwards.
    """
    ways = asked.ways()
    moments = {
        moment.step: moment
        for moment in (ways[0].moments if ways else ())
        if moment.step < trainer.step and moment.trainer.structure == trainer.structure
    }
    found = []
    for step in spread_over(sorted(moments), trainer.step, most - 1):
        checkpoint = moments[step].read()
        if checkpoint.structure == trainer.structure:
            with visiting(trainer, checkpoint):
                found.append(Made(step, in_units(trainer, make_rows(trainer, generator, noise))))
    return (*found, Made(trainer.step, in_units(trainer, make_rows(trainer, generator, noise))))


def spread_over(steps: Sequence[int], now: int, most: int) -> list[int]:
    """At most so many of the steps, in order: the first, and those nearest to even distances from it to now."""
    if len(steps) <= most:
        return list(steps)
    wanted = [steps[0] + (now - steps[0]) * place / most for place in range(most)]
    return sorted({min(steps, key=lambda step: abs(step - each)) for each in wanted})
