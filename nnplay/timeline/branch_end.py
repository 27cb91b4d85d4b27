"""Where a branch ended: what is kept of one that gave way to newer ones, or whose run another one took the place of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from nnplay.records.optimizer import Optimizer
from nnplay.timeline.branches import BRANCH_BYTES, Branch, BranchLog
from nnplay.timeline.run_at_step import branch_log, last_settings
from nnplay.timeline.segment import Segment
from nnplay.training.settings import TrainingSettings
from nnplay.training.state.saved_checkpoint import SavedCheckpoint

if TYPE_CHECKING:
    from nnplay.timeline.timeline import Timeline

#: Branches that gave way and are still listed, at the most.
MOST_ENDS: Final = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class BranchEnd:
    """A branch without its past.

    Attributes:
        branch: its words, label and curves; its log is empty.
        segment: the network and the data that it ended with.
        optimizer, settings: in force at its end.
        checkpoint: its last one; None where later branches needed the memory.
    """

    branch: Branch[BranchLog]
    segment: Segment
    optimizer: Optimizer
    settings: TrainingSettings
    checkpoint: SavedCheckpoint | None

    @property
    def nbytes(self) -> int:
        """Bytes of its checkpoint."""
        return 0 if self.checkpoint is None else self.checkpoint.nbytes


def end_of_branch(timeline: Timeline, branch: Branch[BranchLog]) -> BranchEnd:
    """Where a branch of a timeline ended, as a file can hold it."""
    stored = branch_log(timeline, branch)[0][-1]
    if isinstance(stored.value, SavedCheckpoint):
        last = stored.value if stored.value.tensors is not None else None
    else:
        last = SavedCheckpoint.of(timeline.read_checkpoint(stored))
    return BranchEnd(replace(branch, log=BranchLog()), *last_settings(timeline, branch), last)


def limit_ends(ends: Sequence[BranchEnd]) -> list[BranchEnd]:
    """As many as are kept: of the oldest ones the checkpoints go first, then they themselves."""
    left, kept = BRANCH_BYTES, list[BranchEnd]()
    for end in reversed(ends[-MOST_ENDS:]):
        left -= end.nbytes
        kept.append(end if left >= 0 else replace(end, checkpoint=None))
    return kept[::-1]
