"""The run behind the screen: settings become trainers, the worker runs them, files keep them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nnplay.config import DataChoice, RunConfig
from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.network import Network
from nnplay.play.autosave import Autosave
from nnplay.play.catalogue import STOP_FIELDS, Catalogue, catalogue
from nnplay.play.keeping import LIVE, Keeping
from nnplay.play.ledger import Ledger, ledger
from nnplay.play.settings import Settings, fitted, from_config
from nnplay.presets.catalogue import load_preset
from nnplay.snapshot import Snapshot
from nnplay.stopping import Stops
from nnplay.targets import target_form
from nnplay.tempo import EASED, Tempo
from nnplay.trainer import Trainer
from nnplay.worker import Look, Worker

#: What opens at the very first start: a small spiral classifier, one key away from learning.
FIRST = "spiral"


class PlaygroundBackend(Keeping):
    """Answers the screen. Methods return at once; what they cause shows in a later snapshot.

    Args:
        config: the run to begin with; the first preset if there is none.
    """

    def __init__(self, config: RunConfig | None = None) -> None:
        super().__init__()
        self.catalogue: Catalogue = catalogue()
        self.worker = Worker()
        self.worker.tempo = EASED
        self._config = config or load_preset(FIRST).config
        self._split = _split_of(self._config)
        self.settings: Settings = from_config(replace(self._config.completed(self._split), epochs=0))
        self._config = self._described(self.settings)
        self.worker.install(self._maker(self._config, self._split))
        self.autosave = Autosave(self._latest, self._progress, self.worker.tell)

    # -- what the screen reads -------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The latest moment that the worker published."""
        return self.worker.snapshot

    def ledger(self, layers: Sequence[str]) -> Ledger:
        """Shapes, costs and problems of some layers on the present data; says too when the end does not fit."""
        train = self._split.train
        names = train.feature_names or (f"{len(train.feature_shape)}-d",)
        outputs = train.class_names if train.task == "classification" else train.target_names
        found = ledger(layers, self._split.feature_shape, names, outputs)
        if found.lines and not any(line.problem for line in found.lines):
            problem = self._end_problem(layers)
            if problem:
                last = replace(found.lines[-1], problem=problem)
                found = replace(found, lines=(*found.lines[:-1], last))
        return found

    def _end_problem(self, layers: Sequence[str]) -> str:
        try:
            config = self.settings.changed(layers=tuple(layers)).config()
            plan = Network(config.layers).plan(self._split.feature_shape)
            if config.loss is not None:
                target_form(config.loss, self._split.train, plan.output_shape)
        except InputError as problem:
            return f"{problem.what}; {problem.hint}" if problem.hint else problem.what
        return ""

    def summary(self) -> str:
        """How the rows are dealt: "700 training rows in batches of 32 = 22 batches per epoch; …"."""
        return self._split.summary(self.settings.batch_size)

    def notes(self) -> tuple[str, ...]:
        """What reading, encoding and splitting the data did."""
        return self._split.notes

    # -- running ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Trains until paused or a stop condition."""
        self.worker.run()

    def pause(self) -> None:
        """Stops after the present step."""
        self.worker.pause()

    def batch(self) -> None:
        """One step, or one step forward in the known past."""
        self.worker.forward()

    def back(self) -> None:
        """One step back."""
        self.worker.back()

    def epoch(self) -> None:
        """To the end of this epoch."""
        self.worker.forward(epoch=True)

    def rewind(self) -> None:
        """Back to step 0 with the same initial weights."""
        self.worker.rewind()

    def reseed(self) -> None:
        """New initial weights and a new order, from the next seed."""
        self.apply(self.settings.changed(seed=self.settings.seed + 1))

    def goto(self, unit: str, number: int) -> None:
        """To a step or epoch: back in the past, forward by training on.

        Raises:
            InputError: the unit is neither, or the number is negative.
        """
        if unit not in ("step", "epoch") or number < 0:
            raise InputError(f"cannot go to {unit} {number}", where="goto", hint="as in goto step 500 or goto epoch 20")
        self.worker.send(functools.partial(_go, unit=unit, number=number))

    def run_for(self, *, steps: int | None = None, epochs: int | None = None) -> None:
        """Trains for so many steps or epochs."""
        self.worker.run(steps, epochs)

    def tempo(self, tempo: Tempo) -> None:
        """How fast the training goes from now on."""
        self.worker.tempo = tempo

    def look(
        self,
        *,
        surface: tuple[int, int] | None,
        neurons: int,
        output: bool = True,
        held_out: bool = False,
    ) -> None:
        """Says which pictures are visible, and how large; what is not is not computed."""
        self.worker.look = Look(surface, neurons, output, held_out)
        self.worker.send(lambda worker: None, anywhere=True)  # a paused worker publishes anew after a command only

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> None:
        """Gives one weight another value, from this step on."""
        self._edits += 1

        def edit(trainer: Trainer) -> None:
            trainer.parameters()[name][index] = value

        at = ",".join(map(str, index))
        self.worker.change(f"{name}[{at}] = {value:g}", edit)

    # -- changing --------------------------------------------------------------------------------------------------

    def changed(self, **values: Any) -> Settings:
        """The settings with some values changed, made to fit another data set where one was chosen; not yet in force.

        Raises:
            InputError: an unknown name, or data that cannot be read.
        """
        settings = self.settings.changed(**values)
        if settings.dataset != self.settings.dataset or (
            settings.is_file and settings.dataset_fields != self.settings.dataset_fields
        ):
            settings = fitted(settings, _data_of(settings.config()))
        return settings

    def apply(self, settings: Settings) -> str:
        """Puts settings in force, keeping whatever weights still fit; returns what was done in a sentence.

        Raises:
            InputError: settings that cannot be; nothing has changed then.
        """
        config = self._described(settings)
        stops = Stops(**{item.name: item.read(settings.stops.get(item.name, item.default)) for item in STOP_FIELDS})
        split = self._split if _same_data(config, self._config) else _split_of(config)
        self._check(config, split)
        before, old = self._config, self.settings
        self._config, self._split, self.settings = config, split, settings
        self.worker.stops = stops
        self._edits += 1
        if replace(settings, stops=old.stops) == old:
            return "stop conditions apply from now on"
        live = _live_changes(before, config)
        if live is not None:
            words = ", ".join(f"{name} {value}" for name, value in live.items())
            self.worker.change(words, lambda trainer: trainer.set(**live))
            return f"{words} from this step on"
        if config.seed != before.seed:
            self.worker.install(self._maker(config, split))
            return f"new initial weights from seed {config.seed}"
        self.worker.install(self._remaker(config, split))
        return "applied; weights of layers that fit are kept"

    def _described(self, settings: Settings) -> RunConfig:
        """The run that settings describe; what they do not hold stays as it was while the data are the same."""
        config, present, shown = settings.config(), self._config, self.settings
        if (settings.dataset, settings.dataset_fields) != (shown.dataset, shown.dataset_fields):
            return config
        split = present.split
        if settings.split != shown.split:
            split = replace(split, **{name: getattr(config.split, name) for name in ("train", "validation", "test")})
        return replace(config, split=split, epochs=present.epochs, title=present.title, about=present.about)

    def _check(self, config: RunConfig, split: Split) -> None:
        plan = Network(config.layers, config.seed).plan(split.feature_shape)
        if config.loss is not None:
            target_form(config.loss, split.train, plan.output_shape)
        split.batches(self._setup_batch(config))

    @staticmethod
    def _setup_batch(config: RunConfig) -> Any:
        return config.setup().batch_size

    def preset(self, name: str) -> Settings:
        """The settings of a preset; put in force with `apply`.

        Raises:
            InputError: there is no such preset.
        """
        preset = load_preset(name)
        config = preset.config.completed(_split_of(preset.config))
        return replace(from_config(config), stops={"epochs": config.epochs, "patience": preset.patience})

    def _maker(self, config: RunConfig, split: Split) -> Callable[[], Trainer]:
        def make() -> Trainer:
            trainer: Trainer = config.trainer(self._compiling, split)
            return trainer

        return self._tracked(make, config)

    def _remaker(self, config: RunConfig, split: Split) -> Callable[[], Trainer]:
        def make() -> Trainer:
            current = self.worker.trainer
            if current is None:
                made: Trainer = config.trainer(self._compiling, split)
                return made
            setup = config.setup()
            trainer, fresh = current.remade(
                self._compiling,
                network=Network(config.layers, config.seed),
                data=split,
                loss=config.loss,
                optimizer=config.optimizer,
                **{name: getattr(setup, name) for name in setup.__dataclass_fields__},
            )
            self.worker.say(_told(fresh, trainer))
            return trainer

        return self._tracked(make, config)

    def _compiling(self, done: int, total: int, name: str) -> None:
        self.worker.tell(f"compiling kernels, once: {done} of {total}" if done < total else "")


def _go(worker: Worker, unit: str, number: int) -> None:
    trainer = worker.trainer
    if trainer is None:
        return
    ahead = trainer.steps_to(number) if unit == "epoch" else number - trainer.step
    target = trainer.step + ahead
    if unit == "epoch" and number <= trainer.epoch:
        target = number * trainer.batches
    worker.reach(target)


def _told(fresh: Sequence[str], trainer: Trainer) -> str:
    if not fresh:
        return "all weights were kept"
    count = len(trainer.parameters())
    return f"made anew: {', '.join(fresh[:6])}{' …' if len(fresh) > 6 else ''} ({count - len(fresh)} of {count} kept)"


def _same_data(one: RunConfig, other: RunConfig) -> bool:
    split_seed = one.seed == other.seed or one.split.seed >= 0
    return one.data == other.data and one.split == other.split and split_seed


def _live_changes(before: RunConfig, after: RunConfig) -> Mapping[str, Any] | None:
    """What changed, if all of it can change while training without a new tape; else None."""
    if replace(after, optimizer=before.optimizer, training=before.training) != before:
        return None
    if after.optimizer.record is not before.optimizer.record:
        return None
    names = set(before.training) | set(after.training)
    changed = {name: after.training.get(name, 0.0) for name in names if _differs(before.training, after.training, name)}
    if not set(changed) <= LIVE:
        return None
    old, new = before.optimizer.values, after.optimizer.values
    return {**changed, **{name: value for name, value in new.items() if old[name] != value}}


def _differs(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    return bool(before.get(name, 0.0) != after.get(name, 0.0))


def _split_of(config: RunConfig) -> Split:
    return config.split.apply(_data_of(config), config.seed)


_recent_data: list[tuple[DataChoice, Dataset]] = []


def _data_of(config: RunConfig) -> Dataset:
    """The data set, kept for the next question about the same one."""
    for choice, data in _recent_data:
        if choice == config.data:
            return data
    data = config.data.load()
    _recent_data[:] = [(config.data, data), *_recent_data[:3]]
    return data
