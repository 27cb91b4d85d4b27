"""The edits of a run that can be taken back: what each changed, and checkpoints of the run before and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from nnplay.config import RunConfig
from nnplay.timeline.run_label import RunLabel
from nnplay.timeline.timeline import Timeline
from nnplay.training.curves.history import History
from nnplay.training.state.checkpoint import Checkpoint
from nnplay.training.state.saved_checkpoint import SavedCheckpoint
from nnplay.training.trainer import Trainer

#: Edits that can be taken back.
DEPTH: Final = 200
#: Bytes that the checkpoints kept with them may take; the newest edit keeps its own whatever they take.
CHECKPOINT_BYTES: Final = 128 << 20
#: Bytes that the pasts of runs that others took the place of may take, likewise.
PAST_BYTES: Final = 128 << 20


@dataclass(slots=True)
class Side:
    """The run on one side of an edit.

    Attributes:
        config: everything that was chosen.
        value: of the weight that was set by hand.
        checkpoint: where the run was when it was last on this side; None where that took too much memory.
        history, recorded, seconds: its curves, the step that they reach, and its training time until then.
        timeline: its whole past, where the edit put another run in its place.
        stamp: names where the run was when it came to this side: nothing happened since while it is the run's own.
    """

    config: RunConfig
    value: float = 0.0
    checkpoint: Checkpoint | SavedCheckpoint | None = None
    history: History | None = None
    recorded: int = 0
    seconds: float = 0.0
    timeline: Timeline | None = None
    stamp: tuple[int, int] | None = None

    def keep(self, trainer: Trainer, timeline: Timeline | None = None) -> None:
        """Keeps where a trainer stands, to return there exactly; with its past, where another run takes its place."""
        self.checkpoint, self.history, self.seconds = trainer.state(), trainer.history, trainer.seconds
        self.recorded, self.timeline = trainer.recorded, timeline

    def forget_past(self) -> None:
        """Forgets the past of where the run was, which itself can be returned to exactly."""
        self.timeline = None

    def forget(self) -> None:
        """Forgets where the run was: it cannot be returned to exactly any more."""
        self.checkpoint = self.history = self.timeline = None

    def checkpoint_of(self, trainer: Trainer) -> Checkpoint:
        """Where the run was, for a trainer that was made alike.

        Raises:
            InputError: it was read from a session, and is of another network.
        """
        assert self.checkpoint is not None, "nothing was kept on this side"
        kept = self.checkpoint
        return kept.to_checkpoint(trainer) if isinstance(kept, SavedCheckpoint) else kept

    def return_to(self, trainer: Trainer) -> Trainer:
        """Takes a trainer that was made alike to where the run was, with its curves; returns the trainer."""
        assert self.history is not None, "curves are kept with a checkpoint"
        trainer.restore(self.checkpoint_of(trainer))
        if self.timeline is None:  # what comes after that step goes with the past that is not kept
            self.history.truncate(trainer.step)
            self.recorded = trainer.step
        trainer.history, trainer.recorded, trainer.seconds = self.history, self.recorded, self.seconds
        return trainer


@dataclass(slots=True)
class Edit:
    """One edit.

    Attributes:
        words: what was changed.
        anew: another run begins with it (other data, another seed, a preset), so the one before is returned to as it
            was, whatever was trained since.
        pauses: training stops at it.
        rewinds: it goes back to the initial weights, with the settings as they are.
        weight: name and index of the weight that was set by hand.
        left: the branch that keeps the later steps where the edit was made in the past, and what `rejoin` puts back.
        branches: names of the curves of the branches before and after, where the edit was to go on with another one.
        label: which run it goes on with, where that is one whose past is not kept.
        note: what else was changed so that it could be made, and why, to be said once it is.
    """

    words: str
    before: Side
    after: Side
    anew: bool = False
    pauses: bool = False
    rewinds: bool = False
    weight: tuple[str, tuple[int, ...]] | None = None
    left: tuple[str, str, int, int] | None = None
    branches: tuple[str, str] | None = None
    label: RunLabel | None = None
    note: str = ""


#: What was edited, and what was taken back, the oldest first.
EditLists = tuple[tuple[Edit, ...], tuple[Edit, ...]]


@dataclass(slots=True)
class Edits:
    """What can be taken back, and what can be made again."""

    _past: list[Edit] = field(default_factory=list)
    _future: list[Edit] = field(default_factory=list)

    def record(self, edit: Edit) -> None:
        """Notes a new edit; what had been taken back can no longer be made again."""
        self._past, self._future = [*self._past, edit][-DEPTH:], []

    def capture(self) -> EditLists:
        """Both lists as they are, for `restore`."""
        return tuple(self._past), tuple(self._future)

    def restore(self, lists: EditLists) -> None:
        """Puts back what `capture` gave: what was noted or taken since was refused."""
        self._past, self._future = list(lists[0]), list(lists[1])

    def undo(self) -> Edit | None:
        """The newest edit, which from now on can be made again."""
        return _move_newest(self._past, self._future)

    def redo(self) -> Edit | None:
        """The edit that was taken back last, which from now on can be taken back again."""
        return _move_newest(self._future, self._past)

    def forget(self) -> None:
        """Another run was opened."""
        self._past, self._future = [], []

    def drop_oldest_checkpoints(self) -> None:
        """Drops the checkpoints, and the pasts, that were kept longest, where all together are too large."""
        left, left_for_pasts, newest = CHECKPOINT_BYTES, PAST_BYTES, True
        for side in self._sides():
            if side.timeline is not None:
                left_for_pasts -= side.timeline.nbytes
                if left_for_pasts < 0 and not newest:
                    side.forget_past()
            if side.checkpoint is not None:
                left -= side.checkpoint.nbytes
                if left < 0 and not newest:
                    side.forget()
                newest = False

    def _sides(self) -> Iterator[Side]:
        """Every side that may be returned to, the nearest first."""
        past, future = list(reversed(self._past)), list(reversed(self._future))
        for number in range(max(len(past), len(future))):
            yield from (edit.before for edit in past[number : number + 1])
            yield from (edit.after for edit in future[number : number + 1])


def _move_newest(source: list[Edit], target: list[Edit]) -> Edit | None:
    if not source:
        return None
    target.append(source.pop())
    return target[-1]
