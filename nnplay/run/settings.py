"""Everything that the user of the playground chose, as one frozen value, and its translation to a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from nnplay.config import RunConfig
from nnplay.config.defaults import layers_for
from nnplay.data.catalogue import dataset_records
from nnplay.data.dataset import Dataset
from nnplay.errors import NnplayError, unknown
from nnplay.network.network import Network
from nnplay.network.notation import parse_layers, show_layer
from nnplay.records.loss import Loss
from nnplay.records.registry import loss_records, optimizer_records, schedule_records
from nnplay.training.targets import default_loss, target_form


@dataclass(frozen=True, slots=True)
class Settings:
    """What the screen shows and edits.

    Attributes:
        dataset: name of a data set, or path of a CSV file.
        dataset_fields: values of its fields.
        features: derived inputs that are switched on, for sets over a plane.
        split: per cents of training, validation and test.
        loss, optimizer, schedule: names ("none" for no schedule), each with the values of its fields.
        training: values of `nnplay.training.settings.SETUP_FIELDS` besides batch size and seed.
        layers: one text a layer.
        stops: values of `nnplay.training.stopping.Stops`.
    """

    dataset: str = "spiral"
    dataset_fields: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ("x1", "x2")
    split: tuple[int, int, int] = (70, 15, 15)
    batch_size: int | Literal["all"] = 32
    loss: str = "cross_entropy"
    loss_fields: Mapping[str, Any] = field(default_factory=dict)
    optimizer: str = "adam"
    optimizer_fields: Mapping[str, Any] = field(default_factory=dict)
    schedule: str = "none"
    schedule_fields: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    seed: int = 0
    stops: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        """Whether the data are a file of the user's."""
        return self.dataset not in dataset_records()

    def config(self) -> RunConfig:
        """The run that these settings describe.

        Raises:
            InputError: a value that its field refuses.
        """
        data = {"file" if self.is_file else "name": self.dataset, **self.dataset_fields}
        if not self.is_file and self._has_features():
            data["features"] = ", ".join(self.features)
        shares = dict(zip(("train", "validation", "test"), (share / 100 for share in self.split), strict=True))
        table: dict[str, Any] = {
            "seed": self.seed,
            "layers": list(self.layers),
            "data": data,
            "split": shares,
            "loss": {"name": self.loss, **self.loss_fields},
            "optimizer": {"name": self.optimizer, **self.optimizer_fields},
            "training": {**self.training, "batch_size": self.batch_size},
        }
        if self.schedule != "none":
            table["schedule"] = {"name": self.schedule, **self.schedule_fields}
        return RunConfig.from_dict(table)

    def _has_features(self) -> bool:
        return any(item.name == "features" for item in dataset_records()[self.dataset].fields)

    def changed(self, **values: Any) -> Settings:
        """A copy with some values changed; what belongs to a thing that was exchanged falls back to its defaults.

        Raises:
            InputError: an unknown name.
        """
        for key, records in (
            ("loss", loss_records()),
            ("optimizer", optimizer_records()),
            ("schedule", {"none": None, **schedule_records()}),
        ):
            if key in values and values[key] not in records:
                raise unknown(key, str(values[key]), records)
        reset: dict[str, Any] = {}
        if values.get("dataset", self.dataset) != self.dataset:
            reset |= {"dataset_fields": {}, "features": ("x1", "x2")}
        if values.get("loss", self.loss) != self.loss:
            reset["loss_fields"] = {}
        if values.get("optimizer", self.optimizer) != self.optimizer:
            reset["optimizer_fields"] = _kept_rate(self.optimizer_fields)
        if values.get("schedule", self.schedule) != self.schedule:
            reset["schedule_fields"] = {}
        return replace(self, **{**reset, **values})


def _kept_rate(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"lr": fields["lr"]} if "lr" in fields else {}


def from_config(config: RunConfig) -> Settings:
    """The settings that show a run; what the run leaves open must have been completed."""
    values = dict(config.data.values)
    features = _features(values.pop("features", None))
    setup = dict(config.training)
    loss, schedule = config.loss, config.schedule
    return Settings(
        dataset=config.data.file or config.data.name,
        dataset_fields=values,
        features=features,
        split=_per_cents(config),
        batch_size=setup.pop("batch_size", 32),
        loss=loss.record.name if loss else "cross_entropy",
        loss_fields=dict(loss.values) if loss else {},
        optimizer=config.optimizer.record.name,
        optimizer_fields=dict(config.optimizer.values),
        schedule=schedule.record.name if schedule else "none",
        schedule_fields=dict(schedule.values) if schedule else {},
        training=setup,
        layers=tuple(show_layer(layer) for layer in config.layers),
        seed=config.seed,
        stops={"epochs": config.epochs} if config.epochs else {},
    )


def _features(given: Any) -> tuple[str, ...]:
    if not given:
        return ("x1", "x2")
    return tuple(part.strip() for part in given.split(",")) if isinstance(given, str) else tuple(given)


def _per_cents(config: RunConfig) -> tuple[int, int, int]:
    train, validation = round(config.split.train * 100), round(config.split.validation * 100)
    return (train, validation, 100 - train - validation)


def fitted(settings: Settings, data: Dataset) -> Settings:
    """The settings with loss and last layer made to suit another data set, where they do not; else a usual network."""
    records = loss_records()
    wants_labels = records[settings.loss].target != "values"
    if wants_labels != (data.task == "classification") or (
        records[settings.loss].target == "binary" and data.outputs != 2
    ):
        settings = settings.changed(loss=default_loss(data))
    if not settings.layers:
        return settings
    outputs = records[settings.loss].outputs(data.outputs)
    last = max((k for k, text in enumerate(settings.layers) if text.split()[0] == "linear"), default=None)
    layers = list(settings.layers)
    if last is not None:
        words = layers[last].split()
        words[1:2] = [str(outputs)]
        layers[last] = " ".join(words)
    flat = any(text.split()[0] in ("flatten", "conv2d", "conv1d") for text in layers)
    if len(data.feature_shape) > 1 and not flat:
        layers.insert(0, "flatten")
    if len(data.feature_shape) == 1 and layers[0] == "flatten":
        layers.pop(0)
    loss = records[settings.loss]()
    if not _serve(layers, loss, data):
        layers = [show_layer(layer) for layer in layers_for(data, loss)]
    return replace(settings, layers=tuple(layers))


def _serve(layers: Sequence[str], loss: Loss, data: Dataset) -> bool:
    """Whether these layers take the data's inputs and give what the loss wants."""
    try:
        plan = Network(parse_layers(", ".join(layers))).plan(data.feature_shape)
        target_form(loss, data, plan.output_shape)
    except NnplayError:
        return False
    return True
