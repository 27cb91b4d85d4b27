"""Flow control: a frame is sent only after the terminal has answered for the one before.

Textual's output goes through a queue that blocks the event loop when the terminal is slow; on a line of 200 KB/s keys
then wait for seconds. Asking for the cursor position after each frame keeps at most one frame under way, and lets the
frame rate follow the line by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE = 2.0
"""Seconds to wait for an answer before a frame is sent without one."""

DEAF_AFTER = 2
"""Unanswered questions, with none answered ever, after which the terminal is taken for one that never answers."""

DEAF_INTERVAL = 0.25
"""Seconds between frames for a terminal that never answers."""


@dataclass(slots=True)
class FrameGate:
    """Says when the next frame may go out.

    Attributes:
        clock: seconds, monotonic.
        can_ask: whether there is a terminal that could answer; without one the gate is always open.
    """

    clock: Callable[[], float]
    can_ask: bool = True
    round_trip: float = 0.0
    _sent_at: float | None = field(default=None, init=False)
    _unanswered: int = field(default=0, init=False)
    _answered: int = field(default=0, init=False)

    @property
    def deaf(self) -> bool:
        """Whether the terminal has been found not to answer."""
        return self._answered == 0 and self._unanswered >= DEAF_AFTER

    def is_open(self) -> bool:
        """Whether a frame may be sent now; counts a question as unanswered when patience is over."""
        if not self.can_ask or self._sent_at is None:
            return True
        waited = self.clock() - self._sent_at
        if self.deaf:
            return waited >= DEAF_INTERVAL
        if waited < PATIENCE:
            return False
        self._unanswered += 1
        return True

    def note_frame(self) -> bool:
        """Note that a frame goes out now; returns whether the terminal should be asked."""
        self._sent_at = self.clock()
        return self.can_ask and not self.deaf

    def note_answer(self) -> None:
        """Note the terminal's answer, which opens the gate."""
        if self._sent_at is not None:
            self.round_trip = self.clock() - self._sent_at
        self._answered += 1
        self._sent_at = None
