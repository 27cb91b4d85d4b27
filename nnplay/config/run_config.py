"""The whole of a run as one frozen value: read from TOML or a dict, written back, and turned into a trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from nnplay.config import defaults
from nnplay.config.data_choice import DataChoice, read_data
from nnplay.config.default_networks import layers_for
from nnplay.config.players_choice import SECTIONS, players_tables, read_players, record_table
from nnplay.config.reading import Reading, read_record
from nnplay.config.split_choice import SplitChoice, read_split
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.dataset import Dataset
from nnplay.data.reading.addresses import whole_source
from nnplay.data.real_rows import called_real
from nnplay.data.split import Split
from nnplay.errors import unknown
from nnplay.fields import integer, text
from nnplay.network.network import Network
from nnplay.network.notation import parse_layers, show_layer
from nnplay.records.layer import Layer
from nnplay.records.loss import Loss
from nnplay.records.optimizer import Optimizer
from nnplay.records.registry import loss_records, optimizer_records, schedule_records
from nnplay.records.schedule import Schedule, is_chain
from nnplay.tape.machines.device import make_machine
from nnplay.tape.machines.machine import MachineMaker
from nnplay.text import clean, written
from nnplay.training import parameter_groups
from nnplay.training.players.players import Players
from nnplay.training.players.source_check import refuse_random_and_fixed
from nnplay.training.scores.target_kinds import wants_unscaled
from nnplay.training.scores.targets import default_loss
from nnplay.training.settings import DECLARED, TrainingSettings
from nnplay.training.stopping import STOP_FIELDS, Stops
from nnplay.training.trainer import Trainer
from nnplay.training.whole_data import looks_at_all

#: Bytes of a file that describes a run.
MOST_BYTES: Final = 2**20
#: Names of the settings of training by what files and the command line call them; the run has the seed.
_NAMES: Final = {declared.table_field.name: name for name, declared in DECLARED.items() if name != "seed"}
#: The settings of training as they are called in files and on the command line.
TRAINING_FIELDS: Final = tuple(DECLARED[name].table_field for name in _NAMES.values())
_EPOCHS: Final = integer("epochs", 0, "passes over the training rows; 0 chooses to suit the data", low=0, high=10**9)
_SEED: Final = DECLARED["seed"].field
#: What ends training besides the epochs, and what is done then.
STOPS: Final = tuple(item for item in STOP_FIELDS if item.name != "epochs")
_TITLE: Final = text("title", "", "title of the run")
_KEYS: Final = (
    *("title", "about", "epochs", "seed", "layers"),
    *("data", "split", "loss", "optimizer", "schedule", "training", "stop"),
    *SECTIONS,
)


@dataclass(frozen=True, slots=True)
class RunConfig:
    """A run.

    Attributes:
        data: the data set or file.
        split: how its rows are dealt.
        layers: the network; empty chooses one that suits the data.
        loss: None takes the usual one.
        optimizer: Adam with a learning rate of 0.01 unless one is named.
        schedule: of the learning rate; None keeps it.
        training: values of `TrainingSettings` (batch_size, l1, …); only those that were given.
        epochs: passes over the training rows; 0 chooses to suit the data, and on the screen means no end.
        seed: initial weights, order of the rows, dropout; and the split, unless that has its own.
        title, about: for people.
        stop: what else ends training, and what is done then: values of `STOP_FIELDS` besides the epochs.
        players: further networks, and objectives beside the run's own.
    """

    data: DataChoice
    split: SplitChoice = field(default_factory=SplitChoice)
    layers: tuple[Layer, ...] = ()
    loss: Loss | None = None
    optimizer: Optimizer = field(default_factory=lambda: _default_optimizer())
    schedule: Schedule | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 0
    seed: int = 0
    title: str = ""
    about: str = ""
    stop: Mapping[str, Any] = field(default_factory=dict)
    players: Players = field(default_factory=Players)

    # -- reading ---------------------------------------------------------------------------------------------------

    @staticmethod
    def from_file(path: str | Path) -> RunConfig:
        """The run that a TOML file describes; paths in it are relative to its folder.

        Raises:
            InputError: not a readable file, or anything that `from_text` refuses.
        """
        name = clean(Path(path).name)
        with open_regular(path, limit=MOST_BYTES, hint="a run file has only a few lines") as file:
            content = file.read(MOST_BYTES + 1)
        return RunConfig.from_text(content, where=name, folder=Path(path).expanduser().parent)

    @staticmethod
    def from_text(content: str | bytes, where: str = "run.toml", folder: Path | None = None) -> RunConfig:
        """The run that a TOML text describes.

        Args:
            where: what the text is called in messages.
            folder: paths of data files are relative to it; by default to the working folder.

        Raises:
            InputError: not TOML, over 1 MiB, an unknown key or a refused value; `Problems` when there are several.
        """
        from nnplay.session.record import line_of, parse

        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        table = parse(data, where)
        shown = data.decode()

        def place(key: str) -> str:
            line = line_of(shown, key)
            return f"{where}, line {line}, {key}" if line else f"{where}, {key}" if key else where

        return _read(table, place, folder)

    @staticmethod
    def from_dict(table: Mapping[str, Any], where: str = "", folder: Path | None = None) -> RunConfig:
        """The run that a table of plain values describes: the same as a TOML text that holds it.

        Raises:
            InputError: an unknown key or a refused value; `Problems` when there are several.
        """
        return _read(table, lambda key: f"{where}, {key}" if where and key else where or key, folder)

    def changed(self, changes: Mapping[str, Any]) -> RunConfig:
        """A copy with some entries of its table changed: `{"optimizer": {"lr": 0.1}, "epochs": 5}`.

        Stop conditions are changed under `stop`, the epochs among them: `{"stop": {"epochs": 5, "patience": 3}}`.

        Raises:
            InputError: an unknown key or a refused value.
        """
        table = {key: value for key, value in changes.items() if key != "stop"}
        config = replace(RunConfig.from_dict(merged(self.to_dict(), table)), stop=self.stop)
        return config.stopping({**config.stops, **changes["stop"]}) if "stop" in changes else config

    def stopping(self, conditions: Mapping[str, Any]) -> RunConfig:
        """A copy with these stop conditions and no others; 0 turns one off.

        Raises:
            InputError: an unknown condition or a refused value.
        """
        fields = {item.name: item for item in STOP_FIELDS}
        for name in conditions:
            if name not in fields:
                raise unknown("stop condition", name, fields, where="stop")
        read = {name: fields[name].read(value, "stop") for name, value in conditions.items()}
        return replace(self, epochs=read.pop("epochs", 0), stop=_chosen_stops(read))

    @property
    def stops(self) -> dict[str, Any]:
        """The stop conditions that are on, by name."""
        return {"epochs": self.epochs, **self.stop} if self.epochs else dict(self.stop)

    def stop_conditions(self) -> Stops:
        """The stop conditions, ready to watch a trainer."""
        return Stops(**self.stops)

    @property
    def layer_texts(self) -> tuple[str, ...]:
        """The network, one text a layer."""
        return tuple(show_layer(layer) for layer in self.layers)

    # -- writing ---------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back as an equal run; what was left open is left out."""
        table: dict[str, Any] = {"title": self.title, "about": self.about, "epochs": self.epochs or ""}
        table = {key: value for key, value in table.items() if value != ""}
        table["seed"] = self.seed
        if self.layers:
            table["layers"] = list(self.layer_texts)
        table["data"] = self.data.table()
        sections = {
            "split": self.split.table(),
            "loss": record_table(self.loss),
            "optimizer": record_table(self.optimizer),
            "schedule": record_table(self.schedule),
            "training": dict(self.training),
            "stop": dict(self.stop),
        }
        return table | {key: value for key, value in sections.items() if value} | players_tables(self.players)

    def anywhere(self) -> RunConfig:
        """The run with the path of its data file made whole, so that it can be opened from any folder."""
        players = self.players.with_sources(whole_source)
        if not self.data.file:
            return replace(self, players=players)
        return replace(self, data=replace(self.data, file=whole_source(self.data.file)), players=players)

    def without_remarks(self) -> RunConfig:
        """The run without what says nothing of its numbers: title, remarks, and how long somebody meant to train."""
        return replace(self, title="", about="", epochs=0, stop={})

    # -- running ---------------------------------------------------------------------------------------------------

    def load(self) -> Split:
        """The data, dealt and scaled.

        Raises:
            InputError: they cannot be read, or a part is left without rows.
        """
        return self.deal(self.data.load())

    def deal(self, data: Dataset) -> Split:
        """The parts of a data set, with the targets that the run's own objective has.

        Raises:
            InputError: a part is left without rows.
        """
        split = self.dealt.apply(data, self.seed)
        return split if self.players.target is None else called_real(split)

    @property
    def dealt(self) -> SplitChoice:
        """How the rows are dealt, with targets left as they are where the loss needs that and nobody has said."""
        raw = self.loss is not None and wants_unscaled(self.loss) and self.split.scale_target == "auto"
        return replace(self.split, scale_target="none") if raw else self.split

    def completed(self, split: Split) -> RunConfig:
        """The same run with everything that was left open chosen to suit the data: layers, loss, batch size, epochs.

        A network that is chosen here gets an L2 penalty besides where there are few rows. Training on a file ends where
        the validation loss falls no more, and the weights of the best epoch are kept.
        """
        loss = self.loss or loss_records()[default_loss(split.train)]()
        layers = self.layers or layers_for(split.train, loss, members=not looks_at_all(self.optimizer))
        penalty = {} if self.layers or {"l1", "l2"} & set(self.training) else defaults.penalty_for(split, layers)
        training = {"batch_size": defaults.batch_size_for(split), **penalty, **self.training}
        if looks_at_all(self.optimizer):
            training = {**defaults.FOR_WHOLE_DATA, **self.training}
        ends = defaults.stop_for(split) if self.data.file else {}
        if self.epochs or set(self.stop) - set(defaults.AFTER_STOP):  # somebody has chosen when it ends
            ends = {name: value for name, value in ends.items() if name in defaults.AFTER_STOP}
        epochs = self.epochs or defaults.epochs_for(split, training["batch_size"], ends="patience" in ends)
        return replace(self, loss=loss, layers=layers, training=training, epochs=epochs, stop={**ends, **self.stop})

    def training_settings(self) -> TrainingSettings:
        """The settings of a trainer besides data, network, loss and optimizer."""
        training = {_NAMES[called]: value for called, value in self.training.items()}
        return TrainingSettings().changed(**training, seed=self.seed, schedule=self.schedule)

    def trainer(
        self,
        progress: Callable[[int, int, str], None] | None = None,
        split: Split | None = None,
        machine: MachineMaker = make_machine,
    ) -> Trainer:
        """The trainer of this run, at step 0.

        Args:
            progress: called for kernels that must be compiled first, as `(done, total, name)`.
            split: from `load`, where it has been called already.
            machine: what runs the rows; `begin_machine` waits for no kernels.

        Raises:
            InputError: anything in the run that cannot be, before memory is taken for it.
        """
        data = self.load() if split is None else split
        run = self.completed(data)
        network = Network(run.layers, seed=run.seed)
        settings, players = run.training_settings(), run.players
        trainer = Trainer(
            network,
            data,
            run.loss,
            run.optimizer,
            settings=settings,
            progress=progress,
            machine=machine,
            players=players,
        )
        refuse_random_and_fixed(trainer, frozen=False)
        return trainer


class Whole(dict[str, Any]):
    """A section that takes the place of the one there is, and is not laid over it."""


def merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`table` with `changes` laid over it; a section that gets another name (or file) loses its other values.

    So does one that is given as a `Whole`.
    """
    result = dict(table)
    for key, change in changes.items():
        before = result.get(key)
        if isinstance(change, Whole):
            result[key] = dict(change)
        elif not isinstance(change, Mapping) or not isinstance(before, Mapping):
            result[key] = change
        elif any(name in change and change[name] != before.get(name) for name in ("name", "file")):
            result[key] = dict(change)
        else:
            result[key] = {**before, **change}
    return result


def _read(table: Mapping[str, Any], place: Callable[[str], str], folder: Path | None) -> RunConfig:
    reading = Reading(place)
    given = reading.keep_known("", table, _KEYS)
    if "data" not in given:
        reading.refuse("", "names no data", 'add data = "spiral", or another data set or file')
    optimizer = given.get("optimizer", {})
    usual = optimizer is None or (isinstance(optimizer, (Mapping, str)) and not optimizer)
    config = RunConfig(
        data=read_data(reading, given["data"], folder) if "data" in given else DataChoice(),
        split=read_split(reading, given["split"]) if "split" in given else SplitChoice(),
        layers=_layers(reading, given.get("layers", "")),
        loss=read_record(reading, "loss", given["loss"], loss_records()) if "loss" in given else None,
        optimizer=_default_optimizer() if usual else _optimizer(reading, optimizer),
        schedule=_schedule(reading, given["schedule"]) if "schedule" in given else None,
        training=reading.values("training", TRAINING_FIELDS, _training(reading, given.get("training", {}))),
        epochs=reading.attempt("epochs", lambda: _EPOCHS.read(given.get("epochs", 0)), 0),
        seed=reading.attempt("seed", lambda: _SEED.read(given.get("seed", 0)), 0),
        title=reading.attempt("title", lambda: _TITLE.read(given.get("title", "")), ""),
        about=clean(given.get("about", ""), limit=10_000),
        stop=_chosen_stops(stops := reading.values("stop", STOPS, reading.table("stop", given.get("stop", {}))))
        | {name: value for name, value in stops.items() if name in defaults.ON_FOR_FILES},
        players=read_players(reading, given, folder),
    )
    reading.finish()
    return config


def _training(reading: Reading, given: Any) -> dict[str, Any]:
    """The table of settings, with groups of layers as the text that they are the long form of."""
    table = reading.table("training", given)
    if isinstance(table.get("groups"), Mapping):
        table["groups"] = reading.attempt("training.groups", lambda: parameter_groups.text_of(table["groups"]), "")
    return table


def _chosen_stops(values: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions that are on, and flags that are off."""
    return {name: value for name, value in values.items() if value or value is False}


def _layers(reading: Reading, given: Any) -> tuple[Layer, ...]:
    lines = [given] if isinstance(given, str) else given
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        reading.refuse("layers", "is neither text nor a list of texts", 'write layers = "linear 8, tanh, linear 2"')
        return ()
    layers: list[Layer] = []
    for line in lines:
        if reading.full:
            break
        nothing: tuple[Layer, ...] = ()
        layers += reading.attempt("layers", partial(parse_layers, line), nothing)
    return tuple(layers)


def _optimizer(reading: Reading, given: Any) -> Optimizer:
    if isinstance(given, Mapping) and "name" not in given:
        given = {**defaults.OPTIMIZER, **given}
    found: Optimizer | None = read_record(reading, "optimizer", given, optimizer_records())
    return found or _default_optimizer()


def _schedule(reading: Reading, given: Any) -> Schedule | None:
    table = {"name": "chained", "parts": given} if is_chain(given) else reading.table("schedule", given)
    if written(table.get("name", "")).lower() in ("none", "") and not set(table) - {"name"}:
        return None
    found: Schedule | None = read_record(reading, "schedule", table, schedule_records())
    return found


def _default_optimizer() -> Optimizer:
    values = dict(defaults.OPTIMIZER)
    optimizer: Optimizer = optimizer_records()[str(values.pop("name"))](**values)
    return optimizer
