"""How many steps one call into the compiled loop takes: as many as a pause may wait for."""

from __future__ import annotations

from typing import Final

from nnplay.fields import REQUIRED, integer
from nnplay.tape.machine import MAX_STEPS

#: Seconds of training in one call into the loop: short enough that a pause is felt at once.
CALL_SECONDS: Final = 0.02


def next_count(taken: int, spent: float, seconds: float) -> int:
    """Steps for a call that should take `seconds`, from what the last call took; at most twice as many.

    Args:
        taken, spent: steps of the last call, and its seconds.
    """
    if taken == 0 or spent <= 0:
        return 1
    return max(1, min(2 * taken, MAX_STEPS, int(seconds * taken / spent)))


def counted(name: str, value: int | None) -> int:
    """A count of steps or epochs, checked."""
    number: int = integer(name, REQUIRED, "how long to train", low=0, high=10**12).read(value, "run")
    return number
