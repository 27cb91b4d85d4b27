"""How often pictures may be drawn: four times a second, less when they cost more bytes than the line should carry.

A bucket of bytes fills at the budget's rate and is drained by each frame, so that a burst (the first seconds of a run,
in which everything moves) is smooth, and a long run stays within the budget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

PICTURES_PER_SECOND = 4
BUDGET = 30 * 1024
"""Bytes a second for pictures; together with the numbers a running screen stays below 40 KiB/s."""

SLOW_BUDGET = 6 * 1024
"""The same over a slow line."""

_BURST_SECONDS = 6.0
_SLOW_TRIP, _QUICK_TRIP = 0.2, 0.1
"""Seconds from a frame to the terminal's answer, on average, beyond which a line is slow, and quick again."""


@dataclass(slots=True)
class FrameRate:
    """Says when the next pictures are due.

    Attributes:
        clock: seconds, monotonic.
        budget: bytes a second.
        slow: the user says that the line is slow: stay at the small budget.
    """

    clock: Callable[[], float]
    budget: float = BUDGET
    slow: bool = False
    _trip: float = field(default=0.0, init=False)
    _bytes: float = field(default=-1.0, init=False)
    _filled_at: float = field(default=0.0, init=False)
    _begun: bool = field(default=False, init=False)

    def is_due(self, last: float = float("-inf")) -> bool:
        """Whether the picture that was drawn at `last` may be drawn again now."""
        self._fill()
        return self._bytes >= 0 and self.clock() - last >= 1 / PICTURES_PER_SECOND - 0.01

    def note_cost(self, cost: float) -> None:
        """Note that pictures of `cost` bytes have been drawn."""
        self._fill()
        self._bytes -= cost
        self._begun = True

    def note_round_trip(self, round_trip: float) -> None:
        """Note how long the terminal took to draw a frame: a slow line gets fewer bytes."""
        self._trip += 0.25 * (round_trip - self._trip)
        if self._trip > _SLOW_TRIP:
            self.budget = min(self.budget, SLOW_BUDGET)
        elif self._trip < _QUICK_TRIP and not self.slow:
            self.budget = BUDGET

    def _fill(self) -> None:
        now, most = self.clock(), _BURST_SECONDS * self.budget
        self._bytes = most if not self._begun else min(most, self._bytes + (now - self._filled_at) * self.budget)
        self._filled_at = now
