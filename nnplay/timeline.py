"""The past of a run: stored moments at growing intervals, and a journal, so that every step can be reached again.

Runs are deterministic, so a moment between two stored ones is reached by restoring the earlier one and running the same
steps again, with the user's changes applied at the steps where they were made: the numbers are the same bits.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from nnplay.trainer import State, Trainer

#: Bytes that stored moments may take unless the user sets another budget.
BUDGET: Final = 128 << 20
_FEWEST: Final = 4
#: Moments of a replay that are kept at the most.
_MOST_NEAR: Final = 8


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

    Attributes:
        serial: another number after each change of the journal; it and a step name a moment.
    """

    def __init__(self, trainer: Trainer, budget: int = BUDGET) -> None:
        self.trainer = trainer
        first = trainer.state()
        fits = budget // max(1, first.memory.nbytes)
        self._way = min(_MOST_NEAR, max(3, fits // 4))
        self._most = max(_FEWEST, fits - self._way)
        self._steps = [trainer.step]
        self._states = [first]
        self._made = [0]  # changes of the journal that were made before each stored moment
        self._near: list[tuple[int, State, int]] = []
        self._interval = 1
        self.changes: list[Change] = []
        self.latest = trainer.step
        self.serial = 0

    @property
    def first(self) -> int:
        """The earliest step that can be reached."""
        return self._steps[0]

    @property
    def stored(self) -> int:
        """How many moments are stored."""
        return len(self._states)

    def note(self) -> None:
        """Tells the timeline that the trainer moved on; stores the moment if the last stored one is far behind."""
        step = self.trainer.step
        self.latest = max(self.latest, step)
        if step >= self._steps[-1] + self._interval:
            self._steps.append(step)
            self._states.append(self.trainer.state())
            self._made.append(len(self.changes))
            if len(self._states) > self._most:
                self._thin_out()

    def change(self, words: str, apply: Callable[[Trainer], None]) -> None:
        """Makes a change now and writes it into the journal, so that a replay makes it at the same step."""
        apply(self.trainer)
        self.changes.append(Change(self.trainer.step, words, apply))
        self.serial += 1

    def undo(self) -> str:
        """Takes back the last change, if it was made at the trainer's present step; steps after it are let go.

        Returns:
            The change in words, or nothing if there was none here.
        """
        here = self.trainer.step
        self.changes, later = [c for c in self.changes if c.step <= here], self.changes
        if not self.changes or self.changes[-1].step != here:
            self.changes = later
            return ""
        change = self.changes.pop()
        self.serial += 1
        self.cut()
        self._keep(k for k, made in enumerate(self._made) if made <= len(self.changes))
        self._near = [item for item in self._near if item[2] <= len(self.changes)]
        self.go(here)
        return change.words

    def go(self, step: int, progress: Callable[[int, int], bool] | None = None) -> None:
        """Takes the trainer to any step between `first` and `latest`, with exactly the numbers that were there.

        Moments on the way are kept for a while, so that the steps before this one are near.

        Args:
            progress: called as `(steps done, steps to do)`; returning True stops on the way.
        """
        wanted = min(max(step, self.first), self.latest)
        _, state, made = self._nearest(wanted)
        seconds = self.trainer.seconds
        self.trainer.restore(state)
        try:
            self._replay(wanted, made, progress)
        finally:
            self.trainer.seconds = seconds  # steps that are run again are no training

    def _replay(self, wanted: int, made: int, progress: Callable[[int, int], bool] | None) -> None:
        """Runs the steps up to `wanted` again, with the changes of the journal from number `made` on."""
        trainer, begin = self.trainer, self.trainer.step
        pending = [change for change in self.changes[made:] if change.step <= wanted]
        self._near = [item for item in self._near if item[0] <= wanted][-self._way :]
        due = self._to_keep(begin, wanted)
        while True:
            while pending and pending[0].step == trainer.step:
                pending.pop(0).apply(trainer)
                made += 1
            if trainer.step >= wanted:
                return
            if due and trainer.step >= due[0]:
                self._near.append((trainer.step, trainer.state(), made))
                due.pop(0)
            stops = [wanted, *due[:1], *(change.step for change in pending[:1])]
            trainer.advance(min(stops) - trainer.step, record=False)
            if progress is not None and progress(trainer.step - begin, wanted - begin):
                return

    def _to_keep(self, begin: int, wanted: int) -> list[int]:
        """Steps of a replay whose moments are kept: ever denser before the wanted one, as the next ones are near it."""
        free, ahead = self._way - len(self._near), wanted - begin
        steps = [wanted - ahead // 4**k for k in range(1, free + 1) if ahead // 4**k > 0]
        return [step for step in steps if step > begin]

    def _nearest(self, wanted: int) -> tuple[int, State, int]:
        """The last moment that is kept at or before a step: its step, state, and changes made until then."""
        index = bisect.bisect_right(self._steps, wanted) - 1
        stored = (self._steps[index], self._states[index], self._made[index])
        return max((stored, *(item for item in self._near if item[0] <= wanted)), key=lambda item: item[0])

    def cut(self) -> int:
        """Forgets everything after the trainer's present step; returns how many steps were forgotten."""
        step = self.trainer.step
        lost = self.latest - step
        self._keep(range(bisect.bisect_right(self._steps, step)))
        self._near = [item for item in self._near if item[0] <= step]
        known = len(self.changes)
        self.changes = [change for change in self.changes if change.step <= step]
        self.serial += len(self.changes) < known
        self.latest = step
        self.trainer.history.truncate(step)
        return lost

    def _keep(self, kept: Iterable[int]) -> None:
        """Keeps those stored moments only."""
        chosen = list(kept)
        self._steps = [self._steps[k] for k in chosen]
        self._states = [self._states[k] for k in chosen]
        self._made = [self._made[k] for k in chosen]

    def _thin_out(self) -> None:
        """Lets the moment go whose neighbours are nearest to each other, the oldest of such; never an end."""
        spans = [self._steps[k + 1] - self._steps[k - 1] for k in range(1, len(self._steps) - 1)]
        gone = 1 + spans.index(min(spans))
        self._keep(k for k in range(len(self._steps)) if k != gone)
        self._interval = max(1, (self._steps[-1] - self._steps[0]) // self._most)
