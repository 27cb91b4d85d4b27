"""How far apart checkpoints of a run lie: it follows from what a step costs, and what a checkpoint costs."""

from __future__ import annotations

from typing import Final

from nnplay.training.trainer import Trainer

#: Seconds of training between two checkpoints: never fewer; and where memory is full, between these two, in proportion
#: to what a checkpoint costs.
SOON: Final = 0.004
PATIENCE: Final = 0.3
MOST_PATIENCE: Final = 0.7
_WORTH: Final = 30


class CheckpointSpacing:
    """The distance between checkpoints of a run.

    Attributes:
        interval: steps between two of them, at least.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._cost = 0.0
        self.restart(trainer)

    def restart(self, trainer: Trainer) -> None:
        """Measures anew: another network or another branch, of which nothing is known yet."""
        self.interval = 1
        self._measured = (0, 0.0)
        self.measure_from(trainer)

    def measure_from(self, trainer: Trainer) -> None:
        """Measures what the trainer does from its present step on, in addition to what is known."""
        self._begin = (trainer.step, trainer.seconds)

    def is_due(self, behind: int, trainer: Trainer) -> bool:
        """Whether it is time for a checkpoint, where the last one lies so many steps behind."""
        return behind >= self.interval and behind * self._seconds_per_step(trainer) >= SOON

    def is_slow_to_replay(self, steps: int, trainer: Trainer) -> bool:
        """Whether running so many steps again takes longer than a person waits."""
        return steps * self._seconds_per_step(trainer) >= PATIENCE

    def widen_to_cost(self, trainer: Trainer) -> None:
        """Memory is full: a checkpoint is to cost little beside the training between two of them."""
        patience = min(MOST_PATIENCE, max(PATIENCE, self._cost * _WORTH))
        self.interval = max(1, int(patience / self._seconds_per_step(trainer)))

    def note_cost(self, seconds: float) -> None:
        """Notes what a checkpoint cost."""
        self._cost += (seconds - self._cost) / 8

    def _seconds_per_step(self, trainer: Trainer) -> float:
        """On the average so far; infinite as long as that is not known."""
        step, seconds = self._begin
        taken, spent = trainer.step - step, trainer.seconds - seconds
        self.measure_from(trainer)
        if taken > 0 and spent > 0:
            self._measured = (self._measured[0] + taken, self._measured[1] + spent)
        return self._measured[1] / self._measured[0] if self._measured[0] else float("inf")
