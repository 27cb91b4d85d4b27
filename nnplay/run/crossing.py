"""From one side of an edit to the other: what the training thread does when an edit is made or taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnplay.config.live import live_changes
from nnplay.data.split import Split
from nnplay.run.open_run import OpenRun
from nnplay.run.provenance import Provenance
from nnplay.run.saved_run import remade
from nnplay.run.undo import Edit, Edits, Kept, Side
from nnplay.run.worker import Worker
from nnplay.timeline.change_log import SetValues, SetWeight
from nnplay.training.trainer import Trainer


class Crossing:
    """Takes the run across edits, keeping what is left on the other side."""

    def __init__(self, run: OpenRun, provenance: Provenance, undo: Edits) -> None:
        self._run, self._provenance, self._undo = run, provenance, undo
        self._worker = run.worker

    def enter(self, edit: Edit, source: Side, target: Side, split: Split, done: str = "") -> None:
        """Takes the run from one side of an edit to the other; `done` is empty when the edit is made the first time."""
        self._run.choose(target.config, split)
        self._run.edits += 1
        if edit.weight is not None:
            self._provenance.weight_asked(edit.weight, target.value if target is edit.after else None)
        only_stops = source.config.untold() == target.config.untold()
        if only_stops and not edit.anew and edit.weight is None:
            return

        def enter(worker: Worker) -> None:
            try:
                enter_it(worker)
            finally:
                if edit.weight is not None:
                    self._provenance.weight_done()

        def enter_it(worker: Worker) -> None:
            trainer = worker.trainer
            exact = target.kept is not None and (edit.anew or source.stamp == _stamp(worker))
            if trainer is not None:
                source.kept = Kept.of(trainer)
            if exact and target.kept is not None:
                self._return(worker, edit, source, target, split, target.kept)
                worker.say(f"{done}: {edit.words}; every number is as it was")
            else:
                self._make(worker, edit, source, target, split, done)
            target.kept, target.stamp = None, _stamp(worker)
            self._undo.spare_memory()

        self._worker.send(enter)

    def _return(self, worker: Worker, edit: Edit, source: Side, target: Side, split: Split, kept: Kept) -> None:
        """To exactly that moment: on the same tape where it is the same, so that the past stays within reach."""
        same = edit.weight is not None or live_changes(source.config, target.config) is not None
        if same and not edit.anew:
            worker.amend(f"taken back: {edit.words}", lambda trainer: trainer.restore(kept.state))
            return
        if edit.pauses:
            worker.halt()
        config, tell = target.config, self._provenance.tell_compiling
        make = self._provenance.tracked(lambda: kept.put(config.trainer(tell, split)), config)
        worker.exchange(make, "" if edit.anew else f"taken back: {edit.words}")

    def _make(self, worker: Worker, edit: Edit, source: Side, target: Side, split: Split, done: str) -> None:
        """Makes the change on the run as it is now."""
        if edit.weight is not None:
            self._put_weight(worker, edit, source, target, done)
            return
        live = None if edit.anew else live_changes(source.config, target.config)
        if edit.rewinds:
            _rewind(worker)
        elif live is not None:
            worker.amend(SetValues(live).words, SetValues(live))
        elif edit.anew:
            if edit.pauses:
                worker.halt()
            worker.exchange(self._provenance.beginning(target.config, split))
        else:
            worker.exchange(self._remaker(target, split, done and f"{done}: {edit.words}; "), edit.words)

    def _put_weight(self, worker: Worker, edit: Edit, source: Side, target: Side, done: str) -> None:
        name, index = edit.weight or ("", ())
        deed = SetWeight(name, index, target.value)
        weights = worker.trainer.parameters().get(name) if worker.trainer is not None else None
        if weights is None or not deed.fits(weights.shape):
            worker.say(f"there is no weight {deed.place} any more")
            return
        if not done:
            source.value = float(weights[index])
        worker.amend(deed.words, deed)
        if done:
            worker.say(f"{done}: {edit.words}; it is {deed.value:g} again, training since then is kept")

    def _remaker(self, target: Side, split: Split, said: str) -> Callable[[], Trainer]:
        """What makes the run that goes on with a changed network; what fits is kept, and the rest is as it was then."""
        config, kept = target.config, target.kept

        def make() -> Trainer:
            current = self._worker.trainer
            if current is None:
                first: Trainer = config.trainer(self._provenance.tell_compiling, split)
                return first
            if kept is None:
                trainer, fresh = remade(current, config, split, self._provenance.tell_compiling)
                self._worker.say(said + _told(fresh, trainer))
                return trainer
            trainer = config.trainer(self._provenance.tell_compiling, split)
            trainer.restore(kept.state)
            again = trainer.go_on_from(current)
            what = f"as before the edit: {_names(again)}; " if again else ""
            self._worker.say(f"{said}{what}training since then is kept")
            return trainer

        return self._provenance.tracked(make, config)

    def cross(self, edit: Edit, name: str, *, back: bool) -> None:
        """Takes another line of the run; the settings of it are taken over once the run is there."""
        self._run.edits += 1

        def cross(worker: Worker) -> None:
            left = worker.take(name).name
            edit.lines = (name, left) if back else (left, name)

        self._worker.send(cross)


def _stamp(worker: Worker) -> tuple[int, int] | None:
    """Names a moment: the same one after going back in time and forth again, another one after any change."""
    timeline = worker.timeline
    return None if timeline is None else (timeline.serial, timeline.trainer.step)


def _rewind(worker: Worker) -> None:
    """To the initial weights, and says how to come back."""
    left = worker.trainer.step if worker.trainer is not None else 0
    worker.restart()
    worker.say(f"the initial weights again; z goes back to step {left:,}")


def _told(fresh: Sequence[str], trainer: Trainer) -> str:
    if not fresh:
        return "all weights were kept"
    count = len(trainer.parameters())
    return f"made anew: {_names(fresh)} ({count - len(fresh)} of {count} kept)"


def _names(fresh: Sequence[str]) -> str:
    return f"{', '.join(fresh[:6])}{' …' if len(fresh) > 6 else ''}"
