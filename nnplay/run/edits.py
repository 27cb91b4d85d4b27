"""Changing the run behind the screen: settings and weights, taken back and made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from nnplay.config import RunConfig
from nnplay.config.defaults import FOR_WHOLE_DATA, batch_size_for
from nnplay.config.live import live_changes
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.network import silenced_frozen
from nnplay.network.network import Network
from nnplay.run.crossing import Crossing
from nnplay.run.edit_words import difference
from nnplay.run.open_run import OpenRun
from nnplay.run.provenance import Provenance
from nnplay.run.run_data import split_of
from nnplay.run.runs.run_list import RunList
from nnplay.run.undo import Edit, Edits, Side
from nnplay.timeline.change_log import SetValues
from nnplay.timeline.fork_run import find_branch
from nnplay.training import parameter_groups, whole_data
from nnplay.training.batches import batch_count
from nnplay.training.players import check as players_check
from nnplay.training.players.stages import list_layers, plan_networks
from nnplay.training.scores.class_balance import balanced
from nnplay.training.scores.targets import target_form
from nnplay.training.settings import SILENCED_FROZEN


class _NotReadError(Exception):
    """The rows of a run are asked for under the lock, and must be read first."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self.config = config


class RunEditor:
    """What changes a run, and the list of it."""

    def __init__(self, run: OpenRun, provenance: Provenance, undo: Edits, runs: RunList) -> None:
        self._run, self._provenance, self.undo_list, self._runs = run, provenance, undo, runs
        self._worker = run.worker
        self._crossing = Crossing(run, provenance, undo, runs)
        self._lock = run.lock
        self._travels = self._edit_epoch = 0

    # -- edits -----------------------------------------------------------------------------------------------------

    def apply(self, config: RunConfig, *, anew: bool = False, words: str = "") -> str:
        """Puts a run in force, keeping whatever weights still fit; returns what was done in a sentence.

        Args:
            anew: begin again at step 0, as other data always do.
            words: what undo and redo call it; by default what differs.

        Raises:
            InputError: a run that cannot be; nothing has changed then.
        """
        read = (config, split_of(config)) if anew else None
        return self._with_rows(lambda rows: self._apply(config, rows(config), anew, words), read)

    def _apply(self, config: RunConfig, split: Split, anew: bool, words: str) -> str:
        old = self._run.config
        if anew or not _same_data(config, old):
            config = _with_a_batch(config, split)
        config, taken = _with_all_rows(old, self._with_parts(config, split))
        _check(config, split)
        config, dropped = _with_meaningful_stops(old, config, split)
        if config == old and not anew:
            return "no change: that is the current value"
        anew = anew or config.data.source != old.data.source or not _same_question(split, self._run.split)
        edit = Edit(
            words=words or difference(old, config),
            before=Side(old),
            after=Side(config),
            anew=anew or config.seed != old.seed,
            pauses=anew,
            note=taken,
        )
        self._make(edit, split)
        return taken + _answer(old, config, anew) + dropped

    def _make(self, edit: Edit, split: Split) -> None:
        """Makes an edit the first time."""
        lists_before = self.undo_list.capture()
        self.undo_list.record(edit)
        self._crossing.enter(edit, edit.before, edit.after, split, lists_before)

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> str:
        """Gives one weight another value, from this step on; returns what was done."""
        with self._lock:
            here = Side(self._run.config)
            words = f"{name}[{','.join(map(str, index))}] = {value:g}"
            edit = Edit(words, here, replace(here, value=value), weight=(name, index))
            self._make(edit, self._run.split)
            return f"{words} from this step on"

    def reseed(self) -> str:
        """New initial weights and a new order, from the next seed; returns what was done."""
        config = self._run.config
        return self.apply(replace(config, seed=config.seed + 1))

    def rewind(self) -> None:
        """Back to step 0 with the same initial weights, paused; the run before is kept, to be returned to."""
        with self._lock:
            timeline = self._worker.timeline
            if (timeline is None or timeline.latest == 0) and not self._worker.will_run:
                self._worker.rewind()
                return
            here = Side(self._run.config)
            edit = Edit("rewind", here, replace(here), anew=True, pauses=True, rewinds=True)
            self._make(edit, self._run.split)

    def branches(self) -> list[tuple[str, str]]:
        """The other branches of the run, the newest first: which, and how far each has come."""
        timeline = self._worker.timeline
        every = () if timeline is None else reversed(tuple(timeline.branches))
        return [(branch.description, f"trained to step {branch.latest:,}") for branch in every]

    def switch_branch(self, words: str) -> str:
        """Another branch of the run is trained, shown and saved from now on, this one lies beside it; what was done.

        Args:
            words: what sets it apart: "lr 0.1", or "lr 0.1 from step 40".

        Raises:
            InputError: there is no such branch.
        """
        with self._lock:
            timeline = self._worker.timeline
            branch = find_branch(timeline, words)
            self._switch(f"branch {branch.description}", branch.curve_name)
            return f"continuing as {branch.description}"

    def go_to_run(self, number: int) -> str:
        """Another run of the session is trained, shown and saved from now on, at its newest step; what was done.

        Raises:
            InputError: there is no such run, or only its curves and settings are kept.
        """
        return self._with_rows(lambda rows: self._go_to_run(number, rows))

    def _go_to_run(self, number: int, rows: Callable[[RunConfig], Split]) -> str:
        row = self._runs.find(number)
        if row.present:
            return f"run {number} is the one on the screen"
        if row.timeline is None and row.side is None:
            what = f"of run {number} only curves and settings are kept: later runs needed the memory"
            raise InputError(
                what, where="runs", hint="C lists the runs; n restarts one from step 0, with the same numbers"
            )
        if row.side is not None:
            label = row.label if row.timeline is None else None
            split = rows(row.config) if row.timeline is None else row.timeline.trainer.split
            here, there = Side(self._run.config), replace(row.side)
            self._make(Edit(f"run {number}", here, there, anew=True, pauses=True, label=label), split)
        if row.end is not None and row.branch is None:
            self._worker.go_to(row.latest)
        if row.branch is not None:
            self._switch(f"run {number}", row.branch.curve_name)
        return f"run {number}: {row.title}"

    def _switch(self, words: str, curve_name: str) -> None:
        """Goes on with another branch, the first time."""
        here, lists_before = Side(self._run.config), self.undo_list.capture()
        edit = Edit(words, here, replace(here), branches=("", curve_name))
        self.undo_list.record(edit)
        self._crossing.switch_branch(edit, curve_name, lists_before, back=False)

    def undo(self) -> str:
        """Takes the last edit back; returns which in words.

        Where nothing was trained since, and where the edit began another run, that is exactly where it was before it.
        Where training went on, it is kept; what the edit had removed comes back as it was.

        Raises:
            InputError: the data of then cannot be read any more; nothing has changed.
        """
        return self._again(self.undo_list.undo, "undone", "nothing to undo")

    def redo(self) -> str:
        """Makes the edit again that was taken back last; returns which in words.

        Raises:
            InputError: the data cannot be read any more; nothing has changed.
        """
        return self._again(self.undo_list.redo, "redone", "nothing to redo")

    def _again(self, take: Callable[[], Edit | None], done: str, nothing: str) -> str:
        return self._with_rows(lambda rows: self._take_again(take, done, rows) or nothing)

    def _take_again(self, take: Callable[[], Edit | None], done: str, rows: Callable[[RunConfig], Split]) -> str:
        """Takes the newest edit of a list back, or makes it again; empty where there is none."""
        lists_before, edit = self.undo_list.capture(), take()
        if edit is None:
            return ""
        if edit.branches is not None:
            back = done == "undone"
            self._crossing.switch_branch(edit, edit.branches[0 if back else 1], lists_before, back=back)
            return f"{done}: {edit.words}"
        source, target = (edit.after, edit.before) if done == "undone" else (edit.before, edit.after)
        try:
            split = rows(target.config)
        except _NotReadError:
            self.undo_list.restore(lists_before)
            raise
        self._crossing.enter(edit, source, target, split, lists_before, done)
        return f"{done}: {edit.words}"

    def _with_rows(
        self, edit: Callable[[Callable[[RunConfig], Split]], str], read: tuple[RunConfig, Split] | None = None
    ) -> str:
        """What an edit says that is made under the lock, once the rows of its run are read.

        Reading takes its time: nobody who changes something else, such as the screen, waits for it.

        Args:
            edit: asks for the rows of a run before it changes anything.
            read: rows that were read already, and the run whose they are.
        """
        while True:
            try:
                with self._lock:
                    return edit(partial(self._rows, read))
            except _NotReadError as lacking:
                read = lacking.config, split_of(lacking.config)

    def _rows(self, read: tuple[RunConfig, Split] | None, wanted: RunConfig) -> Split:
        if read is not None and _same_data(wanted, read[0]):
            return read[1]
        if not _same_data(wanted, self._run.config):
            raise _NotReadError(wanted)
        return self._run.split

    def catch_up(self) -> bool:
        """After a travel through time: takes over the settings of that step.

        Returns:
            Whether the settings are others now; after a refused edit they are those of before it again.
        """
        refused, self._edit_epoch = self._edit_epoch != self._run.edit_epoch, self._run.edit_epoch
        seen = self._worker.snapshot
        if seen.travels == self._travels or seen.stands is None:
            return refused
        with self._lock:
            if seen.changes != self._run.changes_sent:
                return refused  # what was chosen since then is on its way: it is looked at again once that is made
            self._travels = seen.travels
            trainer, config = seen.stands[0], self._provenance.config_at(*seen.stands)
            if config is None:
                return refused
            present = self._run.config
            config = replace(config, epochs=present.epochs, stop=present.stop)
            changed = config != present
            if changed:
                self._run.config, self._run.split = config, trainer.split
            return changed or refused

    # -- what an edit means ----------------------------------------------------------------------------------------

    def _with_parts(self, config: RunConfig, split: Split) -> RunConfig:
        """Refuses silent and frozen parts that are not there; those that another network leaves behind are dropped."""
        settings, plan = config.training_settings(), Network(config.layers, config.seed).plan(split.feature_shape)
        old, every = self._run.config, list_layers(plan_networks(config.players, plan))
        if settings.resting != old.training_settings().resting:
            config.players.check_resting(settings.resting)
        same_layers = config.layers == old.layers and config.players == old.players
        if same_layers and config.data.source == old.data.source:
            silenced_frozen.check(every, settings.silent, settings.frozen)
            if config.optimizer.record is old.optimizer.record:
                parameter_groups.check(every, config.optimizer, settings.groups)
                return config
        fitting = dict(
            zip(SILENCED_FROZEN, silenced_frozen.fitting(every, settings.silent, settings.frozen), strict=True)
        )
        fitting["groups"] = parameter_groups.fitting(every, config.optimizer, settings.groups)
        return replace(config, training={name: fitting.get(name, value) for name, value in config.training.items()})


def _answer(old: RunConfig, config: RunConfig, anew: bool) -> str:
    """What an edit of settings does, in a sentence."""
    if anew:
        return "applied; starting a new run (z: back to the one before)"
    if config.without_remarks() == old.without_remarks():
        return "stop conditions apply from now on"
    if config.seed != old.seed:
        return f"new initial weights from seed {config.seed}"
    live = live_changes(old, config)
    if live is None:
        if config.players != old.players and config.layers == old.layers:
            return f"{difference(old, config)} from this step on"
        return "applied; layers that still fit keep their weights"
    return f"{SetValues(live).words} from this step on"


def _with_meaningful_stops(old: RunConfig, config: RunConfig, split: Split) -> tuple[RunConfig, str]:
    """The run without stop conditions of before that mean nothing any more; and what to say of that.

    Raises:
        InputError: such a condition was asked for just now.
    """
    stops, dropped = dict(config.stops), []
    counted = config.loss is not None and config.loss.target in ("binary", "distribution")
    if stops.get("accuracy") and split.train.task != "classification" and not counted:
        if stops["accuracy"] != old.stops.get("accuracy"):
            what = f"'{split.train.target_names[0]}' is a number, so there is no accuracy to stop at"
            raise InputError(what, where="stop", hint="stop at a loss, or by patience")
        dropped.append(
            f"the stop at {100 * stops.pop('accuracy'):g} % accuracy was removed: predicted numbers have no accuracy"
        )
    if stops.get("loss") and _loss_name(old) != _loss_name(config) and stops["loss"] == old.stops.get("loss"):
        dropped.append(f"the stop at a loss of {stops.pop('loss'):g} was removed: it applied to another loss function")
    return (config.stopping(stops), "".join(f"; {words}" for words in dropped)) if dropped else (config, "")


def _loss_name(config: RunConfig) -> str:
    return "" if config.loss is None else config.loss.record.name


def _same_question(one: Split, other: Split) -> bool:
    """Whether two data sets ask for the same: the same quantities, or the same classes."""
    return (one.train.task, one.train.target_names, one.train.class_names) == (
        other.train.task,
        other.train.target_names,
        other.train.class_names,
    )


def _with_a_batch(config: RunConfig, split: Split) -> RunConfig:
    """Other data may have fewer rows than a batch had: then all of them are one."""
    size = config.training_settings().batch_size
    if size == "all" or size <= len(split.train):
        return config
    return replace(config, training={**config.training, "batch_size": batch_size_for(split)})


def _with_all_rows(old: RunConfig, config: RunConfig) -> tuple[RunConfig, str]:
    """An optimizer chosen just now that sees all rows in every step gets them, in float64; and what to say."""
    chosen = whole_data.looks_at_all(config.optimizer) and not whole_data.looks_at_all(old.optimizer)
    wanted = {name: value for name, value in FOR_WHOLE_DATA.items() if config.training.get(name) != value}
    asked = any(config.training.get(name) != old.training.get(name) for name in FOR_WHOLE_DATA)
    if not chosen or asked or not wanted:
        return config, ""
    name = config.optimizer.record.name
    words = f"{name} needs all rows in every step, so the batch is now all, in float64 (z takes that back); "
    return replace(config, training={**config.training, **wanted}), words


def _check(config: RunConfig, split: Split) -> None:
    """Refuses a run that cannot be, before anything of the present one is changed."""
    plan = Network(config.layers, config.seed).plan(split.feature_shape)
    if config.loss is not None:
        target_form(balanced(config.loss, split.train), split.train, plan.output_shape)
    settings = config.training_settings()
    batch_count(plan, split, settings)
    if config.loss is not None and not config.players.target:
        whole_data.check(plan, split.train, config.loss, config.optimizer, settings)
    players_check.check(config.players)
    players_check.check_trained(config.players, plan_networks(config.players, plan))
    config.players.resting(config.training_settings().resting)


def _same_data(one: RunConfig, other: RunConfig) -> bool:
    split_seed = one.seed == other.seed or one.split.seed >= 0
    targets = one.players.target == other.players.target
    return one.data == other.data and one.dealt == other.dealt and split_seed and targets
