"""Changing the run behind the screen: settings and weights, taken back and made again; the back end inherits it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from nnplay.config import RunConfig
from nnplay.config.defaults import batch_size_for
from nnplay.config.live import live_changes, with_live
from nnplay.data.split import Split
from nnplay.network import silenced_frozen
from nnplay.network.network import Network
from nnplay.run.choices import STOP_FIELDS
from nnplay.run.edit_words import difference
from nnplay.run.files import Keeping
from nnplay.run.run_data import split_of
from nnplay.run.saved_run import remade
from nnplay.run.settings import Settings, from_config
from nnplay.run.training_thread import TrainingThread
from nnplay.run.undo import Edit, Side
from nnplay.timeline.change_log import SetValues, SetWeight
from nnplay.timeline.fork_run import find_branch
from nnplay.training.settings import SILENCED_FROZEN
from nnplay.training.stopping import Stops
from nnplay.training.targets import target_form
from nnplay.training.trainer import Trainer


class Changing(Keeping):
    """What changes a run, and the list of it."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.RLock()
        self._travels = 0

    # -- edits -----------------------------------------------------------------------------------------------------

    def apply(self, settings: Settings, *, anew: bool = False, words: str = "") -> str:
        """Puts settings in force, keeping whatever weights still fit; returns what was done in a sentence.

        Args:
            anew: begin again at step 0, as other data always do.
            words: what undo and redo call it; by default what differs.

        Raises:
            InputError: settings that cannot be; nothing has changed then.
        """
        with self._turn:
            old = self.settings
            config = self._described(settings)
            split = split_of(config) if anew else self._split_for(config)
            if not _same_data(config, self._config):
                settings, config = self._with_a_batch(settings, config, split)
            settings, config = self._held(settings, config, split)
            self._check(config, split)
            if settings == old and not anew:
                return "that is how it is already"
            anew = anew or settings.dataset != old.dataset
            edit = Edit(
                words=words or difference(old, settings),
                before=Side(old, self._config),
                after=Side(settings, config),
                anew=anew or config.seed != self._config.seed,
                pauses=anew,
            )
            self.edits.record(edit)
            self._enter(edit, edit.before, edit.after, split)
            if replace(settings, stops=old.stops) == old and not anew:
                return "stop conditions apply from now on"
            if config.seed != edit.before.config.seed and not anew:
                return f"new initial weights from seed {config.seed}"
            live = live_changes(edit.before.config, config)
            if live is None or anew:
                return "applied; a new run begins" if anew else "applied; weights of layers that fit are kept"
            return f"{SetValues(live).words} from this step on"

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> str:
        """Gives one weight another value, from this step on; returns what was done."""
        with self._turn:
            here = Side(self.settings, self._config)
            words = f"{name}[{','.join(map(str, index))}] = {value:g}"
            edit = Edit(words, here, replace(here, value=value), weight=(name, index))
            self.edits.record(edit)
            self._enter(edit, edit.before, edit.after, self._split)
            return f"{words} from this step on"

    def reseed(self) -> str:
        """New initial weights and a new order, from the next seed; returns what was done."""
        return self.apply(self.settings.changed(seed=self.settings.seed + 1))

    def rewind(self) -> None:
        """Back to step 0 with the same initial weights, paused; the run before is kept, to be returned to."""
        with self._turn:
            if self.worker.snapshot.latest == 0 and not self.worker.will_run:
                self.worker.rewind()
                return
            here = Side(self.settings, self._config)
            edit = Edit("back to step 0", here, replace(here), anew=True, pauses=True, rewinds=True)
            self.edits.record(edit)
            self._enter(edit, edit.before, edit.after, self._split)

    def branches(self) -> list[tuple[str, str]]:
        """The other branches of the run, the newest first: which, and how far each has come."""
        timeline = self.worker.timeline
        every = () if timeline is None else reversed(tuple(timeline.branches))
        return [(branch.description, f"trained to step {branch.latest:,}") for branch in every]

    def switch_branch(self, words: str) -> str:
        """Another branch of the run is trained, shown and saved from now on, this one lies beside it; what was done.

        Args:
            words: what sets it apart: "lr 0.1", or "lr 0.1 from step 40".

        Raises:
            InputError: there is no such branch.
        """
        with self._turn:
            timeline = self.worker.timeline
            branch = find_branch(timeline, words)
            here = Side(self.settings, self._config)
            edit = Edit(f"line {branch.description}", here, replace(here), branches=("", branch.curve_name))
            self.edits.record(edit)
            self._send_switch(edit, branch.curve_name, back=False)
            return f"going on as {branch.description}"

    def _send_switch(self, edit: Edit, name: str, *, back: bool) -> None:
        """Asks for another branch of the run; the settings of it are taken over once the run is there."""
        self._edits += 1

        def switch(run: TrainingThread) -> None:
            left = run.switch_to(name).curve_name
            edit.branches = (name, left) if back else (left, name)

        self.worker.send(switch)

    def undo(self) -> str:
        """Takes the last edit back; returns which in words.

        Where nothing was trained since, and where the edit began another run, that is exactly the moment before it.
        Where training went on, it is kept; what the edit had removed comes back as it was.

        Raises:
            InputError: the data of then cannot be read any more; nothing has changed.
        """
        return self._again(self.edits.undo, self.edits.redo, "undone", "nothing to take back")

    def redo(self) -> str:
        """Makes the edit again that was taken back last; returns which in words.

        Raises:
            InputError: the data cannot be read any more; nothing has changed.
        """
        return self._again(self.edits.redo, self.edits.undo, "made again", "nothing to make again")

    def _again(
        self, take: Callable[[], Edit | None], give_back: Callable[[], Edit | None], done: str, nothing: str
    ) -> str:
        with self._turn:
            edit = take()
            if edit is None:
                return nothing
            if edit.branches is not None:
                back = done == "undone"
                self._send_switch(edit, edit.branches[0 if back else 1], back=back)
                return f"{done}: {edit.words}"
            source, target = (edit.after, edit.before) if done == "undone" else (edit.before, edit.after)
            try:
                split = self._split_for(target.config)
            except BaseException:
                give_back()
                raise
            self._enter(edit, source, target, split, done)
            return f"{done}: {edit.words}"

    def caught_up(self) -> bool:
        """After a travel through time: takes over the settings of the moment; returns whether they are others."""
        travels, trainer = self.worker.snapshot.travels, self.worker.trainer
        if travels == self._travels or trainer is None:
            return False
        self._travels = travels
        with self._turn:
            made = self._made_of.get(trainer)
            if made is None:
                return False
            config = with_live(made, trainer.optimizer, trainer.setup)
            settings = replace(from_config(config), stops=self.settings.stops)
            changed = settings != self.settings
            if changed:
                self._config, self._split, self.settings = config, trainer.split, settings
            return changed

    # -- from one side of an edit to the other -----------------------------------------------------------------------

    def _enter(self, edit: Edit, source: Side, target: Side, split: Split, done: str = "") -> None:
        """Takes the run from one side of an edit to the other; `done` is empty when the edit is made the first time."""
        self._config, self._split, self.settings = target.config, split, target.settings
        self.worker.options.stops = stops_of(target.settings)
        self._edits += 1
        if edit.weight is not None:
            with self._still:
                self._weights_to_come.append((edit.weight, target.value if target is edit.after else None))
        only_stops = replace(source.settings, stops=target.settings.stops) == target.settings
        if only_stops and not edit.anew and edit.weight is None:
            return

        def enter(run: TrainingThread) -> None:
            try:
                enter_side(run)
            finally:
                if edit.weight is not None:
                    with self._still:
                        self._weights_to_come.pop(0)

        def enter_side(run: TrainingThread) -> None:
            exact = target.checkpoint is not None and (edit.anew or source.stamp == _stamp(run))
            if run.trainer is not None:
                source.keep(run.trainer)
            if exact:
                self._return(run, edit, source, target, split)
                run.say(f"{done}: {edit.words}; every number is as it was")
            else:
                self._make(run, edit, source, target, split, done)
            target.forget()
            target.stamp = _stamp(run)
            self.edits.drop_oldest_checkpoints()

        self.worker.send(enter)

    def _return(self, run: TrainingThread, edit: Edit, source: Side, target: Side, split: Split) -> None:
        """Returns to exactly where it was: on the same tape where it can, so that the past stays within reach."""
        same, checkpoint = live_changes(source.config, target.config) is not None, target.checkpoint
        if (same or edit.weight is not None) and not edit.anew and checkpoint is not None:
            run.make_change(f"taken back: {edit.words}", lambda trainer: trainer.restore(checkpoint))
            return
        if edit.pauses:
            run.halt()
        make = self._tracked(lambda: target.return_to(target.config.trainer(self._compiling, split)), target.config)
        run.replace_run(make, "" if edit.anew else f"taken back: {edit.words}")

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
            run.replace_run(self._maker(target.config, split))
        else:
            run.replace_run(self._remaker(target, split, done and f"{done}: {edit.words}; "), edit.words)

    def _put_weight(self, run: TrainingThread, edit: Edit, source: Side, target: Side, done: str) -> None:
        name, index = edit.weight or ("", ())
        action = SetWeight(name, index, target.value)
        weights = run.trainer.parameters().get(name) if run.trainer is not None else None
        if weights is None or not action.fits(weights.shape):
            run.say(f"there is no weight {action.place} any more")
            return
        if not done:
            source.value = float(weights[index])
        run.make_change(action.words, action)
        if done:
            run.say(f"{done}: {edit.words}; it is {action.value:g} again, training since then is kept")

    def _remaker(self, target: Side, split: Split, said: str) -> Callable[[], Trainer]:
        """What makes the run that goes on with a changed network; what fits is kept, and the rest is as it was then."""
        config, checkpoint = target.config, target.checkpoint

        def make() -> Trainer:
            current = self.worker.trainer
            if current is None:
                first: Trainer = config.trainer(self._compiling, split)
                return first
            if checkpoint is None:
                trainer, fresh = remade(current, config, split, self._compiling)
                self.worker.say(said + _describe_fresh(fresh, trainer))
                return trainer
            trainer = config.trainer(self._compiling, split)
            trainer.restore(checkpoint)
            again = trainer.go_on_from(current)
            what = f"as before the edit: {_names(again)}; " if again else ""
            self.worker.say(f"{said}{what}training since then is kept")
            return trainer

        return self._tracked(make, config)

    # -- what an edit means ----------------------------------------------------------------------------------------

    def _split_for(self, config: RunConfig) -> Split:
        return self._split if _same_data(config, self._config) else split_of(config)

    def _with_a_batch(self, settings: Settings, config: RunConfig, split: Split) -> tuple[Settings, RunConfig]:
        """Other data may have fewer rows than a batch had: then all of them are one."""
        size = settings.batch_size
        if size == "all" or size <= len(split.train):
            return settings, config
        settings = replace(settings, batch_size=batch_size_for(split))
        return settings, replace(config, training={**config.training, "batch_size": settings.batch_size})

    def _held(self, settings: Settings, config: RunConfig, split: Split) -> tuple[Settings, RunConfig]:
        """Refuses silent and frozen parts that are not there; those that another network leaves behind are dropped."""
        setup, plan = config.setup(), Network(config.layers, config.seed).plan(split.feature_shape)
        if settings.layers == self.settings.layers and settings.dataset == self.settings.dataset:
            silenced_frozen.check(plan, setup.silent, setup.frozen)
            return settings, config
        fitting = dict(zip(SILENCED_FROZEN, silenced_frozen.fitting(plan, setup.silent, setup.frozen), strict=True))
        training = {name: fitting.get(name, value) for name, value in settings.training.items()}
        return replace(settings, training=training), replace(config, training={**config.training, **training})

    def _check(self, config: RunConfig, split: Split) -> None:
        """Refuses a run that cannot be, before anything of the present one is changed."""
        plan = Network(config.layers, config.seed).plan(split.feature_shape)
        if config.loss is not None:
            target_form(config.loss, split.train, plan.output_shape)
        split.batches(config.setup().batch_size)

    def _maker(self, config: RunConfig, split: Split) -> Callable[[], Trainer]:
        """What makes a run at its beginning."""

        def make() -> Trainer:
            trainer: Trainer = config.trainer(self._compiling, split)
            return trainer

        return self._tracked(make, config)


def _stamp(run: TrainingThread) -> tuple[int, int] | None:
    """Names a moment: the same one after going back in time and forth again, another one after any change."""
    timeline = run.timeline
    return None if timeline is None else (timeline.serial, timeline.trainer.step)


def _rewind(run: TrainingThread) -> None:
    """To the initial weights, and says how to come back."""
    left = run.trainer.step if run.trainer is not None else 0
    run.restart()
    run.say(f"the initial weights again; z goes back to step {left:,}")


def stops_of(settings: Settings) -> Stops:
    """The stop conditions that settings hold."""
    return Stops(**{item.name: item.read(settings.stops.get(item.name, item.default)) for item in STOP_FIELDS})


def _describe_fresh(fresh: Sequence[str], trainer: Trainer) -> str:
    if not fresh:
        return "all weights were kept"
    count = len(trainer.parameters())
    return f"made anew: {_names(fresh)} ({count - len(fresh)} of {count} kept)"


def _names(fresh: Sequence[str]) -> str:
    return f"{', '.join(fresh[:6])}{' …' if len(fresh) > 6 else ''}"


def _same_data(one: RunConfig, other: RunConfig) -> bool:
    split_seed = one.seed == other.seed or one.split.seed >= 0
    return one.data == other.data and one.split == other.split and split_seed
