"""A saved timeline becomes the past of a live one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnplay.config import RunConfig
from nnplay.config.live import live_changes
from nnplay.data.fingerprint import fingerprint
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.timeline.branches import Branch, BranchLog
from nnplay.timeline.checkpoint_store import StoredCheckpoint
from nnplay.timeline.saved.saved_timeline import SavedBranchLog, SavedTimeline
from nnplay.timeline.segment import Segment
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer

MakeTrainer = Callable[[RunConfig, Split | None], Trainer]


def restore_timeline(timeline: Timeline, saved: SavedTimeline, config: RunConfig, make: MakeTrainer) -> None:
    """Puts a saved past before the step where a timeline began, and the other branches beside it.

    Trainers of other networks than the present one are made when somebody goes there.

    Args:
        config: what the timeline's trainer is made of.
        make: makes the trainer of a run; the split is given where it is known.
    """
    segments = _Segments(timeline.segment, config, make)
    timeline.prepend_past(segments.checkpoints(saved.log), saved.log.changes, saved.engine)
    timeline.words, timeline.forked_at = saved.words, saved.forked_at
    timeline.branches = [segments.branch(branch) for branch in saved.branches]


class _Segments:
    """The segments of a run by what they are made of.

    Args:
        present: the one that is there, made of `config`.
    """

    def __init__(self, present: Segment, config: RunConfig, make: MakeTrainer) -> None:
        self._make, self._like = make, config
        data = fingerprint(present.trainer.split)
        self._known: list[tuple[RunConfig, str, Segment]] = [(_bare(config), data, present)]

    def checkpoints(self, log: SavedBranchLog) -> list[StoredCheckpoint]:
        """The checkpoints of a branch, in order."""
        found: list[StoredCheckpoint] = []
        for saved in log.segments:
            assert isinstance(saved.data, str)
            segment = self._segment(saved.config, saved.data, saved.checkpoints[0].step)
            for number, one in enumerate(saved.checkpoints):
                pinned = not number and not saved.loose
                found.append(StoredCheckpoint(one.step, one.change_count, one, segment, pinned, one.proof))
        return found

    def branch(self, saved: Branch[SavedBranchLog]) -> Branch[BranchLog]:
        """A branch beside the present one."""
        log = BranchLog(saved.log.changes, tuple(self.checkpoints(saved.log)))
        return Branch(
            saved.words, saved.forked_at, saved.common_step, saved.common_changes, saved.latest, saved.history.copy(),
            log, saved.seconds, saved.trained,
        )  # fmt: skip

    def _segment(self, config: RunConfig, data: str, begin: int) -> Segment:
        """The segment of one network on the same rows from a step on, whatever its live settings are."""
        for known, digest, segment in self._known:
            if digest == data and live_changes(known, _bare(config)) is not None:
                return segment
        titled = replace(config, title=self._like.title, about=self._like.about, epochs=self._like.epochs)
        trainers = (one.trainer_if_made for _, digest, one in self._known if digest == data)
        split = next((trainer.split for trainer in trainers if trainer is not None), None)
        segment = Segment(None, lambda: self._make_trainer(titled, data, split, begin), titled, data)
        self._known.append((_bare(config), data, segment))
        return segment

    def _make_trainer(self, config: RunConfig, data: str, split: Split | None, begin: int) -> Trainer:
        trainer = self._make(config, split)
        trainer.scored_since = begin
        if fingerprint(trainer.split) != data:
            raise InputError("the data is not the data of that time", where=config.data.file or config.data.name)
        return trainer


def _bare(config: RunConfig) -> RunConfig:
    """What decides the numbers of a run."""
    return config.anywhere().without_remarks()
