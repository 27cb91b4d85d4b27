"""Training on: the one loop for everybody who trains, with what ends it, how fast it may go, and what is waited for."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from nnplay.fields import REQUIRED, Field, integer
from nnplay.tape.machines.machine import MAX_STEPS

if TYPE_CHECKING:
    from nnplay.training.stopping import Stops
    from nnplay.training.trainer import Trainer

#: Seconds of training in one call into the compiled loop: short enough that a pause is felt at once.
CALL_SECONDS: Final = 0.02
#: Seconds that a turn lasts where the speed is limited.
TURN_SECONDS: Final = 0.1
_NO_END: Final = 1 << 30


class Driver:
    """Trains a run on in turns of one call each; between two turns the caller looks at the run, or leaves it.

    Args:
        trainer: what is trained.
        until: the step to come to; None trains until a condition of `stops` holds.
        advance: takes up to so many steps and returns how many; a timeline's, where the run has one.
        stops: conditions that end the run, which the caller has begun; None looks at none.
        limit: steps a second that are allowed; 0 is no limit.

    Attributes:
        reason: why the run stopped by itself, as a sentence, or an empty text.
        taken: steps of the last turn.
        rest: seconds to wait before the next turn, so that the speed stays below the limit.
    """

    def __init__(
        self,
        trainer: Trainer,
        until: int | None = None,
        *,
        advance: Callable[[int], int] | None = None,
        stops: Stops | None = None,
        limit: float = 0.0,
    ) -> None:
        self._trainer, self._until, self._limit = trainer, until, limit
        self._advance, self._stops = advance or trainer.advance, stops
        self.reason, self.taken, self.rest = "", 0, 0.0

    @property
    def arrived(self) -> bool:
        """Whether the step to come to is reached."""
        return self._until is not None and self._trainer.step >= self._until

    def turn(self) -> bool:
        """Trains for a moment; returns whether there is more to do.

        Raises:
            DivergedError: a number that is not finite; the last good weights are in place.
        """
        began = time.perf_counter()
        self.taken = 0 if self.arrived else self._advance(self._steps())
        self.reason = self._stops.reason(self._trainer) if self._stops is not None else ""
        more = not (self.reason or self.arrived)
        self.rest = self.taken / self._limit - (time.perf_counter() - began) if self._limit and more else 0.0
        return more

    def _steps(self) -> int:
        """How many steps the next turn takes at the most."""
        steps = max(1, int(self._limit * TURN_SECONDS)) if self._limit else _NO_END
        if self._until is not None:
            steps = min(steps, self._until - self._trainer.step)
        if self._stops is not None and self._stops.watch_epochs:
            steps = min(steps, self._trainer.batches - self._trainer.batch)
        return steps


def steps_per_call(taken: int, spent: float, seconds: float, allowed: int = 0) -> int:
    """Steps for a call that should take `seconds`, from what the last call took; at most twice as many.

    Args:
        taken, spent: steps of the last call, and its seconds.
        allowed: steps that it could have taken, where it was asked for fewer.
    """
    if taken == 0 or spent <= 0:
        return 1
    return max(1, min(2 * max(taken, allowed), MAX_STEPS, int(seconds * taken / spent)))


def read_count(name: str, value: int | None) -> int:
    """A count of steps or epochs, checked.

    Raises:
        InputError: it is not a whole number from 0.
    """
    number: int = _count_field(name).read(value, "run")
    return number


@functools.cache
def _count_field(name: str) -> Field:
    return integer(name, REQUIRED, "how long to train", low=0, high=10**12)
