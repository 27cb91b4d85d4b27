"""A run at one of its steps, made apart from it: for those that compare runs, which go on or stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnplay.errors import InputError
from nnplay.records.optimizer import Optimizer
from nnplay.timeline.branches import Branch, BranchLog
from nnplay.timeline.change_log import Change, settings_after
from nnplay.timeline.checkpoint_store import StoredCheckpoint
from nnplay.timeline.segment import Segment
from nnplay.training.settings import TrainingSettings
from nnplay.training.state.checkpoint import Checkpoint
from nnplay.training.trainer import Trainer

if TYPE_CHECKING:
    from nnplay.timeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class RunAtStep:
    """What leads to a step of a run: the nearest checkpoint before it, and the changes on the way.

    Attributes:
        segment: the network and the data of then.
        checkpoint: where it begins.
        changes: those that were made from there on, in order.
        step: where it ends.
    """

    segment: Segment
    checkpoint: Checkpoint
    changes: tuple[Change, ...]
    step: int

    def replay(self, trainer: Trainer, stop: Callable[[], bool] = lambda: False) -> bool:
        """Takes a trainer that was made like the segment's to that step; returns whether it is there.

        Raises:
            InputError: it was made of something else.
        """
        trainer.restore(self.checkpoint)
        pending = list(self.changes)
        while not stop():
            while pending and pending[0].step == trainer.step:
                pending.pop(0).apply(trainer)
            if trainer.step >= self.step:
                return True
            until = min([self.step, *(change.step for change in pending[:1])])
            trainer.advance(until - trainer.step, record=False)
        return False


def find_step(timeline: Timeline, branch: Branch[BranchLog] | None, step: int) -> RunAtStep:
    """What leads to a step of a branch; None stands for the present one.

    Raises:
        InputError: what leads there is not kept any more.
    """
    stored, changes = branch_log(timeline, branch)
    before = [one for one in stored if one.step <= step]
    if not before:
        raise InputError(f"the steps up to {step:,} are not kept any more", where="runs")
    found = before[-1]
    later = tuple(change for change in changes[found.change_count :] if change.step <= step)
    return RunAtStep(found.segment, timeline.read_checkpoint(found), later, step)


def last_settings(timeline: Timeline, branch: Branch[BranchLog]) -> tuple[Segment, Optimizer, TrainingSettings]:
    """The segment that a branch ends in, and the settings in force there."""
    stored, changes = branch_log(timeline, branch)
    found = stored[-1]
    return found.segment, *settings_after(*found.settings, changes[found.change_count :])


def branch_log(timeline: Timeline, branch: Branch[BranchLog] | None) -> tuple[list[StoredCheckpoint], Sequence[Change]]:
    """All checkpoints and changes of a branch, from the beginning of the run."""
    if branch is None:
        return list(timeline.checkpoints), timeline.changes
    shared = [one for one in timeline.checkpoints if branch.shares(one)]
    return [*shared, *branch.log.checkpoints], [*timeline.changes[: branch.common_changes], *branch.log.changes]
