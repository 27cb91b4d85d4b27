"""A saved timeline that goes on without a live one: where a session is trained by the command line or in Python."""

from __future__ import annotations

from dataclasses import replace

from nnplay.config import RunConfig
from nnplay.timeline.change_log import Change, KeepBest, describe_best, skip_in_replay
from nnplay.timeline.saved.engine import ENGINE, engine_of, join_engines
from nnplay.timeline.saved.saved_timeline import (
    MOST_CHECKPOINTS,
    MOST_SEGMENTS,
    SMALL,
    SavedBranchLog,
    SavedSegment,
    SavedTimeline,
)
from nnplay.training.state.saved_checkpoint import SavedCheckpoint, initial_digest
from nnplay.training.trainer import Trainer


def begin_saved_timeline(config: RunConfig, trainer: Trainer) -> SavedTimeline | None:
    """The timeline of a run that stands at its first step; None where seed and settings do not make that step."""
    checkpoint = trainer.state()
    proof = initial_digest(checkpoint, trainer)
    if not proof:
        return None
    first = SavedSegment(config.without_remarks(), trainer.split, (SavedCheckpoint.of(checkpoint, proof=proof),))
    return SavedTimeline(ENGINE, SavedBranchLog((), (first,)))


def append_training(timeline: SavedTimeline, opened: SavedCheckpoint, trainer: Trainer) -> SavedTimeline:
    """Notes that `trainer` trained on from the checkpoint `opened`, which is kept where there is room."""
    last = timeline.log.segments[-1]
    known = [one for segment in timeline.log.segments for one in segment.checkpoints]
    taken = sum(one.nbytes for one in known)
    room = len(known) < MOST_CHECKPOINTS and taken + opened.nbytes <= max(SMALL, opened.nbytes)
    if room and last.checkpoints[-1].step < opened.step:
        last = replace(last, checkpoints=(*last.checkpoints, opened))
    segments = (*timeline.log.segments[:-1], last)
    here = engine_of(trainer.machine)
    ran = timeline.run_by(join_engines(timeline.engine, here) if opened.step else here)
    return replace(ran, log=replace(timeline.log, segments=segments))


def append_replacement(
    timeline: SavedTimeline, before: Trainer, config: RunConfig, trainer: Trainer, words: str
) -> SavedTimeline:
    """Notes that the run was changed into another one at its last step: `before` became `trainer`."""
    changes = (*timeline.log.changes, Change(trainer.step, words, skip_in_replay))
    left = SavedCheckpoint.of(before.state(), change_count=len(changes) - 1)
    first = SavedCheckpoint.of(trainer.state(), change_count=len(changes))
    known = append_training(timeline, left, before)
    segments = (*known.log.segments, SavedSegment(config.without_remarks(), trainer.split, (first,)))
    return replace(known, log=SavedBranchLog(changes, segments))


def append_best(timeline: SavedTimeline, config: RunConfig, trainer: Trainer, best_step: int) -> SavedTimeline:
    """Notes that the weights of the best epoch, which ended at `best_step`, came back at the run's last step."""
    if len(timeline.log.segments) >= MOST_SEGMENTS:
        timeline = replace(timeline, log=timeline.log.without_first_segment())
    changes = (*timeline.log.changes, Change(trainer.step, describe_best(best_step), KeepBest(best_step)))
    first = SavedCheckpoint.of(trainer.state(), change_count=len(changes))
    segment = SavedSegment(config.without_remarks(), trainer.split, (first,))
    return replace(timeline, log=SavedBranchLog(changes, (*timeline.log.segments, segment)))


def append_change(timeline: SavedTimeline, change: Change) -> SavedTimeline:
    """Notes that the run was changed at its last step, in a way that a replay makes by itself."""
    return replace(timeline, log=replace(timeline.log, changes=(*timeline.log.changes, change)))
