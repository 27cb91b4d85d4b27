"""When a run stops by itself: after epochs or seconds, at a loss or accuracy, or when validation gets no better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nnplay.fields import flag, integer, number
from nnplay.text import counted, figure, percent
from nnplay.training.numbers import label

if TYPE_CHECKING:
    from nnplay.training.trainer import Trainer


#: The conditions as typed fields; 0 turns one off.
STOP_FIELDS: Final = (
    integer("epochs", 0, "stop at this epoch; 0: never", low=0, high=10**9),
    number("seconds", 0.0, "stop after this much training time; 0: never", low=0.0),
    number("loss", 0.0, "stop when the validation loss is this low; 0: never", low=0.0),
    number("accuracy", 0.0, "stop at this validation accuracy (0 to 1); 0: never", low=0.0, high=1.0),
    integer("patience", 0, "stop after this many epochs without a better validation loss; 0: never", low=0, high=10**9),
    flag(
        "keep_best",
        False,
        "once the run has stopped, go back to the weights of the best validation epoch; on for files",
    ),
)


@dataclass(slots=True)
class Stops:
    """Stop conditions, and what is done then; 0 turns one off.

    One that holds already when a run goes on is let pass, or it could not go on.

    Attributes:
        epochs: epochs since the initial weights.
        seconds: of training time.
        loss: validation loss (training loss where there is no validation part) at or below which the run stops.
        accuracy: validation accuracy at or above which it stops (0 … 1).
        patience: epochs without a better validation loss after which it stops (early stopping).
        keep_best: whether the weights of the best validation epoch come back once it has stopped.
    """

    epochs: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    accuracy: float = 0.0
    patience: int = 0
    keep_best: bool = False
    _began: float = -1.0
    _epoch: int = -1
    _best: float = math.inf
    _best_epoch: int = 0
    _passed: frozenset[str] = frozenset()

    @property
    def only_epochs(self) -> bool:
        """Whether nothing but the number of epochs ends the run, and nothing is done then."""
        return not (self.seconds or self.loss or self.accuracy or self.patience or self.keep_best)

    @property
    def watch_epochs(self) -> bool:
        """Whether the run must be looked at after each single epoch."""
        return bool(self.epochs or self.loss or self.accuracy or self.patience or self.keep_best)

    def begin(self, trainer: Trainer) -> None:
        """A run starts or goes on now."""
        self._began, self._epoch = trainer.seconds, trainer.epoch
        self._best, self._best_epoch = math.inf, trainer.epoch
        self._passed = frozenset(self._reached(trainer)) if trainer.epoch else frozenset()

    @property
    def passed(self) -> str:
        """What the run that goes on is already beyond, as a sentence, or an empty text."""
        return (
            f"continuing although the stop by {' and '.join(sorted(self._passed))} has been reached"
            if self._passed
            else ""
        )

    def reason(self, trainer: Trainer) -> str:
        """Why the run should stop now, as a sentence, or an empty text."""
        if self._began < 0.0:  # put in force while the run was already going
            self.begin(trainer)
            self._passed = frozenset()
        if self.seconds and trainer.seconds - self._began >= self.seconds:
            return f"stopped after {self.seconds:g} s of training"
        if trainer.epoch == self._epoch:
            return ""
        self._epoch = trainer.epoch
        reached = self._reached(trainer)
        return next((f"stopped{words}" for name, words in reached.items() if name not in self._passed), "") or (
            self._by_patience(trainer)
        )

    def _reached(self, trainer: Trainer) -> dict[str, str]:
        """The conditions on epoch, loss and accuracy that hold now, each with what is said of it."""
        found: dict[str, str] = {}
        if self.epochs and trainer.epoch >= self.epochs:
            found["epochs"] = f" at epoch {trainer.epoch:,}"
        name, loss = _loss(trainer)
        if self.loss and loss <= self.loss:
            found["loss"] = f": {name} reached {figure(loss, 4)}"
        accuracy = _last(trainer, "validation_accuracy")
        if self.accuracy and accuracy >= self.accuracy:
            found["accuracy"] = f": {label('validation_accuracy')} reached {percent(accuracy, 1)}"
        return found

    def _by_patience(self, trainer: Trainer) -> str:
        name, loss = _loss(trainer)
        if loss < self._best:
            self._best, self._best_epoch = loss, trainer.epoch
        waited = trainer.epoch - self._best_epoch
        if not self.patience or waited < self.patience:
            return ""
        best = "" if self.keep_best else f" (best: epoch {self._best_epoch:,})"  # that is said with the weights
        return f"stopped early: {name} did not fall for {counted(waited, 'epoch')}{best}"


def _last(trainer: Trainer, name: str) -> float:
    """The newest value of a curve; NaN where there is none of the present network and loss."""
    newest = trainer.history[name][-1] if name in trainer.history else None
    return newest.last if newest is not None and newest.step > trainer.scored_since else math.nan


def _loss(trainer: Trainer) -> tuple[str, float]:
    """The loss that conditions look at: of the validation part, or of training where nothing is held out."""
    name = "validation_loss" if "validation_loss" in trainer.history.names() else "train_loss"
    return label(name), _last(trainer, name)
