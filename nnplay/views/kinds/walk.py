"""How the optimizer walks: the lengths of its steps, and of one that tries points its damping, angle and failures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.training.curves.layer_recording import ANGLE, NEXT, STEP
from nnplay.training.learning_rate import rates, watches
from nnplay.training.trainer import Trainer
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Walk(Output):
    """Numbers of recorded steps.

    Attributes:
        steps: (k,), which steps were recorded.
        lines: by name, (k,) each.
        rates: the learning rate of the schedule from step 0 to the end of the run that was asked for, (n,).
        ahead: the step that the last rate is of.
        searches: the optimizer tries points: each step is one evaluation.
        eigenvalues: of the Hessian as Newton's method has measured it, the smallest first; else none.
    """

    steps: NDArray[np.int64]
    lines: tuple[tuple[str, Floats], ...]
    rates: Floats
    ahead: int
    searches: bool
    eigenvalues: Floats = field(default_factory=lambda: np.zeros(0))


def make_walk(trainer: Trainer, asked: Asked) -> Walk:
    """What was recorded so far, and the schedule as it will be."""
    curves = trainer.history.by_layer
    lines = [(name, values.copy()) for name, values in curves.of("search").items()]
    searches = trainer.optimizer.record.whole is not None
    still = curves.column(f"search:{NEXT if searches else STEP}") == 0  # a step of no length has no angle
    lines = [(name, np.where(still, np.nan, values) if name == ANGLE else values) for name, values in lines]
    lines = [_told(name, values) for name, values in lines if np.any(np.nan_to_num(values))]
    rates, ahead = _schedule(trainer, max(8, asked.size[0]))
    return Walk(curves.steps.copy(), tuple(lines), rates, ahead, searches, _eigenvalues(trainer))


def _eigenvalues(trainer: Trainer) -> Floats:
    """Those of the Hessian at the accepted point, where the optimizer keeps them."""
    slots = {slot.name: slot for slot in trainer.machine.tape.layout.slots["optimizer_state"]}
    found = slots.get("search.eigenvalues")
    values = trainer.machine.view(found).astype(np.float64).ravel() if found is not None else np.zeros(0)
    return np.asarray(np.sort(values)) if values.any() else np.zeros(0)


def _told(name: str, values: Floats) -> tuple[str, Floats]:
    """An angle in degrees, where a cosine was recorded."""
    if name != ANGLE:
        return name, values
    return "angle to steepest descent, degrees", np.degrees(np.arccos(np.clip(values.astype(np.float64), -1, 1)))


def _schedule(trainer: Trainer, points: int) -> tuple[Floats, int]:
    """The learning rates (n,) of some steps of the whole schedule, also of those that are still to come."""
    schedule = trainer.settings.schedule
    if schedule is None or watches(schedule):
        return np.zeros(0), 0
    lr = float(trainer.optimizer.values["lr"])
    ahead = max(2 * trainer.step, 1_000)
    return rates(lr, schedule, trainer.plateau, 0, ahead)[np.linspace(0, ahead - 1, points).astype(np.int64)], ahead


WALK = View(
    "walk",
    Walk,
    lambda trainer: bool(trainer.machine.tape.stages[0].gradients),
    make_walk,
    about="How far each step goes, at what angle, rate and damping; and the schedule before it happens.",
    group="gradients",
    order=4,
)
