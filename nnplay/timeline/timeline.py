"""A run over time: checkpoints and a change log, so that every step of the past can be reached again.

Runs are deterministic, so a step between two checkpoints is reached by restoring the earlier one and running the same
steps again, with the user's changes applied at the steps where they were made: the numbers are the same bits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final

from nnplay.errors import DivergedError, InputError
from nnplay.tape.not_copied import NotCopied
from nnplay.timeline.branch_curves import own_curves
from nnplay.timeline.branch_end import BranchEnd, end_of_branch, limit_ends
from nnplay.timeline.branches import (
    Branch,
    BranchLog,
    describe_branch,
    describe_original,
    drop_oldest,
    keep_beside,
    merge_curves,
    shorten_common,
    thin_checkpoints,
    unused_words,
)
from nnplay.timeline.change_log import (
    DIVERGED,
    Action,
    Change,
    KeepBest,
    describe_best,
    find_kept_step,
    is_replayed,
    settings_after,
    skip_in_replay,
)
from nnplay.timeline.checkpoint_store import CheckpointStore, StoredCheckpoint
from nnplay.timeline.run_label import RunLabel
from nnplay.timeline.segment import Segment
from nnplay.training.best_weights import bring_back, copy_weights, find_best_epoch
from nnplay.training.state.checkpoint import Checkpoint
from nnplay.training.state.saved_checkpoint import initial_digest
from nnplay.training.trainer import Trainer

#: Bytes that checkpoints may take in memory unless the user sets another budget.
BUDGET: Final = 128 << 20
_VERSIONS: Final = itertools.count()


class Timeline(NotCopied):
    """Checkpoints and change log of one trainer's run, and the other branches of it.

    Args:
        trainer: at the step where the timeline begins; nothing before it can be reached.
        budget: bytes that checkpoints may take in memory; they may take several times that in a file.

    Attributes:
        changes: the change log of the present branch.
        latest: the newest step of the present branch.
        serial: another number after each change of the change log.
        version: names the state of the change log among those of all timelines: a timeline that was left and comes back
            has the same one again, so it and a step name one state of a run.
        engine: what ran the steps before `restored_at`, if there are any; see `timeline.saved.engine`.
        restored_at: the step where this timeline began.
        branches: other branches of the run, the newest last.
        ended: branches that gave way to newer ones.
        words, forked_at: what sets the present branch apart, once there was another one, and from which step on.
        label: which of the session's runs the present branch is.
    """

    def __init__(self, trainer: Trainer, budget: int = BUDGET) -> None:
        self._segment = Segment(trainer)
        first = self._present(0, pinned=True)
        first.proof = initial_digest(trainer.state(), trainer)
        self._store = CheckpointStore(first, budget)
        self.changes: list[Change] = []
        self.latest = self.restored_at = trainer.step
        self.serial, self.version = 0, next(_VERSIONS)
        self.engine = self.words = ""
        self.forked_at = 0
        self.branches: list[Branch[BranchLog]] = []
        self.ended: list[BranchEnd] = []
        self.label = RunLabel()

    @property
    def trainer(self) -> Trainer:
        """The one that stands at the present step."""
        return self._segment.trainer

    @property
    def segment(self) -> Segment:
        """The segment of the run that the present step belongs to."""
        return self._segment

    @property
    def first(self) -> int:
        """The earliest step that can be reached."""
        return self._store.stored[0].step

    @property
    def checkpoints(self) -> Sequence[StoredCheckpoint]:
        """All that are stored of the present branch, the oldest first."""
        return self._store.stored

    @property
    def in_memory(self) -> int:
        """How many checkpoints are stored in memory."""
        return self._store.in_memory

    @property
    def on_disk(self) -> int:
        """How many checkpoints are stored in the file."""
        return self._store.on_disk

    def read_checkpoint(self, stored: StoredCheckpoint) -> Checkpoint:
        """A stored checkpoint, wherever its memory is."""
        return self._store.read(stored)

    # -- the run goes on -------------------------------------------------------------------------------------------

    def advance(self, steps: int, *, record: bool = True) -> int:
        """Trains on from the end of the run, as `Trainer.advance` does, and stores a checkpoint where one is due.

        Args:
            record: whether the steps go into the history.

        Raises:
            DivergedError: a number that is not finite. That the last good weights came back is in the change log: no
                replay would find them by itself.
        """
        try:
            taken = self.trainer.advance(steps, record=record)
        except DivergedError:
            self.note_progress()
            checkpoint = self.trainer.state()
            self.make_change(DIVERGED, lambda trainer: trainer.restore(checkpoint))
            raise
        self.note_progress()
        return taken

    def note_progress(self) -> None:
        """Notes that the trainer moved on; stores a checkpoint if the last one lies far behind."""
        self.latest = max(self.latest, self.trainer.step)
        self._store.append_if_due(self.trainer, lambda: self._present(len(self.changes)))

    def make_change(self, words: str, apply: Action) -> None:
        """Makes a change now and writes it into the change log, so that a replay makes it at the same step.

        What came of a change that the log cannot say in words is stored right behind it.
        """
        apply(self.trainer)
        replayed = is_replayed(apply)
        self.changes.append(Change(self.trainer.step, words, apply if replayed else skip_in_replay))
        if not replayed:
            self._store.append(self._present(len(self.changes), pinned=True))
        self._note_change()

    def keep_best(self) -> str:
        """Brings the weights of the best epoch back at the end of the run; returns what is said of it.

        Step and epoch stay, and training goes on with these weights.

        Raises:
            InputError: the best epoch is of a past that cannot be made again.
        """
        best, here = find_best_epoch(self.trainer), self.trainer.step
        if best is None:
            return ""
        if best.step < here and self.kept_step != best.step:
            self.go_to(best.step)
            weights, best = copy_weights(self.trainer), best._replace(epoch=self.trainer.epoch)
            self.go_to(here)
            bring_back(self.trainer, weights)
            self.changes.append(Change(here, describe_best(best.step), KeepBest(best.step)))
            self._store.append(self._present(len(self.changes), pinned=True))
            self._note_change()
        return best.words(self.trainer.epoch)

    @property
    def kept_step(self) -> int:
        """The step whose weights are in place: an earlier one where the best epoch's were brought back."""
        return find_kept_step(self.changes, self.trainer.step)

    def replace_trainer(self, words: str, trainer: Trainer) -> None:
        """From this step on another trainer goes on with the run: another network, other data; steps after it go.

        Args:
            trainer: at the same step, with the same history.
        """
        self.drop_later_steps()
        self.changes.append(Change(self.trainer.step, words, skip_in_replay))
        self._segment = Segment(trainer)
        self._store.append(self._present(len(self.changes), pinned=True))
        self._store.begin_segment(trainer)
        self._note_change()

    def prepend_past(
        self, checkpoints: Sequence[StoredCheckpoint], changes: Sequence[Change], engine: str = ""
    ) -> None:
        """Puts the past of an earlier session before the step where this timeline began.

        Args:
            checkpoints: the oldest first, none after the present step.
            changes: the change log until the present step.
            engine: what ran it.
        """
        self.engine = engine
        present = self._store.stored[0]
        present.change_count, present.pinned = len(changes), not checkpoints
        present.proof = "" if checkpoints else present.proof
        self._store.prepend(checkpoints)
        self.changes[:0] = changes

    def resume(self, serial: int) -> None:
        """The run goes on here, after another one had taken its place; `serial` is one that no state of the run had."""
        self.serial = serial
        self._store.enter_segment(self.trainer)

    @property
    def loss_span(self) -> tuple[int, int | None]:
        """The first and the last step of the part of the run that has the present loss; None where that goes on."""
        begins = [(one.segment, one.step) for one in self._store.stored if one.step <= self.latest]
        at = max(
            (k for k, (one, step) in enumerate(begins) if one is self._segment and step <= self.trainer.step), default=0
        )
        loss = self._segment.loss_name
        before = next((begins[k + 1][1] for k in range(at - 1, -1, -1) if begins[k][0].loss_name != loss), 0)
        return before, next((step for one, step in begins[at:] if one.loss_name != loss), None)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the checkpoints and the trainers of all segments take."""
        segments = dict.fromkeys((self._segment, *(one.segment for one in self.checkpoints)))
        return self.in_memory * self.trainer.machine.state().nbytes + sum(one.nbytes for one in segments)

    def _note_change(self) -> None:
        self.serial, self.version = self.serial + 1, next(_VERSIONS)

    def _present(self, change_count: int, *, pinned: bool = False) -> StoredCheckpoint:
        """A checkpoint of the present step."""
        return StoredCheckpoint(self.trainer.step, change_count, self.trainer.state(), self._segment, pinned)

    # -- to other steps --------------------------------------------------------------------------------------------

    def go_to(self, step: int, progress: Callable[[int, int], bool] | None = None) -> None:
        """Takes the trainer to any step between `first` and `latest`, with exactly the numbers that were there.

        Checkpoints on the way are kept for a while, so that the steps before this one are near.

        Args:
            progress: called as `(steps done, steps to do)`; returning True stops on the way.

        Raises:
            InputError: that part of the past cannot be made again (its data are gone); it is forgotten, and the run
                stands where it stood.
        """
        wanted = min(max(step, self.first), self.latest)
        if wanted < self.latest:
            self._keep_end()
        found = self._store.nearest(wanted)
        stood, seconds = self.trainer.step, self.trainer.seconds
        try:
            self._restore(found)
            self._replay(wanted, found.change_count, progress)
        except InputError as problem:
            raise self._drop_unreachable(found, stood, problem) from None
        finally:
            self.trainer.seconds = seconds  # steps that are run again are no training

    def _keep_end(self) -> None:
        """Keeps the newest step where the run stands there."""
        if self.trainer.step == self.latest:
            self._store.append_end(self.latest, lambda: self._present(len(self.changes)))

    def _restore(self, stored: StoredCheckpoint) -> None:
        """The run stands at a checkpoint; the trainer of another segment takes over its history."""
        checkpoint, trainer, before = self._store.read(stored), stored.segment.trainer, self.trainer
        if trainer is not before:
            trainer.history, trainer.recorded = before.history, before.recorded
            self._segment = stored.segment
            self._store.enter_segment(trainer)
        trainer.restore(checkpoint)

    def _drop_unreachable(self, bad: StoredCheckpoint, stood: int, problem: InputError) -> InputError:
        """Drops a checkpoint and what only it leads on to, and goes back to where the run stood; what to say."""
        self._store.drop_through(bad)
        self.go_to(stood)
        what = f"the steps before {self.first:,} cannot be replayed: {problem.what}"
        return InputError(what, where=problem.where, hint=problem.hint)

    def _replay(self, wanted: int, change_count: int, progress: Callable[[int, int], bool] | None) -> None:
        """Runs the steps up to `wanted` again, with the changes of the change log from number `change_count` on."""
        trainer, begin = self.trainer, self.trainer.step
        pending = [change for change in self.changes[change_count:] if change.step <= wanted]
        due = self._store.steps_to_keep(begin, wanted)
        while True:
            while pending and pending[0].step == trainer.step:
                pending.pop(0).apply(trainer)
                change_count += 1
            if trainer.step >= wanted:
                return
            if due and trainer.step >= due[0]:
                self._store.keep_near(self._present(change_count))
                due.pop(0)
            stops = [wanted, *due[:1], *(change.step for change in pending[:1])]
            trainer.advance(min(stops) - trainer.step, record=False)
            if progress is not None and progress(trainer.step - begin, wanted - begin):
                return

    def drop_later_steps(self) -> int:
        """Drops everything after the trainer's present step; returns how many steps were dropped."""
        step = self.trainer.step
        dropped = self.latest - step
        self._shorten_common(step, sum(change.step <= step for change in self.changes))
        self._store.drop_after(step)
        known = len(self.changes)
        self.changes = [change for change in self.changes if change.step <= step]
        if len(self.changes) < known:
            self._note_change()
        self.latest = step
        self.trainer.history.truncate(step)
        return dropped

    @property
    def later_changes(self) -> list[Change]:
        """What was changed after the present step: from here on a run without those is another one."""
        return [change for change in self.changes if change.step > self.trainer.step]

    def leave_later_steps(self, words: str, left_words: str = "") -> Branch[BranchLog]:
        """The steps after this one stay as a branch beside the run, which goes on from here as another one.

        Args:
            words: what sets the run apart from now on: "lr 0.1".
            left_words: what sets the branch apart; by default what it has in place of that: "lr 0.01".

        Returns:
            That branch.
        """
        trainer, step = self.trainer, self.trainer.step
        count = sum(change.step <= step for change in self.changes)
        left_words = left_words or describe_original(words, trainer.optimizer, trainer.settings)
        before = (self.words, self.forked_at) if self.words else (unused_words(left_words, step, self.branches), step)
        own = [stored for stored in self.checkpoints if stored.step > step]
        log = BranchLog(tuple(self.changes[count:]), tuple(self._thin_out(own)))
        curves = own_curves(trainer.history)
        left = Branch(*before, step, count, self.latest, curves, log, trainer.seconds, trained=True, label=self.label)
        self.drop_later_steps()
        self.branches.append(left)
        self.limit_branches()
        self._lay_beside(left)
        self.words, self.forked_at = unused_words(words, step, self.branches), step
        self.label = RunLabel(describe_branch(self.words, step), left.label)
        trainer.recorded = step
        self._note_change()
        return left

    def limit_branches(self) -> None:
        """The oldest branches give way where there are too many of them; where they ended is kept."""
        kept = drop_oldest(self.branches)
        gone = [end_of_branch(self, branch) for branch in self.branches if branch not in kept]
        self.branches, self.ended = kept, limit_ends([*self.ended, *gone])

    def _lay_beside(self, left: Branch[BranchLog]) -> None:
        """Lays the curve of a branch that was left beside the run's; curves of those that gave way for it go."""
        self.trainer.history.put(left.curve_name, left.history["loss"].since(left.forked_at))
        keep_beside(self.trainer.history, self.branches)

    def rejoin(self, branch: Branch[BranchLog], words: str, forked_at: int, version: int) -> None:
        """Takes back that the later steps were left as a branch: it is the run again, at the step where it was left.

        Args:
            words, forked_at, version: those of this timeline before.
        """
        step = self.trainer.step
        emptied = self.switch_to(branch)
        self.branches.remove(emptied)
        self.trainer.history.drop(emptied.curve_name)
        self.go_to(step)
        self.words, self.forked_at, self.version = words, forked_at, version

    # -- to other branches -----------------------------------------------------------------------------------------

    def switch_to(self, branch: Branch[BranchLog]) -> Branch[BranchLog]:
        """Another branch of the run takes the place of the present one, which is kept beside it from now on.

        The run then stands at some step of it; `go_to(latest)` leads to its end.

        Returns:
            The branch that was left.

        Raises:
            InputError: the steps before that branch were dropped, or its data are gone; nothing has changed then.
        """
        self._keep_end()
        common = [stored for stored in self.checkpoints if branch.shares(stored)]
        if not common:
            raise InputError("the steps leading to it were discarded", where=branch.description)
        before = self._name_original(branch, common[-1])
        history, seconds, changes = self.trainer.history, self.trainer.seconds, self.changes
        self._restore([*common, *branch.log.checkpoints][-1])
        own = [stored for stored in self.checkpoints if not branch.shares(stored)]
        log = BranchLog(tuple(changes[branch.common_changes :]), tuple(self._thin_out(own)))
        common_until = (branch.common_step, branch.common_changes)
        curves = own_curves(history)
        left = Branch(*before, *common_until, self.latest, curves, log, seconds, trained=True, label=self.label)
        self.branches.remove(branch)
        self._shorten_common(*common_until)
        self.branches.append(left)
        self.changes = [*changes[: branch.common_changes], *branch.log.changes]
        self._store.replace_all([*common, *branch.log.checkpoints])
        self.latest, self.words, self.forked_at = branch.latest, branch.words, branch.forked_at
        self.label = branch.label
        self.trainer.history = merge_curves(branch, history, left)
        keep_beside(self.trainer.history, self.branches)
        self.trainer.recorded, self.trainer.seconds = branch.latest, branch.seconds
        self._store.enter_branch(self.trainer)
        self._note_change()
        return left

    def _name_original(self, branch: Branch[BranchLog], common: StoredCheckpoint) -> tuple[str, int]:
        """What sets the present branch apart from another one, and from which step on."""
        if self.words:
            return self.words, self.forked_at
        changes = self.changes[common.change_count : branch.common_changes]
        return describe_original(branch.words, *settings_after(*common.settings, changes)), branch.forked_at

    def _shorten_common(self, step: int, change_count: int) -> None:
        """Every other branch has at most the steps until this one in common; what they shared stays theirs."""
        present = BranchLog(tuple(self.changes), tuple(self.checkpoints))
        self.branches = [shorten_common(branch, step, change_count, present) for branch in self.branches]
        checkpoints = [stored for branch in self.branches for stored in branch.log.checkpoints]
        self._store.take_out(checkpoints, kept=checkpoints)

    def _thin_out(self, checkpoints: Sequence[StoredCheckpoint]) -> list[StoredCheckpoint]:
        """A few checkpoints of a branch that is left; none of them stays in the file."""
        kept = thin_checkpoints(checkpoints)
        self._store.take_out(checkpoints, kept)
        return kept
