"""A timeline as immutable values: changes and checkpoints of the present branch, and of the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.timeline.branches import Branch
from nnplay.timeline.change_log import Change
from nnplay.training.state.saved_checkpoint import SavedCheckpoint

#: Limits of what a session keeps of one branch.
MOST_CHANGES: Final = 1_000
MOST_SEGMENTS: Final = 24
MOST_CHECKPOINTS: Final = 32
#: Bytes that checkpoints may take, whatever the state's size. Beside a large state, those that no replay can make may
#: take twice as much as the state of weights and optimizer, and those that only save time as much as it.
SMALL: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class SavedSegment:
    """Checkpoints of one network, each of which leads to the next by steps and changes alone.

    Attributes:
        config: everything that was chosen, with the settings at its first checkpoint.
        data: the rows, or the digest of them.
        checkpoints: at least one.
        loose: its first checkpoint could be run again too, from those before it.
    """

    config: RunConfig
    data: Split | str
    checkpoints: tuple[SavedCheckpoint, ...]
    loose: bool = False


@dataclass(frozen=True, slots=True)
class SavedBranchLog:
    """What happened on one branch of a run; nothing before its first checkpoint can be reached."""

    changes: tuple[Change, ...]
    segments: tuple[SavedSegment, ...]

    def without_changes(self, count: int) -> SavedBranchLog:
        """Without the first changes, which come before the first checkpoint."""
        if not count:
            return self
        segments = (
            replace(
                one,
                checkpoints=tuple(replace(each, change_count=each.change_count - count) for each in one.checkpoints),
            )
            for one in self.segments
        )
        return SavedBranchLog(self.changes[count:], tuple(segments))

    def without_first_segment(self) -> SavedBranchLog:
        """Without its first segment, and the changes that were made in it."""
        rest = self.segments[1:]
        gone = rest[0].checkpoints[0].change_count if rest else len(self.changes)
        return SavedBranchLog(self.changes, rest).without_changes(gone)


@dataclass(frozen=True, slots=True)
class SavedTimeline:
    """The timeline of a run, as far as a session has it.

    Attributes:
        engine: what ran it.
        log: what happened on the present branch.
        branches: the others; changes before a checkpoint are counted from the beginning of the run.
        words, forked_at: what sets the present branch apart, once there was another one, and from which step on.
    """

    engine: str
    log: SavedBranchLog
    branches: tuple[Branch[SavedBranchLog], ...] = ()
    words: str = ""
    forked_at: int = 0

    @property
    def first(self) -> int:
        """The earliest step that can be reached."""
        return self.log.segments[0].checkpoints[0].step

    def run_by(self, engine: str) -> SavedTimeline:
        """The same, run by that; an empty name changes nothing."""
        return replace(self, engine=engine or self.engine)
