"""From one side of an edit to the other: what the training thread does when an edit is made or taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnplay.config import RunConfig
from nnplay.config.live import live_changes
from nnplay.data.split import Split
from nnplay.errors import InputError, NnplayError
from nnplay.run.open_run import OpenRun
from nnplay.run.provenance import Provenance
from nnplay.run.runs.run_list import RunList
from nnplay.run.saving.saved_run import remake_as
from nnplay.run.training_thread import TrainingThread
from nnplay.run.undo import Edit, EditLists, Edits, Side
from nnplay.text import plural
from nnplay.timeline.branches import Branch, BranchLog
from nnplay.timeline.change_log import SetValues, SetWeight
from nnplay.timeline.timeline import Timeline
from nnplay.training.remake import take_place
from nnplay.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class _Rollback:
    """What a refused edit puts back: the config and the split until then, and the lists of edits."""

    config: RunConfig
    split: Split
    edits: int
    lists: EditLists
    edit_epoch: int


class Crossing:
    """Takes the run across edits, keeping what is left on the other side."""

    def __init__(self, run: OpenRun, provenance: Provenance, undo: Edits, runs: RunList) -> None:
        self._run, self._provenance, self._undo, self._runs = run, provenance, undo, runs
        self._worker = run.worker

    def enter(
        self, edit: Edit, source: Side, target: Side, split: Split, lists_before: EditLists, done: str = ""
    ) -> None:
        """Takes the run from one side of an edit to the other; `done` is empty when the edit is made the first time.

        Args:
            lists_before: the lists of edits as they were before it.
        """
        before = self._before(lists_before)
        self._run.choose(target.config, split)
        self._run.count_edit()
        if edit.weight is not None:
            self._provenance.weight_asked(edit.weight, target.value if target is edit.after else None)
        only_stops = source.config.without_remarks() == target.config.without_remarks()
        if only_stops and not edit.anew and edit.weight is None:
            self._send(lambda run: self._run.put_in_force(target.config), before, anywhere=True)
            return

        awaited = edit.anew and _shows_otherwise(source.config, target.config)
        if awaited:
            self._worker.await_run()

        def enter(run: TrainingThread) -> None:
            self._run.put_in_force(target.config)
            self._enter_side(run, edit, source, target, split, done)

        def settle(run: TrainingThread) -> None:
            if awaited:
                run.note_arrival()
            if edit.weight is not None:
                self._provenance.weight_done()

        self._send(enter, before, settle)

    def _send(
        self,
        change: Callable[[TrainingThread], None],
        before: _Rollback,
        settle: Callable[[TrainingThread], None] = lambda run: None,
        *,
        anywhere: bool = False,
    ) -> None:
        """Asks the training thread for a change; `settle` is called behind it, also where it is refused."""

        def make(run: TrainingThread) -> None:
            try:
                self._apply_or_roll_back(lambda: change(run), before)
            finally:
                settle(run)

        self._worker.send(self._run.count_change(make), anywhere=anywhere)

    def _before(self, lists_before: EditLists) -> _Rollback:
        run = self._run
        return _Rollback(run.config, run.split, run.edits, lists_before, run.edit_epoch)

    def _apply_or_roll_back(self, act: Callable[[], None], before: _Rollback) -> None:
        """Does what an edit asks of the run. If it fails, the edit is refused together with all edits queued after it.

        Raises:
            NnplayError: why it was refused; what was chosen, and what can be undone, is as it was before the edit.
        """
        run = self._run
        if before.edit_epoch != run.edit_epoch:
            return  # queued after an edit that was refused, or for a run that has been replaced
        timeline = self._worker.timeline
        try:
            act()
        except Exception as error:
            with run.lock:
                if before.edit_epoch != run.edit_epoch:
                    raise
                run.edit_epoch += 1
                run.choose(before.config, before.split)
                run.put_in_force(before.config)
                run.edits = before.edits
                self._undo.restore(before.lists)
            if timeline is not None and self._worker.timeline is timeline:
                self._runs.enter(timeline, "", None)  # it was about to be left
            if not isinstance(error, NnplayError):
                raise
            stays = "the run stays as it was"
            hint = f"{error.hint}; {stays}" if error.hint else stays
            raise NnplayError(error.what, where=error.where, hint=hint) from error

    def _enter_side(self, run: TrainingThread, edit: Edit, source: Side, target: Side, split: Split, done: str) -> None:
        """What the training thread does of it."""
        back = self._branch_left(run, edit) if target is edit.before else None
        unmoved = source.stamp == _stamp(run) and (edit.left is None or back is not None)
        exact = target.checkpoint is not None and (edit.anew or unmoved)
        left = run.timeline
        if run.trainer is not None:
            end = self._find_end(run, left) if edit.anew and left is not None else None
            source.keep(run.trainer, run.timeline if edit.anew else None)
            if edit.anew and left is not None:
                self._runs.leave(left, source, end)
        if exact and back is not None and edit.left is not None:
            run.rejoin(back, *edit.left[1:])
            run.say(_describe_return(run, edit, done))
        elif exact:
            self._return(run, edit, source, target, split)
            run.say(_describe_return(run, edit, done))
        else:
            before = None if run.timeline is None or edit.anew else _branch_state(run.timeline)
            self._make(run, edit, source, target, split, done)
            if before is not None and target is edit.after:
                edit.left = _find_left(run, *before)
        if run.timeline is not None:
            self._runs.enter(run.timeline, edit.words, left, edit.label if target is edit.after else None)
        target.forget()
        target.stamp = _stamp(run)
        self._undo.drop_oldest_checkpoints()

    def _find_end(self, run: TrainingThread, timeline: Timeline) -> Side | None:
        """Where a run ends that is left in its past; None where it stands there, or cannot be taken there any more."""
        step = timeline.trainer.step
        if step >= timeline.latest:
            return None

        def break_off(done: int, to_do: int) -> bool:
            return run.leaving

        try:
            with contextlib.suppress(InputError):  # then the run stands where it stood
                timeline.go_to(timeline.latest, break_off)
            trainer = timeline.trainer
            config = self._provenance.config_at(trainer, trainer.optimizer, trainer.settings)
            end = None if config is None or trainer.step < timeline.latest else Side(config)
            if end is not None:
                end.keep(trainer)
            return end
        finally:
            timeline.go_to(step, break_off)

    @staticmethod
    def _branch_left(run: TrainingThread, edit: Edit) -> Branch[BranchLog] | None:
        """The branch that keeps the later steps of where an edit was made, if it is still there."""
        if edit.left is None or run.timeline is None:
            return None
        return next((one for one in run.timeline.branches if one.curve_name == edit.left[0]), None)

    def _return(self, run: TrainingThread, edit: Edit, source: Side, target: Side, split: Split) -> None:
        """Returns to exactly where it was: on the same tape where it can, so that the past stays within reach."""
        same, checkpoint = live_changes(source.config, target.config) is not None, target.checkpoint
        if (same or edit.weight is not None) and not edit.anew and checkpoint is not None:
            run.make_change(f"undone: {edit.words}", lambda trainer: trainer.restore(target.checkpoint_of(trainer)))
            return
        if edit.pauses:
            run.halt()
        if target.timeline is not None:
            target.return_to(target.timeline.trainer)
            run.reinstate(target.timeline)
            return
        config, made = target.config, self._provenance.trainer_of
        make = self._provenance.track(lambda: target.return_to(made(config, split)), config)
        run.replace_run(make, "" if edit.anew else f"undone: {edit.words}")

    def _make(self, run: TrainingThread, edit: Edit, source: Side, target: Side, split: Split, done: str) -> None:
        """Makes the change on the run as it is now."""
        if edit.weight is not None:
            self._put_weight(run, edit, source, target, done)
            return
        live = None if edit.anew else live_changes(source.config, target.config)
        if edit.rewinds:
            _rewind(run)
        elif live is not None:
            run.make_change(SetValues(live).words, SetValues(live))
        elif edit.anew:
            if edit.pauses:
                run.halt()
            run.replace_run(self._provenance.make_first(target.config, split))
        else:
            words = f"{done}: {edit.words}; " if done else f"{edit.note}{edit.words}; "
            run.replace_run(self._remaker(target, split, words), edit.words)

    def _put_weight(self, run: TrainingThread, edit: Edit, source: Side, target: Side, done: str) -> None:
        name, index = edit.weight or ("", ())
        action = SetWeight(name, index, target.value)
        weights = run.trainer.parameters().get(name) if run.trainer is not None else None
        if weights is None or not action.fits(weights.shape):
            run.say(f"the weight {action.place} no longer exists")
            return
        if not done:
            source.value = float(weights[index])
        run.make_change(action.words, action)
        if done:
            run.say(f"{done}: {edit.words}; it is {action.value:g} again; the training since then is kept")

    def _remaker(self, target: Side, split: Split, message: str) -> Callable[[], Trainer]:
        """What makes the run that goes on with a changed network; what fits is kept, and the rest is as it was then."""
        config, checkpoint = target.config, target.checkpoint

        def make() -> Trainer:
            current = self._worker.trainer
            if current is None:
                return self._provenance.trainer_of(config, split)
            if checkpoint is None:
                trainer, fresh = remake_as(current, config, split)
                self._worker.say(f"{message}{_describe_fresh(fresh, trainer)} (z: undo)")
                return trainer
            trainer = self._provenance.trainer_of(config, split)
            trainer.restore(target.checkpoint_of(trainer))
            again = take_place(trainer, current)
            what = f"restored from before the edit: {_names(again)}; " if again else ""
            self._worker.say(f"{message}{what}the training since then is kept")
            return trainer

        return self._provenance.track(make, config)

    def switch_branch(self, edit: Edit, name: str, lists_before: EditLists, *, back: bool) -> None:
        """Asks for another branch of the run; the settings of it are taken over once the run is there."""
        before = self._before(lists_before)
        self._run.count_edit()

        def switch(run: TrainingThread) -> None:
            left = run.switch_to(name).curve_name
            edit.branches = (name, left) if back else (left, name)

        self._send(switch, before)


def _shows_otherwise(old: RunConfig, new: RunConfig) -> bool:
    """Whether what the screen shows of one run would be false beside the settings of the other."""
    return (old.data, old.layers, old.loss) != (new.data, new.layers, new.loss)


def _stamp(run: TrainingThread) -> tuple[int, int] | None:
    """Names where the run is: the same after going back in time and forth again, another one after any change."""
    timeline = run.timeline
    return None if timeline is None else (timeline.version, timeline.trainer.step)


def _branch_state(timeline: Timeline) -> tuple[list[str], tuple[str, int, int]]:
    """The curve names of all other branches, and what `Timeline.rejoin` puts back."""
    names = [branch.curve_name for branch in timeline.branches]
    return names, (timeline.words, timeline.forked_at, timeline.version)


def _find_left(run: TrainingThread, known: list[str], state: tuple[str, int, int]) -> tuple[str, str, int, int] | None:
    """The branch that a change in the past has left behind, if it did."""
    branches = [] if run.timeline is None else run.timeline.branches
    return next(((one.curve_name, *state) for one in branches if one.curve_name not in known), None)


def _describe_return(run: TrainingThread, edit: Edit, done: str) -> str:
    """What an edit that was taken back, or made again, has brought back exactly."""
    if edit.rewinds and run.trainer is not None:
        lost = run.timeline is not None and run.timeline.first == run.trainer.step > 0
        past = "; the steps before it took too much memory to keep" if lost else ""
        return f"rewind {done}: at step {run.trainer.step:,} again{past}"
    return f"{done}: {edit.words}; restored exactly" if done else f"now on {edit.words}, exactly where it ended"


def _rewind(run: TrainingThread) -> None:
    """To the initial weights, and says how to come back."""
    left = run.trainer.step if run.trainer is not None else 0
    run.restart()
    run.say(f"back to the initial weights (z: return to step {left:,})")


def _describe_fresh(fresh: Sequence[str], trainer: Trainer) -> str:
    """Which weights a changed network begins with anew: by layer, or by name where a layer kept some of its own."""
    names = trainer.parameters()
    if not fresh:
        return "all weights were kept"
    if len(fresh) == len(names):
        return "all weights were re-initialised"
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in fresh))
    if any(name.rpartition(".")[0] in layers for name in names if name not in fresh):
        where = _names(fresh)
    else:
        where = f"{plural(len(layers), 'layer')} {_names(layers)}"
    return f"re-initialised: {where}; the other weights were kept"


def _names(fresh: Sequence[str]) -> str:
    return f"{', '.join(fresh[:6])}{' …' if len(fresh) > 6 else ''}"
