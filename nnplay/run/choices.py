"""Names that the user of the playground may choose from, each with its fields."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnplay.data.catalogue import dataset_records, find_source
from nnplay.data.features import FEATURES
from nnplay.fields import Field, integer, number
from nnplay.presets.catalogue import preset_records
from nnplay.records.registry import layer_records, loss_records, optimizer_records, schedule_records
from nnplay.training.settings import SETUP_FIELDS

#: When a run stops by itself; 0 turns a condition off.
STOP_FIELDS = (
    integer("epochs", 0, "stop at this epoch; 0 never", low=0, high=10**9),
    number("seconds", 0.0, "stop after this much training time; 0 never", low=0.0),
    number("loss", 0.0, "stop when the validation loss is this low; 0 never", low=0.0),
    number("accuracy", 0.0, "stop at this validation accuracy (0 to 1); 0 never", low=0.0, high=1.0),
    integer("patience", 0, "stop after so many epochs without a better validation loss; 0 never", low=0, high=10**9),
)
_TRAINING = ("l1", "l2", "clip_norm", "clip_value", "shuffle", "validate_every", "silent", "frozen")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that can be chosen; fields of a data set leave out what has a switch of its own."""

    datasets: Mapping[str, Sequence[Field]]
    losses: Mapping[str, Sequence[Field]]
    optimizers: Mapping[str, Sequence[Field]]
    schedules: Mapping[str, Sequence[Field]]
    layers: Mapping[str, Sequence[Field]]
    training: Sequence[Field]
    stops: Sequence[Field]
    features: Sequence[str]

    def fields_of_file(self, path: str) -> Sequence[Field]:
        """How a file may be read."""
        return find_source(path).fields

    @property
    def presets(self) -> Mapping[str, str]:
        """Titles by name; 40 files that are read when they are first asked for."""
        return {name: preset.title for name, preset in preset_records().items()}

    @property
    def lessons(self) -> Mapping[str, str]:
        """What there is to be learned from each preset, in the order of the presets."""
        return {name: preset.teaches for name, preset in preset_records().items()}


@functools.cache
def catalogue() -> Catalogue:
    """All records by name."""
    return Catalogue(
        datasets={
            name: tuple(item for item in record.fields if item.name != "features")
            for name, record in dataset_records().items()
        },
        losses={name: record.fields for name, record in loss_records().items()},
        optimizers={name: record.fields for name, record in optimizer_records().items()},
        schedules={"none": (), **{name: record.fields for name, record in schedule_records().items()}},
        layers={name: record.fields for name, record in layer_records().items()},
        training=tuple(SETUP_FIELDS[name] for name in _TRAINING),
        stops=STOP_FIELDS,
        features=tuple(FEATURES),
    )
