"""The past of a run: stored moments at growing intervals, and a journal, so that every step can be reached again.

Runs are deterministic, so a moment between two stored ones is reached by restoring the earlier one and running the same steps
again, with the user's changes applied at the steps where they were made: the numbers are the same bits.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nnplay.trainer import State, Trainer

#: Bytes that stored moments may take unless the user sets another budget.
BUDGET: Final = 128 << 20
_FEWEST: Final = 4


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the user changed during the run.

    Attributes:
        step: the steps that had been taken when it was changed.
        words: what was changed, for the journal's reader ("lr 0.01 → 0.1").
        apply: makes the same change again on the trainer.
    """

    step: int
    words: str
    apply: Callable[[Trainer], None]


class Timeline:
    """Stored moments and journal of one trainer's run.

    Args:
        trainer: at the moment where the timeline begins; nothing before it can be reached.
        budget: bytes that stored moments may take.
    """

    def __init__(self, trainer: Trainer, budget: int = BUDGET) -> None:
        self.trainer = trainer
        first = trainer.state()
        self._most = max(_FEWEST, budget // max(1, first.memory.nbytes))
        self._steps = [trainer.step]
        self._states = [first]
        self._interval = 1
        self.changes: list[Change] = []
        self.latest = trainer.step

    @property
    def first(self) -> int:
        """The earliest step that can be reached."""
        return self._steps[0]

    @property
    def stored(self) -> int:
        """How many moments are stored."""
        return len(self._states)

    def note(self) -> None:
        """Tells the timeline that the trainer moved on; stores the moment if the last stored one is far enough behind."""
        step = self.trainer.step
        self.latest = max(self.latest, step)
        if step >= self._steps[-1] + self._interval:
            self._steps.append(step)
            self._states.append(self.trainer.state())
            if len(self._states) > self._most:
                self._thin_out()

    def change(self, words: str, apply: Callable[[Trainer], None]) -> None:
        """Makes a change now and writes it into the journal, so that a replay makes it at the same step."""
        apply(self.trainer)
        step = self.trainer.step
        self.changes.append(Change(step, words, apply))
        if self._steps[-1] == step:  # a replay from a stored moment begins behind the changes of that step
            self._states[-1] = self.trainer.state()

    def go(self, step: int, progress: Callable[[int, int], bool] | None = None) -> None:
        """Takes the trainer to any step between `first` and `latest`, with exactly the numbers that were there.

        Args:
            progress: called as `(steps done, steps to do)`; returning True stops on the way.
        """
        wanted = min(max(step, self.first), self.latest)
        index = bisect.bisect_right(self._steps, wanted) - 1
        seconds = self.trainer.seconds
        self.trainer.restore(self._states[index])
        self._replay(wanted, progress)
        self.trainer.seconds = seconds  # steps that are run again are no training

    def _replay(self, wanted: int, progress: Callable[[int, int], bool] | None) -> None:
        trainer, begin = self.trainer, self.trainer.step
        pending = [change for change in self.changes if begin < change.step <= wanted]
        while True:
            while pending and pending[0].step == trainer.step:
                pending.pop(0).apply(trainer)
            if trainer.step >= wanted:
                return
            until = pending[0].step if pending else wanted
            trainer.advance(until - trainer.step, record=False)
            if progress is not None and progress(trainer.step - begin, wanted - begin):
                return

    def cut(self) -> int:
        """Forgets everything after the trainer's present step; returns how many steps were forgotten."""
        step = self.trainer.step
        lost = self.latest - step
        kept = bisect.bisect_right(self._steps, step)
        del self._steps[kept:], self._states[kept:]
        self.changes = [change for change in self.changes if change.step <= step]
        self.latest = step
        self.trainer.history.truncate(step)
        return lost

    def _thin_out(self) -> None:
        """Keeps the first moment, every second one of the older half, and all of the newer half."""
        half = len(self._states) // 2
        keep = [0, *range(2, half, 2), *range(half, len(self._states))]
        self._steps = [self._steps[k] for k in keep]
        self._states = [self._states[k] for k in keep]
        newer = len(self._states) // 2
        self._interval = max(self._interval, (self._steps[-1] - self._steps[newer]) // max(1, newer))
