"""A run trained to its end in one go: to its last epoch or until a condition holds, then back to the best weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from nnplay.training.best_weights import BestEpoch, BestWeights
from nnplay.training.driver import Driver
from nnplay.training.stopping import Stops
from nnplay.training.trainer import Trainer


class RunEnd(NamedTuple):
    """How a run ended.

    Attributes:
        reason: why it stopped before its last epoch, as a sentence, or an empty text.
        best: the epoch whose weights are in place, where that was asked for.
        broken_off: somebody ended it before its end; its last weights are in place.
    """

    reason: str = ""
    best: BestEpoch | None = None
    broken_off: bool = False


def train_to_end(
    trainer: Trainer,
    stops: Stops,
    epochs: int,
    *,
    after: Callable[[Trainer], bool] | None = None,
    pauses: Sequence[int] = (),
    weights_of: int | None = None,
) -> RunEnd:
    """Trains for so many epochs more, or until a condition of `stops` holds; those on epochs are not looked at.

    Args:
        after: called between calls of about 20 ms; training is broken off when it returns True.
        pauses: epochs, counted since the initial weights, at whose end `after` is called in any case.
        weights_of: the step whose weights are in place at the start, where the best epoch's came back; else the present
            one.

    Raises:
        DivergedError: a number that is not finite; the last good weights are in place.
    """
    last, stops.epochs = trainer.epoch + epochs, 0
    stops.begin(trainer)
    weights = BestWeights(trainer, weights_of) if stops.keep_best else None
    for epoch in (one for one in (*pauses, last) if trainer.epoch < one <= last):
        driver, more = Driver(trainer, trainer.step + trainer.steps_to(epoch), stops=stops), True
        while more:
            more = driver.turn()
            if weights is not None:
                weights.look()
            if after is not None and after(trainer):
                return RunEnd(broken_off=True)
        if driver.reason:
            return RunEnd(driver.reason, _keep(weights))
    return RunEnd(best=_keep(weights))


def _keep(weights: BestWeights | None) -> BestEpoch | None:
    if weights is None:
        return None
    weights.bring_back()
    return weights.best
