"""The learning-rate finder: a run is tried with ever larger learning rates, and put back bit for bit.

Smith, Cyclical Learning Rates for Training Neural Networks (2017); the suggestions are those of fastai.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.training.trainer import Trainer
from nnplay.training.whole_data import looks_at_all

Array = NDArray[np.float64]
#: The first and the last rate, and the steps between them.
LOWEST: Final = 1e-7
HIGHEST: Final = 10.0
STEPS: Final = 300
#: How slowly the smoothed loss follows; a loss so many times the least one ends the sweep.
DECAY: Final = 0.95
MUCH: Final = 4.0
#: Steps of one call into the loop, between which the sweep may be broken off.
_CALL: Final = 10
#: Steps without which nothing is suggested.
_FEWEST: Final = 10
#: Changes of the smoothed loss between two rates that count as none (`slide`).
_FLAT: Final = 0.005
#: Share of the whole fall of the loss that counts as hardly any.
_HARDLY: Final = 0.1


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A learning rate, and why it is suggested."""

    name: str
    rate: float
    why: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep came to.

    Attributes:
        rates, losses, smoothed: of each step (k,): its learning rate, the loss before its update, and a moving average.
        suggestions: learning rates to choose from, the most useful first; none where too few steps were taken.
    """

    rates: Array
    losses: Array
    smoothed: Array
    suggestions: tuple[Suggestion, ...]


def find_rates(
    trainer: Trainer,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
    stop: Callable[[], bool] = lambda: False,
) -> Sweep:
    """Trains for some steps with rates that grow by the same factor; afterwards the trainer is as it was.

    Args:
        lowest, highest: the rates of the first and of the last step.
        steps: how many there are at the most: the sweep ends where the loss has grown to a multiple of its least.
        stop: asked now and then whether to end early.

    Raises:
        InputError: rates that do not grow, or an optimizer that chooses the lengths of its steps itself.
    """
    if not (0 < lowest < highest and math.isfinite(highest)) or steps < 2:
        raise InputError("a sweep goes up", where="find lr", hint="give two rates above 0, the larger one last")
    if looks_at_all(trainer.optimizer):
        name = trainer.optimizer.record.name
        raise InputError(f"{name} chooses how far it goes by itself", where="find lr", hint="take adam or sgd")
    rates = lowest * np.exp(np.linspace(0.0, 1.0, steps) * math.log(highest / lowest))
    losses = _tried(trainer, rates, stop)
    smoothed = smooth(losses)
    taken = rates[: len(losses)]
    return Sweep(taken, losses, smoothed, suggest(taken, smoothed))


def _tried(trainer: Trainer, rates: Array, stop: Callable[[], bool]) -> Array:
    """The loss of each step with these rates, up to where it is too large or not finite."""
    machine, before = trainer.machine, trainer.state()
    contents = {name: array.copy() for name, array in machine.contents().items()}
    losses: list[float] = []
    try:
        while len(losses) < len(rates) and not stop():
            count = min(_CALL, len(rates) - len(losses), machine.batches - machine.clock.batch)
            machine.rates[:count, 0] = rates[len(losses) : len(losses) + count]
            taken = machine.advance(count)
            losses += machine.trace[:taken, 0, 0].astype(float).tolist()
            if machine.take_fault() is not None or not taken or _too_large(losses):
                break
    finally:
        trainer.restore(before)
        machine.fill(contents)
        trainer.write_settings()
    return np.array(losses)


def _too_large(losses: list[float]) -> bool:
    smoothed = smooth(np.array(losses))
    return len(losses) > _FEWEST and bool(smoothed[-1] > MUCH * smoothed.min())


def smooth(losses: Array) -> Array:
    """The moving average of losses (k,), each divided by how much of it has been seen."""
    mean, found = 0.0, []
    for k, loss in enumerate(losses.tolist(), start=1):
        mean = DECAY * mean + (1 - DECAY) * loss
        found.append(mean / (1 - DECAY**k))
    return np.array(found)


def suggest(rates: Array, losses: Array) -> tuple[Suggestion, ...]:
    """Four rates from a smoothed curve, as fastai chooses them."""
    if len(rates) < _FEWEST:
        return ()
    skipped = min(max(_FEWEST, len(rates) // 12), len(rates) // 4)  # the average of a few losses says little
    rates, losses = rates[skipped:], losses[skipped:]
    fall = slice(0, max(2, int(losses.argmin()) + 1))
    found = (
        ("valley", _valley(rates, losses), "in the middle of the longest fall"),
        ("steep", _steep(rates[fall], losses[fall]), "where the loss falls fastest"),
        ("minimum", float(rates[int(losses.argmin())]) / 10, "a tenth of the rate with the lowest loss"),
        ("slide", _slide(rates, losses), "the last rate before the loss rises"),
    )
    return tuple(Suggestion(name, rate, why + _doubt(rate, rates, losses)) for name, rate, why in found)


def _doubt(rate: float, rates: Array, losses: Array) -> str:
    """Why a rate may be no good: the loss explodes from about there on, or has hardly begun to fall; else nothing.

    The moving average is late by 1 / (1 - DECAY) steps, so the explosion begins that much before it shows in it.
    """
    level = float(losses[: max(1, len(losses) // 3)].max())
    last = int(np.flatnonzero(losses <= level)[-1])
    if last < len(losses) - 1 and rate > rates[max(0, last - round(1 / (1 - DECAY)))]:
        return "; it explodes about there"
    fall = float(losses[0] - losses.min())
    at = min(int(np.searchsorted(rates, rate)), len(losses) - 1)
    if fall > _HARDLY * losses[0] and losses[0] - losses[at] < _HARDLY * fall:
        return "; it has hardly fallen by then"
    return ""


def _steep(rates: Array, losses: Array) -> float:
    wide = max(1, len(losses) // 12)  # between neighbours there is more noise than slope
    return float(rates[int((losses[wide:] - losses[:-wide]).argmin()) + wide // 2])


def _valley(rates: Array, losses: Array) -> float:
    """In the longest falling subsequence, half way through its middle third."""
    count = len(losses)
    longest = np.ones(count, np.int64)
    for k in range(1, count):
        below = longest[:k][losses[:k] > losses[k]]
        longest[k] = 1 + int(below.max(initial=0))
    end = int(longest.argmax())
    start = max(0, end - int(longest[end]))
    third = (end - start) / 3
    return float(rates[start + int(third) + int(third / 2)])


def _slide(rates: Array, losses: Array, gap: int = 15) -> float:
    """Going back from the end, the first rate from which the slope has stopped changing."""
    slopes = np.gradient(losses / max(float(np.abs(losses[0])), 1e-300))
    right = len(losses) - 1
    while right - gap > 0 and abs(slopes[right] - slopes[right - gap]) > _FLAT:
        right -= 1
    return float(rates[max(0, right - gap)])
