"""How far the next update moves each weight tensor, and the optimizer's state behind that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.tape.memory_layout import Slot
from nnplay.training.curves.layer_recording import Tensors, relative_changes
from nnplay.training.next_batch import finish_update, is_ready, next_batch, updates_alone
from nnplay.training.trainer import Trainer
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Updates(Output):
    """What an update does to each trained tensor.

    Attributes:
        tensors: their names.
        ratios: length of the next update as a share of the weights' (tensors,); 0 for a tensor of zeros.
        rates: length of the update as a multiple of the gradient's (tensors,): the effective learning rate.
        state: the optimizer's state after the update by the optimizer's names, each (tensors,): root mean squares, and
            for running squares the root of their mean, so that all are as long as a gradient; NaN where there is none.
        steps, run: recorded steps (k,), and the ratios in those (k, tensors).
        lr: the learning rate of that update.
        whole: an update was worked out; not while kernels are compiled, nor where a step takes several batches.
    """

    tensors: tuple[str, ...]
    ratios: Floats
    rates: Floats
    state: tuple[tuple[str, Floats], ...]
    steps: NDArray[np.int64]
    run: Floats
    lr: float
    whole: bool = True


def suits(trainer: Trainer) -> bool:
    """Something is trained."""
    return bool(trainer.machine.tape.stages[0].gradients)


def make_updates(trainer: Trainer, asked: Asked) -> Updates:
    """The next step is tried, and undone."""
    machine, tape = trainer.machine, trainer.machine.tape
    trained, curves = tape.stages[0].gradients, trainer.history.by_layer
    names, unknown = tuple(full for full in trainer.parameters() if full in trained), np.full(len(trained), np.nan)
    weights = Tensors("every weight", (tape.parameters[full] for full in names))
    gradients = Tensors("every gradient", (trained[full] for full in names))
    recorded = curves.of("update")
    run = np.stack([recorded.get(name, np.full(len(curves), np.nan, np.float32)) for name in names], axis=1)
    if not (is_ready(trainer) and updates_alone(trainer)):
        return Updates(names, unknown, unknown, (), curves.steps.copy(), run, trainer.lr, False)
    before = weights.read(machine).copy()
    with np.errstate(all="ignore"):
        with next_batch(trainer):
            slopes = gradients.lengths(gradients.read(machine))
            finish_update(trainer)
            after = weights.read(machine).copy()
            state = _describe_state(trainer, names)
        moved = weights.lengths(after - before)
        ratios = relative_changes(weights.lengths(before), moved)
        rates = moved / np.where(slopes > 0, slopes, np.nan)
    return Updates(names, ratios, rates, state, curves.steps.copy(), run, trainer.lr)


def _describe_state(trainer: Trainer, names: tuple[str, ...]) -> tuple[tuple[str, Floats], ...]:
    """What the optimizer keeps for each tensor, in one number each."""
    slots = {slot.name: slot for slot in trainer.machine.tape.layout.slots["optimizer_state"]}
    parameters, optimizer = trainer.parameters(), trainer.optimizer
    kept = dict.fromkeys(name for full in names for name in optimizer.state_of(parameters[full].shape))
    return tuple(
        (
            f"√{name}" if name in optimizer.record.squares else name,
            np.array([_typical(trainer, slots.get(f"{full}.{name}"), name) for full in names]),
        )
        for name in kept
    )


def _typical(trainer: Trainer, slot: Slot | None, name: str) -> float:
    if slot is None:
        return float("nan")
    values = trainer.machine.view(slot).astype(np.float64)
    return float(np.sqrt(np.mean(values if name in trainer.optimizer.record.squares else values * values)))


UPDATES = View(
    "updates",
    Updates,
    suits,
    make_updates,
    about="How far each update moves a weight, as a share of the weight, with the optimizer's state beside it.",
    group="gradients",
    order=2,
)
