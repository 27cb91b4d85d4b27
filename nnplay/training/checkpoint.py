"""A moment of a run as one value: what the past is made of, and what a run goes back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from nnplay.records.optimizer import Optimizer
from nnplay.tape.machine import Clock
from nnplay.training.learning_rate import Plateau
from nnplay.training.settings import Setup


@dataclass(frozen=True, slots=True)
class State:
    """A moment of a run: enough to go on from there with exactly the same numbers.

    Attributes:
        memory: parameters, optimizer state and running statistics, as one vector.
        clock: the machine's clock.
        loss_sum: sum of the losses of the epoch so far.
        plateau: what a schedule that watches the validation loss remembers.
        optimizer, setup: the settings that are in force.
    """

    memory: NDArray[Any]
    clock: Clock
    loss_sum: float
    plateau: Plateau
    optimizer: Optimizer
    setup: Setup
