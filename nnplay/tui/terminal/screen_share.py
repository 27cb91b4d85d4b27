"""How much of the program's processor time the screen takes while the training runs as fast as it can.

On a machine of its own the screen costs a few hundredths of what the training does. Where others want the processor
as well, the training gets less, and drawing as often as before would take much of what is left: so the screen gets a
share of what the rest of the program gets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

SHARE = 0.12
"""Of the processor time of the rest of the program."""
LEAST_PER_SECOND = 1.0
"""Draws that are always allowed, whatever they cost."""
_MOST_OWED = 0.5
"""Seconds of processor time that are waited for at the most: one dear moment is soon forgotten."""


@dataclass(slots=True)
class ScreenShare:
    """Says whether the screen may draw. It belongs to the thread that draws.

    Attributes:
        own, whole: seconds of processor time that this thread and the whole program have had.
    """

    own: Callable[[], float] = time.thread_time
    whole: Callable[[], float] = time.process_time
    _owed: float = field(default=0.0, init=False)
    _before: tuple[float, float] | None = field(default=None, init=False)

    def allows(self, since: float, *, flat_out: bool) -> bool:
        """Whether something may be drawn that was last drawn `since` seconds ago.

        Args:
            flat_out: the training takes all the time that it gets; while it rests, drawing takes nothing from it.
        """
        own, whole = self.own(), self.whole()
        before_own, before_whole = self._before or (own, whole)
        spent, others = own - before_own, whole - before_whole - (own - before_own)
        self._before = own, whole
        self._owed = min(_MOST_OWED, max(0.0, self._owed + spent - SHARE * others)) if flat_out else 0.0
        return self._owed <= 0.0 or since >= 1 / LEAST_PER_SECOND
