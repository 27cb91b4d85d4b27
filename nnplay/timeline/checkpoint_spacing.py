"""How far apart moments of a run are stored: it follows from what a step costs, and what it costs to store one."""

from __future__ import annotations

from typing import Final

from nnplay.training.trainer import Trainer

#: Seconds of training between two moments: never fewer; and where memory is full, between these two, in proportion to
#: what it costs to store one.
SOON: Final = 0.004
PATIENCE: Final = 0.3
MOST_PATIENCE: Final = 0.7
_WORTH: Final = 30


class Spacing:
    """The distance between moments of a run.

    Attributes:
        interval: steps between two moments, at least.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._cost = 0.0
        self.begin(trainer)

    def begin(self, trainer: Trainer) -> None:
        """Another network or another line: nothing is known of it yet."""
        self.interval = 1
        self._pace = (0, 0.0)
        self.seen(trainer)

    def seen(self, trainer: Trainer) -> None:
        """What comes from here on is measured."""
        self._seen = (trainer.step, trainer.seconds)

    def is_due(self, behind: int, trainer: Trainer) -> bool:
        """Whether the present moment is to be stored; the last one lies so many steps behind."""
        return behind >= self.interval and behind * self._measured(trainer) >= SOON

    def is_slow(self, steps: int, trainer: Trainer) -> bool:
        """Whether running so many steps again takes longer than a person waits."""
        return steps * self._measured(trainer) >= PATIENCE

    def as_costs_allow(self, trainer: Trainer) -> None:
        """Memory is full: storing a moment is to cost little beside the training between two of them."""
        patience = min(MOST_PATIENCE, max(PATIENCE, self._cost * _WORTH))
        self.interval = max(1, int(patience / self._measured(trainer)))

    def cost_was(self, seconds: float) -> None:
        """What storing a moment cost."""
        self._cost += (seconds - self._cost) / 8

    def _measured(self, trainer: Trainer) -> float:
        """Seconds that a step takes, on the average so far; infinite as long as that is not known."""
        step, seconds = self._seen
        taken, spent = trainer.step - step, trainer.seconds - seconds
        self.seen(trainer)
        if taken > 0 and spent > 0:
            self._pace = (self._pace[0] + taken, self._pace[1] + spent)
        return self._pace[1] / self._pace[0] if self._pace[0] else float("inf")
