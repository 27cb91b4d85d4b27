"""Whether helping threads make a run faster: found out by trying, again and again, since others use the machine too."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from statistics import median
from typing import Final

#: Calls whose median counts. A try of the other way takes as many, unless it is hopeless: two that are both slower.
CALLS: Final = 5
#: Calls between two tries, at first and at most: each try that changes nothing doubles them.
FIRST_GAP: Final = 8
LONGEST_GAP: Final = 256
#: Tries that cost less than this share of the time do not become rarer, down to one in so many calls: virtual
#: processors that shared a core are apart a second later.
COST: Final = 0.005
CHEAP_GAP: Final = 32
#: Helpers must make a step shorter than this share of what it takes alone, as they keep a processor from others.
WORTH: Final = 0.92
#: When helped steps take so many times as long as at the last try, the next one is due; a try whose first call takes so
#: many times as long as usual is hopeless, too. Of helpers, which wake up in that call, so much is borne:
MUCH_SLOWER: Final = 1.3
WAKING: Final = 2.0
#: Threads that wait for processors for more than this share of a call, on average, share them with other programs. What
#: a call takes is half chance there, so helpers must make a step much shorter to count; one that does not is a try's
#: last, behind the call in which they wake up.
CROWDED: Final = 0.1
WORTH_CROWDED: Final = 0.8


class HelperChoice:
    """Decides for each call into the compiled loop whether helpers take part; no bit depends on it.

    Each call is timed. Now and then the other way is tried for a few calls, and the faster one goes on. As an
    example, when another program begins to keep the second processor busy, helped steps take longer than they did; a
    try without helpers is due at once, wins, and helpers are tried again after 8, 16, … calls until they pay again: at
    the latest after 256 where they make steps much slower, and after 32 where that costs next to nothing. The first
    call of a try with helpers does not count, as they wake up in it, unless it takes twice as long as usual. Where the
    system says that the threads of two helped calls waited for processors, a try without is due at once, too.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._usual = True
        self._times = {way: deque[float](maxlen=CALLS) for way in (True, False)}
        self._at_last_try = float("inf")
        self._gap, self._left = FIRST_GAP, CALLS
        self._waking, self._lost = False, 0.0  # of a try: whether its first call is to come; calls' worth of time
        self._crowded = 0  # helped calls one after the other whose threads waited for processors
        self._known = False  # whether they did at the last decision
        self._began = 0.0

    @property
    def helped(self) -> bool:
        """Whether the present, or next, call is helped."""
        return self._usual == (self._left > 0)

    def begin(self) -> bool:
        """Starts the clock for a call; returns whether it is helped."""
        self._began = self._clock()
        return self.helped

    def end(self, steps: int, waited: Callable[[], float] = lambda: 0.0) -> None:
        """Notes how long the steps of the call took; without any, nothing.

        Args:
            waited: tells for how many seconds each of its threads waited for a processor, on average, as far as the
                system knows; asked after a helped call, when its clock has stopped.
        """
        if steps == 0:
            return
        spent = self._clock() - self._began
        seconds = spent / steps
        if self.helped:
            self._crowded = self._crowded + 1 if waited() > CROWDED * spent else 0
        if self._left == 0:
            self._tried(seconds)
            return
        usual = self._times[self._usual]
        usual.append(seconds)
        self._left -= 1
        self._waking, self._lost = not self._usual, 0.0
        slower = len(usual) == CALLS and median(usual) > MUCH_SLOWER * self._at_last_try
        if self._usual and (slower or (self._crowded > 1 and not self._known)):
            self._gap, self._left = FIRST_GAP, 0

    def _tried(self, seconds: float) -> None:
        """Notes a step of a try, and ends the try where that is enough."""
        times, usual = self._times[not self._usual], median(self._times[self._usual])
        self._lost += (seconds - usual) / usual if usual else 0.0  # a coarse clock may stand still
        waking, self._waking = self._waking, False
        if waking and seconds < WAKING * usual:
            return
        times.append(seconds)
        hardly = self._crowded > 0 and not self._usual and seconds > WORTH_CROWDED * usual
        if hardly or len(times) == CALLS or min(times) > (MUCH_SLOWER if len(times) == 1 else 1.0) * usual:
            self._decide()

    def _decide(self) -> None:
        """Ends a try."""
        helped, alone = (median(self._times[way]) for way in (True, False))
        self._known = self._crowded > 0
        if (helped < (WORTH_CROWDED if self._known else WORTH) * alone) == self._usual:
            self._gap = int(min(2 * self._gap, LONGEST_GAP, max(CHEAP_GAP, self._lost / COST)))
        else:
            self._usual, self._gap = not self._usual, FIRST_GAP
        self._at_last_try = helped if self._usual else alone
        self._left = self._gap
        self._times[not self._usual].clear()
