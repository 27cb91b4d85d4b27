"""The weights of the epoch with the lowest validation loss: which one it was, and how a run comes back to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnplay.training.trainer import Trainer

_LOSS = "validation_loss"


class BestEpoch(NamedTuple):
    """The epoch after which the validation loss was lowest.

    Attributes:
        step: its last step.
        epoch: which one it was, from 1.
        loss: the validation loss there.
    """

    step: int
    epoch: int
    loss: float

    def words(self, epochs: int) -> str:
        """What is said at the end of so many epochs: "best epoch 34 of 80; its weights are kept"."""
        return f"best epoch {self.epoch:,} of {epochs:,}; its weights are kept"


def find_best_epoch(trainer: Trainer) -> BestEpoch | None:
    """The best epoch up to the present step, of those with the present network, loss and data; None without any.

    A run of more epochs than its curve has values is looked at where the curve has one.
    """
    if trainer.split.validation is None or _LOSS not in trainer.history:
        return None
    curve = trainer.history[_LOSS]
    known = (curve.steps > trainer.scored_since) & (curve.steps <= trainer.step) & np.isfinite(curve.last)
    if not known.any():
        return None
    place = int(np.where(known, curve.last, np.inf).argmin())
    step = int(curve.steps[place])
    return BestEpoch(step, _epoch_of(trainer, step), float(curve.last[place]))


def _epoch_of(trainer: Trainer, step: int) -> int:
    """The epoch that ended at an earlier step, or at the present one; in an epoch, the one that ended before it."""
    return (
        trainer.epoch - (trainer.step - trainer.batch - step) // trainer.batches
        if step < trainer.step
        else trainer.epoch
    )


def copy_weights(trainer: Trainer) -> dict[str, NDArray[Any]]:
    """A copy of the whole state by name: parameters, optimizer state, running statistics."""
    return {name: values.copy() for name, values in trainer.tensors().items()}


def bring_back(trainer: Trainer, weights: Mapping[str, NDArray[Any]]) -> None:
    """Puts weights of an earlier step in place; step and epoch stay, and what training goes on with are these."""
    for name, values in trainer.tensors().items():
        if name in weights and weights[name].shape == values.shape:
            values[...] = weights[name]
    trainer.machine.keep_last_good()


class BestWeights:
    """Copies the weights of a run after each epoch that is better than all before, while it trains in one go.

    Where it goes on with a saved run, the weights at its beginning are the first that others have to beat.

    Args:
        trainer: whose turns end with an epoch, at the latest.
        weights_of: the step whose weights are in place, where an earlier one's came back; else the present one.

    Attributes:
        best: the best epoch so far; None before the first, and without a validation part.
    """

    def __init__(self, trainer: Trainer, weights_of: int | None = None) -> None:
        self._trainer, self._epoch = trainer, trainer.epoch
        self.best: BestEpoch | None = None
        self._weights: dict[str, NDArray[Any]] = {}
        if trainer.epoch and trainer.split.validation is not None:
            self._take(trainer.evaluate("validation")["loss"], weights_of)

    def look(self) -> None:
        """Takes the weights if an epoch has just ended, and was the best."""
        trainer = self._trainer
        if trainer.epoch == self._epoch or trainer.batch or _LOSS not in trainer.history:
            return
        self._epoch, newest = trainer.epoch, trainer.history[_LOSS][-1]
        if newest.step == trainer.step and not newest.last >= (np.inf if self.best is None else self.best.loss):
            self._take(newest.last)

    def _take(self, loss: float, weights_of: int | None = None) -> None:
        if np.isfinite(loss):
            step = self._trainer.step if weights_of is None else weights_of
            self.best = BestEpoch(step, _epoch_of(self._trainer, step), loss)
            self._weights = copy_weights(self._trainer)

    def bring_back(self) -> bool:
        """Puts the best weights in place; returns whether they are others than those that were there."""
        if self.best is None or self.best.step == self._trainer.step:
            return False
        bring_back(self._trainer, self._weights)
        return True
