"""The loss on the straight line from another step, or the end of another branch, to the present weights and beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.landscape.loss_plane import Plane
from nnplay.training.state.initial_state import view_of_slot
from nnplay.training.trainer import Trainer
from nnplay.views.view import Asked, Output, View

#: How far the line goes beyond both ends, as a share of its length, and points on it.
_BEYOND: Final = 0.5
_POINTS: Final = 61


@dataclass(frozen=True, slots=True)
class Between(Output):
    """Losses of training rows along a line.

    Attributes:
        shares: (k,), 0 at the other weights, 1 at the present ones.
        losses: (k,).
        other: the name of the other step; empty where none is chosen.
        problem: why there is nothing to see.
    """

    shares: NDArray[np.float64]
    losses: NDArray[np.float64]
    other: str
    problem: str = ""


def make_between(trainer: Trainer, asked: Asked) -> Between:
    """The line from the chosen moment, or from the first of the run where none is chosen."""
    if not asked.moments:
        return Between(np.zeros(0), np.zeros(0), "", "other steps to compare with appear once the run has some")
    moment = asked.moments[asked.place - 1 if asked.place else 0]
    checkpoint = moment.read()
    if checkpoint.structure != trainer.structure:
        problem = f"{moment.name} has another network or optimizer, so there is no line from there"
        return Between(np.zeros(0), np.zeros(0), moment.name, problem)
    tape, plane = trainer.machine.tape, Plane(trainer)
    slots = [tape.parameters[full] for full in tape.stages[0].gradients]
    parts = [view_of_slot(checkpoint.memory, trainer.machine, slot).ravel() for slot in slots]
    start = np.concatenate(parts).astype(np.float64)
    shares = np.linspace(-_BEYOND, 1 + _BEYOND, _POINTS)
    losses = plane.losses(start + shares[:, None] * (plane.weights - start))
    return Between(shares, losses, moment.name)


def suits(trainer: Trainer) -> bool:
    """One network is trained for one loss."""
    stages = trainer.machine.tape.stages
    return len(stages) == 1 and bool(stages[0].gradients) and trainer.machine.compiling is None


BETWEEN = View(
    "between two",
    Between,
    suits,
    make_between,
    about="The loss between another step or branch and the present weights: one valley, or a ridge in the way?",
    group="gradients",
    place="from",
    compares=True,
    order=6,
)
