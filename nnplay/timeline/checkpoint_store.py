"""Where the checkpoints of a run are kept: as many as a budget of memory allows, and beyond that in a file.

How far apart they lie follows from what they cost. Steps that are run again in a few milliseconds need no checkpoint of
their own; where memory is full and the way between two checkpoints would take longer than a person waits, the older
ones go into a file.
"""

from __future__ import annotations

import bisect
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnplay.records.optimizer import Optimizer
from nnplay.timeline.checkpoint_file import CheckpointFile
from nnplay.timeline.checkpoint_spacing import CheckpointSpacing
from nnplay.timeline.segment import Segment
from nnplay.training.settings import TrainingSettings
from nnplay.training.state.checkpoint import Checkpoint
from nnplay.training.state.saved_checkpoint import SavedCheckpoint
from nnplay.training.trainer import Trainer

#: How many times the bytes that checkpoints may take in memory they may take in the file.
DISK_FACTOR: Final = 8
_FEWEST: Final = 4
#: Checkpoints that are kept at the most, and of these those of a replay.
_MOST: Final = 512
_MOST_NEAR: Final = 8
_ELSEWHERE: Final = np.zeros(0, np.float32)


@dataclass(slots=True, eq=False)
class StoredCheckpoint:
    """A checkpoint of a run in its store.

    Attributes:
        step: where it is.
        change_count: changes of the change log that were made before it.
        value: the checkpoint; without its memory where that lies in the file; as a session has it until somebody goes
            there.
        segment: the network and the data of then.
        pinned: no replay of an earlier checkpoint leads to it: the first of a segment, or what a change left that
            cannot be made again.
        proof: digest of a checkpoint that follows from seed and settings alone.
        record: number of the record in the file, or -1.
    """

    step: int
    change_count: int
    value: Checkpoint | SavedCheckpoint
    segment: Segment
    pinned: bool = False
    proof: str = ""
    record: int = -1

    @property
    def settings(self) -> tuple[Optimizer, TrainingSettings]:
        """Those in force at that step."""
        return self.value.optimizer, self.value.settings


class CheckpointStore:
    """The checkpoints of the present branch, in order.

    Args:
        first: the oldest one; it is never thinned out.
        budget: bytes that checkpoints may take in memory; they may take `DISK_FACTOR` times that in a file.
    """

    def __init__(self, first: StoredCheckpoint, budget: int) -> None:
        self._budget = budget
        self._stored = [first]
        self._near: list[StoredCheckpoint] = []
        self._end: StoredCheckpoint | None = None
        self._file = CheckpointFile(budget * DISK_FACTOR)
        self._spacing = CheckpointSpacing(first.segment.trainer)
        self._divide_budget(first.segment.trainer)

    # -- what is stored --------------------------------------------------------------------------------------------

    @property
    def stored(self) -> Sequence[StoredCheckpoint]:
        """All of them, the oldest first; but for those that a replay left."""
        return tuple(self._stored)

    @property
    def in_memory(self) -> int:
        """How many are stored in memory."""
        return sum(one.record < 0 for one in self._stored)

    @property
    def on_disk(self) -> int:
        """How many are stored in the file."""
        return self._file.used

    def read(self, stored: StoredCheckpoint) -> Checkpoint:
        """The checkpoint itself, wherever its memory is.

        Raises:
            InputError: it was read from a session, and is none of its segment's network.
        """
        if isinstance(stored.value, SavedCheckpoint):
            stored.value = stored.value.to_checkpoint(stored.segment.trainer)
        if stored.record < 0:
            return stored.value
        memory = self._file.read(stored.record, stored.segment.trainer.machine.state())
        return replace(stored.value, memory=memory)

    def nearest(self, step: int) -> StoredCheckpoint:
        """The last one at or before a step."""
        found = self._stored[bisect.bisect_right(self._stored, step, key=lambda one: one.step) - 1]
        return max((found, *(near for near in self._near if near.step <= step)), key=lambda one: one.step)

    # -- adding ----------------------------------------------------------------------------------------------------

    def append(self, stored: StoredCheckpoint) -> None:
        """Adds the newest one."""
        self._stored.append(stored)

    def append_end(self, step: int, make: Callable[[], StoredCheckpoint]) -> None:
        """Adds the newest step, which the run is about to leave: as a branch it has no other end.

        There is one such checkpoint: the one of the last time goes.
        """
        if self._stored[-1].step >= step:
            return
        if self._end is not None and not self._end.pinned:
            self._keep(one for one in self._stored if one is not self._end)
        self._end = make()
        self._stored.append(self._end)

    def append_if_due(self, trainer: Trainer, make: Callable[[], StoredCheckpoint]) -> None:
        """Adds what `make` makes of the trainer's present step, if the last one lies far enough behind."""
        if self._spacing.is_due(trainer.step - self._stored[-1].step, trainer):
            began = time.perf_counter()
            self._stored.append(make())
            if self.in_memory > self._most:
                self._make_room(trainer)
            self._spacing.note_cost(time.perf_counter() - began)

    def prepend(self, stored: Sequence[StoredCheckpoint]) -> None:
        """Puts older ones before those that are there."""
        self._stored[:0] = stored

    def steps_to_keep(self, begin: int, wanted: int) -> list[int]:
        """The steps of a replay to give to `keep_near`: ever denser before the wanted one, as the next are near it."""
        self._near = [one for one in self._near if begin <= one.step <= wanted][-self._most_near :]
        free, ahead = self._most_near - len(self._near), wanted - begin
        steps = [wanted - ahead // 4**k for k in range(1, free + 1) if ahead // 4**k > 0]
        return [step for step in steps if step > begin]

    def keep_near(self, stored: StoredCheckpoint) -> None:
        """Keeps a checkpoint of a replay for a while, so that the steps after it are near."""
        self._near.append(stored)

    # -- removing --------------------------------------------------------------------------------------------------

    def drop_after(self, step: int) -> None:
        """Drops those after a step."""
        self._keep(one for one in self._stored if one.step <= step)
        self._near = [one for one in self._near if one.step <= step]

    def drop_through(self, bad: StoredCheckpoint) -> None:
        """Drops one that is no good, and all to which only it leads on; the next good one is the first from now on."""
        later = self._stored[self._stored.index(bad) + 1 :] if bad in self._stored else self._stored
        first = next((one for one in later if one.pinned), None)
        first = first or next(one for one in later if not isinstance(one.value, SavedCheckpoint))
        first.pinned, self._near = True, []
        self._keep(later[later.index(first) :])

    def replace_all(self, stored: Sequence[StoredCheckpoint]) -> None:
        """Those of another branch take the place of these, which are not freed."""
        self._stored, self._near = list(stored), []

    def take_out(self, stored: Sequence[StoredCheckpoint], kept: Collection[StoredCheckpoint] = ()) -> None:
        """Empties the file of some; the memory of `kept` is brought back from there."""
        for one in stored:
            if one.record >= 0 and one in kept:
                one.value = self.read(one)
            self._free(one)

    def _keep(self, kept: Iterable[StoredCheckpoint]) -> None:
        """Keeps only those."""
        chosen = list(kept)
        still = {id(one) for one in chosen}
        for one in self._stored:
            if id(one) not in still:
                self._free(one)
        self._stored = chosen

    def _free(self, stored: StoredCheckpoint) -> None:
        if stored.record >= 0:
            self._file.free(stored.record)
            stored.record = -1

    # -- segments --------------------------------------------------------------------------------------------------

    def begin_segment(self, trainer: Trainer) -> None:
        """Another network or other data go on with the run: the oldest segments go where they take too much memory."""
        self._spacing.restart(trainer)
        self._divide_budget(trainer)
        self._drop_large_segments()

    def enter_segment(self, trainer: Trainer) -> None:
        """The run was taken to a segment with another trainer."""
        self._spacing.measure_from(trainer)
        self._divide_budget(trainer)

    def enter_branch(self, trainer: Trainer) -> None:
        """The run goes on as another branch, at a speed that is not known yet."""
        self._spacing.restart(trainer)

    def _divide_budget(self, trainer: Trainer) -> None:
        """How many checkpoints of the present size there is room for."""
        fits = self._budget // max(1, trainer.machine.state().nbytes)
        self._most_near = min(_MOST_NEAR, max(3, fits // 4))
        self._most = min(_MOST, max(_FEWEST, fits - self._most_near))

    def _drop_large_segments(self) -> None:
        """Drops the beginning of the run where the networks of then take more memory than checkpoints may."""
        every = list(dict.fromkeys(one.segment for one in self._stored))
        left, dropped = self._budget, set()
        for segment in reversed(every[:-1]):
            left -= segment.nbytes
            if left < 0:
                dropped.add(segment)
        self._keep(one for one in self._stored if one.segment not in dropped)
        self._near = [one for one in self._near if one.segment not in dropped]

    # -- room ------------------------------------------------------------------------------------------------------

    def _make_room(self, trainer: Trainer) -> None:
        """Puts the oldest one in memory into the file where going back would be slow without it, or thins out."""
        slow = self._spacing.is_slow_to_replay(self._span() // self._most, trainer)
        while self.in_memory > self._most:
            oldest = next(one for one in self._stored if one.record < 0)
            if slow and len(self._stored) <= _MOST and self._write(oldest):
                self._spacing.widen_to_cost(trainer)
            else:
                self._thin_out()

    def _write(self, stored: StoredCheckpoint) -> bool:
        """Moves one into the file; False where there is no room for it, and then nothing has changed."""
        value = stored.value
        record = None if isinstance(value, SavedCheckpoint) else self._file.write(value.memory)
        if isinstance(value, SavedCheckpoint) or record is None:
            return False
        stored.record, stored.value = record, replace(value, memory=_ELSEWHERE)
        return True

    def _span(self) -> int:
        return self._stored[-1].step - self._stored[0].step

    def _thin_out(self) -> None:
        """Drops the one whose neighbours are nearest to each other, the oldest of such; never an end."""
        kept = self._stored
        loose = [k for k in range(1, len(kept) - 1) if not kept[k].pinned]
        if not loose:
            self._most += 1  # as many segments as checkpoints: there is no other way to reach each
            return
        dropped = kept[min(loose, key=lambda k: kept[k + 1].step - kept[k - 1].step)]
        self._keep(one for one in kept if one is not dropped)
        self._spacing.interval = max(1, self._span() // len(self._stored))
