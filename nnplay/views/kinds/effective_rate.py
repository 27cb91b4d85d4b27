"""What the optimizer makes of each gradient: what it remembers, and how far a weight moves for each 1 of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import figure
from nnplay.training.next_batch import finish_update, is_ready, next_batch, updates_alone
from nnplay.training.trainer import Trainer
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.float64]
#: The first place, before those of each tensor alone.
ALL: Final = "all weights"


@dataclass(frozen=True, slots=True)
class EffectiveRate(Output):
    """Rates of the next update.

    Attributes:
        tensors: name and rates of each trained tensor, of its own shape: |move| / |gradient|; NaN where that is 0.
        chosen: which of them is shown alone, or −1 for all.
        title: the optimizer's.
        words, formula: what its update does.
        memory: what it remembers of each weight.
        worked: the numbers of the weight whose gradient is largest.
        lr: the learning rate.
        angle: between the step and steepest descent, in degrees; NaN where there is no gradient.
        problem: why there is nothing to see.
    """

    tensors: tuple[tuple[str, Floats], ...]
    chosen: int
    title: str
    words: str
    formula: str
    memory: str
    worked: str = ""
    lr: float = math.nan
    angle: float = math.nan
    problem: str = ""


def suits(trainer: Trainer) -> bool:
    """Weights are moved by a rule for their gradients; an optimizer that tries points has no such rates."""
    return bool(trainer.machine.tape.stages[0].gradients) and trainer.optimizer.record.whole is None


def make_effective_rate(trainer: Trainer, asked: Asked) -> EffectiveRate:
    """The next step is tried, and undone."""
    names, told = _names(trainer), _texts(trainer)
    if not (is_ready(trainer) and updates_alone(trainer)):
        return EffectiveRate((), -1, *told, problem="rates are shown where each batch makes an update")
    machine, tape = trainer.machine, trainer.machine.tape
    slots = [(tape.parameters[full], tape.stages[0].gradients[full]) for full in names]
    with np.errstate(all="ignore"), next_batch(trainer):
        before = [machine.view(weights).astype(np.float64) for weights, _ in slots]
        slopes = [machine.view(gradient).astype(np.float64) for _, gradient in slots]
        finish_update(trainer)
        moves = [machine.view(weights) - old for (weights, _), old in zip(slots, before, strict=True)]
        rates = [np.where(g != 0, np.abs(move / g), np.nan) for move, g in zip(moves, slopes, strict=True)]
        worked = _work_out(trainer, names, slopes, moves)
    return EffectiveRate(
        tuple(zip(names, rates, strict=True)), asked.place - 1, *told, worked, trainer.lr, _angle(slopes, moves)
    )


def _names(trainer: Trainer) -> tuple[str, ...]:
    return tuple(full for full in trainer.parameters() if full in trainer.machine.tape.stages[0].gradients)


def _texts(trainer: Trainer) -> tuple[str, str, str, str]:
    """Title, words, formula and memory of the optimizer."""
    optimizer, shapes = trainer.optimizer, {values.shape for values in trainer.parameters().values()}
    record, kept = optimizer.record, dict.fromkeys(name for shape in shapes for name in optimizer.state_of(shape))
    by_tensor = next((rule for shape in shapes if (rule := record.by_tensor(shape)) is not None), None)
    operation = by_tensor.uses[-1].operation if by_tensor is not None else optimizer.operation
    memory = f"It remembers {' and '.join(kept)}." if kept else "It remembers nothing."
    return record.title, operation.words, operation.formula, memory


def _angle(slopes: list[Floats], moves: list[Any]) -> float:
    """Between all moves and all negative gradients, in degrees."""
    step, gradient = (np.concatenate([each.ravel() for each in every]) for every in (moves, slopes))
    lengths = float(np.linalg.norm(step) * np.linalg.norm(gradient))
    return math.degrees(math.acos(min(1.0, max(-1.0, -float(step @ gradient) / lengths)))) if lengths > 0 else math.nan


def _work_out(trainer: Trainer, names: tuple[str, ...], slopes: list[Floats], moves: list[Any]) -> str:
    """One weight with its numbers after the update: the one with the largest gradient."""
    largest = [float(np.abs(np.nan_to_num(g)).max(initial=0)) for g in slopes]
    k = int(np.argmax(largest))
    if not largest[k] > 0:
        return "No weight has a gradient in this batch."
    at = np.unravel_index(int(np.abs(np.nan_to_num(slopes[k])).argmax()), slopes[k].shape)
    kept = {slot.name: slot for slot in trainer.machine.tape.layout.slots["optimizer_state"]}
    slope, move = float(slopes[k][at]), float(moves[k][at])
    numbers = [f"gradient {figure(slope)}"]
    for name in trainer.optimizer.state_of(slopes[k].shape):
        slot = kept.get(f"{names[k]}.{name}")
        if slot is not None and slot.shape == slopes[k].shape:
            numbers.append(f"{name} {figure(float(trainer.machine.view(slot)[at]))}")
    title = f"{names[k]}[{','.join(str(int(part)) for part in at)}]"
    rate = figure(abs(move / slope))
    return f"{title}: {', '.join(numbers)} move it by {figure(move)}, {rate} for each 1 of its gradient."


EFFECTIVE_RATE = View(
    "effective rate",
    EffectiveRate,
    suits,
    make_effective_rate,
    about="What the optimizer remembers, and how far each weight moves for each 1 of its gradient.",
    group="gradients",
    place="tensor",
    places=lambda trainer: (ALL, *_names(trainer)),
    order=3,
)
