"""Taking a copy of a run's timeline, between two steps, for its session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

from nnplay.config import RunConfig
from nnplay.config.live import with_live
from nnplay.timeline.branches import Branch, BranchLog, shorten_common
from nnplay.timeline.checkpoint_store import StoredCheckpoint
from nnplay.timeline.saved.engine import ENGINE, engine_of, join_engines
from nnplay.timeline.saved.saved_timeline import MOST_CHANGES, SMALL, SavedBranchLog, SavedSegment, SavedTimeline
from nnplay.timeline.saved.select import ByteBudget, select_between, select_pinned
from nnplay.timeline.segment import Segment
from nnplay.timeline.timeline import Timeline
from nnplay.training.state.saved_checkpoint import SavedCheckpoint

ConfigOf = Callable[[Segment], RunConfig | None]


def capture_timeline(timeline: Timeline, config_of: ConfigOf, *, lean: bool = False) -> SavedTimeline | None:
    """Copies a run's past, and its other branches; None where nothing of it can be described.

    Checkpoints are referred to, as nobody changes them.

    Args:
        config_of: what the trainer of a segment was made of.
        lean: leave out what only saves time where it is large, as every copy of it would take time too.
    """
    return _Capture(timeline, config_of, lean).timeline(_ran(timeline))


def _ran(timeline: Timeline) -> str:
    """What has run the steps of a timeline."""
    trainers = {one.segment.trainer_if_made for one in timeline.checkpoints} | {timeline.trainer}
    engines = {engine_of(trainer.machine) for trainer in trainers if trainer is not None}
    if timeline.engine:
        engines = {timeline.engine} | (engines if timeline.latest > timeline.restored_at else set())
    return reduce(join_engines, sorted(engines)) or ENGINE


class _Capture:
    """One copy on its way."""

    def __init__(self, timeline: Timeline, config_of: ConfigOf, lean: bool) -> None:
        self._lean = lean
        self._timeline, self._config_of = timeline, config_of
        self._now = now = timeline.trainer.step
        self._changes = [change for change in timeline.changes if change.step <= now]
        count = len(self._changes)
        self._checkpoints = [one for one in timeline.checkpoints if one.step <= now and one.change_count <= count]
        present = BranchLog(tuple(timeline.changes), tuple(timeline.checkpoints))
        self._branches = [shorten_common(branch, now, count, present) for branch in timeline.branches]
        self._first: StoredCheckpoint | None = None
        self._bytes = timeline.trainer.machine.state().nbytes
        self._budget = ByteBudget(max(SMALL, 2 * self._bytes))

    def timeline(self, ran: str) -> SavedTimeline | None:
        """Selects what to save: pinned checkpoints first, then those that only save time."""
        spared = max(0, len(self._changes) - MOST_CHANGES)
        pinned = select_pinned([one for one in self._checkpoints if one.change_count >= spared], self._budget)
        branches = [branch for branch in self._branches if self._budget.reserve(_pinned_of(branch))]
        self._budget.lower_limit(SMALL if self._lean else max(SMALL, self._bytes))
        kept = select_between(self._checkpoints, pinned, self._now, self._budget)
        if not kept:
            return None
        self._first = kept[0]
        segments = self._segments(kept)
        if segments is None:
            return None
        gone, first = kept[0].change_count, kept[0].step
        log = SavedBranchLog(tuple(self._changes), segments).without_changes(gone)
        reached = [one for one in branches if one.common_changes >= gone and one.common_step >= first]
        found = tuple(saved for one in reached if (saved := self._branch(one, gone)) is not None)
        return SavedTimeline(ran, log, found, self._timeline.words, self._timeline.forked_at)

    def _branch(self, branch: Branch[BranchLog], gone: int) -> Branch[SavedBranchLog] | None:
        """A branch with its pinned checkpoints and, where there is room for it, its last one."""
        last = branch.log.checkpoints[-1:]
        kept = [one for one in branch.log.checkpoints if one.pinned or (one in last and self._budget.reserve(last))]
        segments = self._segments(kept)
        if segments is None:
            return None
        log = replace(SavedBranchLog((), segments).without_changes(gone), changes=branch.log.changes)
        return Branch(
            branch.words, branch.forked_at, branch.common_step, branch.common_changes - gone, branch.latest,
            branch.history.copy(), log, branch.seconds, branch.trained,
        )  # fmt: skip

    def _segments(self, checkpoints: Sequence[StoredCheckpoint]) -> tuple[SavedSegment, ...] | None:
        """The checkpoints in segments, each of which begins where no replay leads; None where one is of nothing known.

        Checkpoints of two networks are never put into one segment, whatever a file may have said of them.
        """
        found: list[list[StoredCheckpoint]] = []
        for one in checkpoints:
            if one.pinned or not found or one.segment is not found[-1][-1].segment:
                found.append([])
            found[-1].append(one)
        made = [self._saved_segment(one) for one in found]
        known = tuple(one for one in made if one is not None)
        return known if len(known) == len(made) else None

    def _saved_segment(self, checkpoints: Sequence[StoredCheckpoint]) -> SavedSegment | None:
        first = checkpoints[0]
        config, trainer = self._config_of(first.segment), first.segment.trainer_if_made
        if config is None:
            return None
        return SavedSegment(
            with_live(config.without_remarks(), *first.settings),
            trainer.split if trainer is not None else first.segment.data,
            tuple(self._saved_checkpoint(one) for one in checkpoints),
            loose=not first.pinned and first is not self._first,
        )

    def _saved_checkpoint(self, stored: StoredCheckpoint) -> SavedCheckpoint:
        """A checkpoint as a file can hold it, wherever its memory is."""
        if isinstance(stored.value, SavedCheckpoint):
            return replace(stored.value, change_count=stored.change_count)
        checkpoint = self._timeline.read_checkpoint(stored)
        return SavedCheckpoint.of(checkpoint, change_count=stored.change_count, proof=stored.proof)


def _pinned_of(branch: Branch[BranchLog]) -> list[StoredCheckpoint]:
    return [one for one in branch.log.checkpoints if one.pinned]
