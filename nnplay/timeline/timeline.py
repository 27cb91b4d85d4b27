"""The past of a run: stored moments at growing intervals, and a journal, so that every step can be reached again.

Runs are deterministic, so a moment between two stored ones is reached by restoring the earlier one and running the same
steps again, with the user's changes applied at the steps where they were made: the numbers are the same bits.

How far apart moments are stored follows from what they cost. Steps that are run again in a few milliseconds need no
moment of their own; where memory is full and the way between two moments would take longer than a person waits, the
older ones go into a file.
"""

from __future__ import annotations

import bisect
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from nnplay.errors import DivergedError, InputError
from nnplay.tape.not_copied import NotCopied
from nnplay.timeline.branches import Line, beside, few, opposite, own_curves
from nnplay.timeline.change_log import DIVERGED, Change, Deed, after, is_replayed, other
from nnplay.timeline.checkpoint_spacing import Spacing
from nnplay.timeline.checkpoint_store import Moment, RunPart, Shelf
from nnplay.training.checkpoint import State
from nnplay.training.checkpoint_file import KeptState, first_digest
from nnplay.training.trainer import Trainer

#: Bytes that stored moments may take in memory unless the user sets another budget, and how many times that on disk.
BUDGET: Final = 128 << 20
DISK: Final = 8
_FEWEST: Final = 4
#: Moments that are kept at the most, and of these those of a replay.
_MOST: Final = 512
_MOST_NEAR: Final = 8


class Timeline(NotCopied):
    """Stored moments and journal of one trainer's run.

    Args:
        trainer: at the moment where the timeline begins; nothing before it can be reached.
        budget: bytes that stored moments may take in memory; they may take `DISK` times that in a file.

    Attributes:
        serial: another number after each change of the journal; it and a step name a moment.
        engine: what ran the steps before `recalled`, where that was not this process; see `timeline.saved.engine`.
        recalled: the step where this timeline began.
        lines: other lines of the run, the newest last.
        words, since: what sets the present line apart, once there was another one, and from which step on.
    """

    def __init__(self, trainer: Trainer, budget: int = BUDGET) -> None:
        self._budget = budget
        self._part = RunPart(trainer)
        self._moments = [self._now(0, pinned=True)]
        self._moments[0].first = first_digest(trainer.state(), trainer)
        self._share()
        self._near: list[Moment] = []
        self._shelf = Shelf(budget * DISK)
        self._spacing = Spacing(trainer)
        self.changes: list[Change] = []
        self.latest = self.recalled = trainer.step
        self.serial = 0
        self.engine = self.words = ""
        self.since = 0
        self.lines: list[Line] = []

    @property
    def trainer(self) -> Trainer:
        """The one that stands at the present step."""
        return self._part.trainer

    @property
    def part(self) -> RunPart:
        """The part of the run that the present step belongs to."""
        return self._part

    @property
    def moments(self) -> Sequence[Moment]:
        """All that are stored, the oldest first."""
        return tuple(self._moments)

    def state_of(self, moment: Moment) -> State:
        """The state of a stored moment, wherever it is."""
        return self._shelf.get(moment)

    def _now(self, made: int, *, pinned: bool = False) -> Moment:
        """The present moment."""
        return Moment(self.trainer.step, made, self.trainer.state(), self._part, pinned)

    def recall(self, moments: Sequence[Moment], changes: Sequence[Change], engine: str = "") -> None:
        """Puts the past of an earlier session before the moment where this timeline began.

        Args:
            moments: the oldest first, none after the present step.
            changes: the journal until the present step.
            engine: what ran it, where that may give other last digits than what runs here.
        """
        self.engine = engine
        present = self._moments[0]
        present.made, present.pinned, present.first = len(changes), not moments, "" if moments else present.first
        self._moments[:0] = moments
        self.changes[:0] = changes

    def _share(self) -> None:
        """How many moments of the present size there is room for."""
        fits = self._budget // max(1, self.trainer.machine.state().nbytes)
        self._way = min(_MOST_NEAR, max(3, fits // 4))
        self._most = min(_MOST, max(_FEWEST, fits - self._way))

    def switch(self, words: str, trainer: Trainer) -> None:
        """From this step on another trainer goes on with the run: another network, other data; steps after it are gone.

        Args:
            trainer: at the same step, with the same history.
        """
        self.cut()
        self.changes.append(Change(self.trainer.step, words, other))
        self._part = RunPart(trainer)
        self._moments.append(self._now(len(self.changes), pinned=True))
        self._spacing.begin(trainer)
        self._share()
        self._spare_memory()
        self.serial += 1

    def _spare_memory(self) -> None:
        """Lets the beginning of the run go where the networks of then take more memory than moments may."""
        every = list(dict.fromkeys(moment.part for moment in self._moments))
        left, gone = self._budget, set()
        for part in reversed(every[:-1]):
            left -= part.nbytes
            if left < 0:
                gone.add(part)
        self._keep(moment for moment in self._moments if moment.part not in gone)
        self._near = [moment for moment in self._near if moment.part not in gone]

    @property
    def first(self) -> int:
        """The earliest step that can be reached."""
        return self._moments[0].step

    @property
    def stored(self) -> int:
        """How many moments are stored in memory."""
        return sum(moment.place < 0 for moment in self._moments)

    @property
    def on_disk(self) -> int:
        """How many moments are stored in the file."""
        return self._shelf.used

    def advance(self, steps: int) -> int:
        """Trains on from the end of the run, as `Trainer.advance` does, and stores a checkpoint where one is due.

        Raises:
            DivergedError: a number that is not finite. That the last good weights came back is in the change log: no
                replay would find them by itself.
        """
        try:
            taken = self.trainer.advance(steps)
        except DivergedError:
            self.note()
            state = self.trainer.state()
            self.change(DIVERGED, lambda trainer: trainer.restore(state))
            raise
        self.note()
        return taken

    def note(self) -> None:
        """Tells the timeline that the trainer moved on; stores the moment if the last stored one is far behind."""
        step = self.trainer.step
        self.latest = max(self.latest, step)
        if self._spacing.is_due(step - self._moments[-1].step, self.trainer):
            began = time.perf_counter()
            self._moments.append(self._now(len(self.changes)))
            if self.stored > self._most:
                self._make_room()
            self._spacing.cost_was(time.perf_counter() - began)

    def change(self, words: str, apply: Deed) -> None:
        """Makes a change now and writes it into the journal, so that a replay makes it at the same step.

        What came of a change that the journal cannot say in words is stored right behind it.
        """
        apply(self.trainer)
        replayed = is_replayed(apply)
        self.changes.append(Change(self.trainer.step, words, apply if replayed else other))
        if not replayed:
            self._moments.append(self._now(len(self.changes), pinned=True))
        self.serial += 1

    def go(self, step: int, progress: Callable[[int, int], bool] | None = None) -> None:
        """Takes the trainer to any step between `first` and `latest`, with exactly the numbers that were there.

        Moments on the way are kept for a while, so that the steps before this one are near.

        Args:
            progress: called as `(steps done, steps to do)`; returning True stops on the way.

        Raises:
            InputError: that part of the past cannot be made again (its data are gone); it is forgotten, and the run
                stands where it stood.
        """
        wanted = min(max(step, self.first), self.latest)
        found = self._nearest(wanted)
        stood, seconds = self.trainer.step, self.trainer.seconds
        try:
            self._stand_at(found)
            self._replay(wanted, found.made, progress)
        except InputError as problem:
            raise self._forget_with(found, stood, problem) from None
        finally:
            self.trainer.seconds = seconds  # steps that are run again are no training

    def _stand_at(self, moment: Moment) -> None:
        """The run stands at a stored moment; the trainer of another part takes over its history."""
        state, trainer, before = self._shelf.get(moment), moment.part.trainer, self.trainer
        if trainer is not before:
            trainer.history, trainer.recorded = before.history, before.recorded
            self._part = moment.part
            self._spacing.seen(trainer)
            self._share()
        trainer.restore(state)

    def _forget_with(self, found: Moment, stood: int, problem: InputError) -> InputError:
        """Forgets what only leads on from a moment that is no good, and stands where the run stood; what to say."""
        later = self._moments[self._moments.index(found) + 1 :] if found in self._moments else self._moments
        begin = next((moment for moment in later if moment.pinned), None)
        begin = begin or next(moment for moment in later if not isinstance(moment.state, KeptState))
        begin.pinned, self._near = True, []
        self._keep(later[later.index(begin) :])
        self.go(stood)
        what = f"the past before step {self.first:,} cannot be run again: {problem.what}"
        return InputError(what, where=problem.where, hint=problem.hint)

    def _replay(self, wanted: int, made: int, progress: Callable[[int, int], bool] | None) -> None:
        """Runs the steps up to `wanted` again, with the changes of the journal from number `made` on."""
        trainer, begin = self.trainer, self.trainer.step
        pending = [change for change in self.changes[made:] if change.step <= wanted]
        self._near = [moment for moment in self._near if begin <= moment.step <= wanted][-self._way :]
        due = self._to_keep(begin, wanted)
        while True:
            while pending and pending[0].step == trainer.step:
                pending.pop(0).apply(trainer)
                made += 1
            if trainer.step >= wanted:
                return
            if due and trainer.step >= due[0]:
                self._near.append(self._now(made))
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

    def _nearest(self, wanted: int) -> Moment:
        """The last moment that is kept at or before a step."""
        stored = self._moments[bisect.bisect_right(self._moments, wanted, key=lambda moment: moment.step) - 1]
        return max((stored, *(near for near in self._near if near.step <= wanted)), key=lambda moment: moment.step)

    def cut(self) -> int:
        """Forgets everything after the trainer's present step; returns how many steps were forgotten."""
        step = self.trainer.step
        lost = self.latest - step
        self._part_from(step, sum(change.step <= step for change in self.changes))
        self._keep(moment for moment in self._moments if moment.step <= step)
        self._near = [moment for moment in self._near if moment.step <= step]
        known = len(self.changes)
        self.changes = [change for change in self.changes if change.step <= step]
        self.serial += len(self.changes) < known
        self.latest = step
        self.trainer.history.truncate(step)
        return lost

    def _part_from(self, step: int, shared: int) -> None:
        """Every other line leaves the present one at this step at the latest; what they had in common stays theirs."""
        self.lines = [line.leaves_at(step, shared, self.changes, self._moments) for line in self.lines]
        for moment in (moment for line in self.lines for moment in line.moments if moment.place >= 0):
            self._shelf.take_back(moment)

    def take(self, line: Line) -> Line:
        """Another line of the run takes the place of the present one, which is kept beside it from now on.

        The run then stands at some moment of it; `go(latest)` leads to its end.

        Returns:
            The line that was left.

        Raises:
            InputError: the steps before that line were let go, or its data are gone; nothing has changed then.
        """
        common = [moment for moment in self._moments if line.common(moment)]
        if not common:
            raise InputError("the steps that lead to it were let go", where=line.told)
        settings = after(*common[-1].settings, self.changes[common[-1].made : line.shared])
        words, since = (self.words, self.since) if self.words else (opposite(line.words, *settings), line.step)
        history, seconds = self.trainer.history, self.trainer.seconds
        self._stand_at([*common, *line.moments][-1])
        own = own_curves(history)
        rest = self._kept_for_later([moment for moment in self._moments if not line.common(moment)])
        left = Line(words, since, line.branch, line.shared, self.latest, own, self.changes[line.shared :], rest)
        left.seconds, left.trained = seconds, True
        self.lines.remove(line)
        self._part_from(line.branch, line.shared)
        self.lines.append(left)
        self.changes = [*self.changes[: line.shared], *line.changes]
        self._moments, self._near = [*common, *line.moments], []
        self.latest, self.words, self.since = line.latest, line.words, line.step
        self.trainer.history = beside(line, line.history, history, left)
        self.trainer.recorded, self.trainer.seconds = line.latest, line.seconds
        self._spacing.begin(self.trainer)
        self.serial += 1
        return left

    def _kept_for_later(self, moments: Sequence[Moment]) -> list[Moment]:
        """A few moments of a line that is left; none of them stays in the file."""
        kept = few(moments)
        for moment in moments:
            if moment.place >= 0 and moment in kept:
                self._shelf.take_back(moment)
            elif moment.place >= 0:
                self._shelf.drop(moment)
        return kept

    def _keep(self, kept: Iterable[Moment]) -> None:
        """Keeps those stored moments only."""
        chosen = list(kept)
        still = {id(moment) for moment in chosen}
        for moment in self._moments:
            if id(moment) not in still:
                self._shelf.drop(moment)
        self._moments = chosen

    def _make_room(self) -> None:
        """Puts the oldest moment in memory into the file where going back would be slow without it, or thins out."""
        slow = self._spacing.is_slow(self._span() // self._most, self.trainer)
        while self.stored > self._most:
            oldest = next(moment for moment in self._moments if moment.place < 0)
            if slow and len(self._moments) <= _MOST and self._shelf.put(oldest):
                self._spacing.as_costs_allow(self.trainer)
            else:
                self._thin_out()

    def _span(self) -> int:
        return self._moments[-1].step - self._moments[0].step

    def _thin_out(self) -> None:
        """Lets the moment go whose neighbours are nearest to each other, the oldest of such; never an end."""
        kept = self._moments
        loose = [k for k in range(1, len(kept) - 1) if not kept[k].pinned]
        if not loose:
            self._most += 1  # as many parts as moments: there is no other way to reach each
            return
        gone = kept[min(loose, key=lambda k: kept[k + 1].step - kept[k - 1].step)]
        self._keep(moment for moment in kept if moment is not gone)
        self._spacing.interval = max(1, self._span() // len(self._moments))


def let_go(steps: int) -> str:
    """Says that so many later steps of a run are gone; nothing where there were none."""
    return f"the {steps:,} steps after this one were let go" if steps else ""
