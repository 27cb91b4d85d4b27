"""When a run stops by itself: after epochs or seconds, at a loss or accuracy, or when validation gets no better."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnplay.trainer import Trainer


@dataclass(slots=True)
class Stops:
    """Stop conditions; 0 turns one off.

    Attributes:
        epochs: epochs since the initial weights.
        seconds: of training time.
        loss: validation loss (training loss where there is no validation part) at or below which the run stops.
        accuracy: validation accuracy at or above which it stops (0 … 1).
        patience: epochs without a better validation loss after which it stops (early stopping).
    """

    epochs: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    accuracy: float = 0.0
    patience: int = 0
    _began: float = -1.0
    _epoch: int = -1
    _best: float = math.inf
    _best_epoch: int = 0

    @property
    def watch_epochs(self) -> bool:
        """Whether the run must be looked at after each single epoch."""
        return bool(self.epochs or self.loss or self.accuracy or self.patience)

    def begin(self, trainer: Trainer) -> None:
        """A run starts or goes on now."""
        self._began, self._epoch = trainer.seconds, trainer.epoch
        self._best, self._best_epoch = math.inf, trainer.epoch

    def reason(self, trainer: Trainer) -> str:
        """Why the run should stop now, as a sentence, or an empty text."""
        if self._began < 0.0:  # put in force while the run was already going
            self.begin(trainer)
        if self.seconds and trainer.seconds - self._began >= self.seconds:
            return f"stopped after {self.seconds:g} s of training"
        if trainer.epoch == self._epoch:
            return ""
        self._epoch = trainer.epoch
        if self.epochs and trainer.epoch >= self.epochs:
            return f"stopped at epoch {trainer.epoch:,}"
        return self._by_quality(trainer)

    def _by_quality(self, trainer: Trainer) -> str:
        history = trainer.history
        name = "validation_loss" if "validation_loss" in history.names() else "train_loss"
        loss = float(history[name].last[-1]) if len(history[name]) else math.inf
        if self.loss and loss <= self.loss:
            return f"stopped: {name.replace('_', ' ')} reached {loss:.4g}"
        accuracy = history["validation_accuracy"] if "validation_accuracy" in history.names() else None
        if self.accuracy and accuracy is not None and float(accuracy.last[-1]) >= self.accuracy:
            return f"stopped: validation accuracy reached {float(accuracy.last[-1]):.1%}"
        if loss < self._best:
            self._best, self._best_epoch = loss, trainer.epoch
        if self.patience and trainer.epoch - self._best_epoch >= self.patience:
            return f"stopped early: no better {name.replace('_', ' ')} since epoch {self._best_epoch:,}"
        return ""
