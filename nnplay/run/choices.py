"""Names that the user of the playground may choose from, each with its fields."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnplay.data.catalogue import file_fields, named_datasets
from nnplay.data.features import FEATURES
from nnplay.fields import Field
from nnplay.presets.catalogue import preset_records
from nnplay.records.registry import layer_records, loss_records, optimizer_records, schedule_records
from nnplay.training.settings import DECLARED
from nnplay.training.stopping import STOP_FIELDS


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that can be chosen; fields of a data set leave out what has a switch of its own."""

    datasets: Mapping[str, Sequence[Field]]
    losses: Mapping[str, Sequence[Field]]
    optimizers: Mapping[str, Sequence[Field]]
    schedules: Mapping[str, Sequence[Field]]
    layers: Mapping[str, Sequence[Field]]
    penalties: Sequence[Field]
    training: Sequence[Field]
    stops: Sequence[Field]
    features: Sequence[str]

    def fields_of_file(self, path: str, values: Mapping[str, Any]) -> Sequence[Field]:
        """How a file may be read, given some values of these fields."""
        return file_fields(path, values)

    @property
    def presets(self) -> Mapping[str, str]:
        """Titles by name; 40 files that are read when they are first asked for."""
        return {name: preset.title for name, preset in preset_records().items()}


@functools.cache
def catalogue() -> Catalogue:
    """All records by name."""
    return Catalogue(
        datasets={
            name: tuple(item for item in record.fields if item.name != "features")
            for name, record in named_datasets().items()
        },
        losses={name: record.fields for name, record in loss_records().items()},
        optimizers={name: record.fields for name, record in optimizer_records().items()},
        schedules={"none": (), **{name: record.fields for name, record in schedule_records().items()}},
        layers={name: record.fields for name, record in layer_records().items()},
        penalties=tuple(declared.field for declared in DECLARED.values() if declared.form == "penalty"),
        training=tuple(declared.field for declared in DECLARED.values() if declared.form == "more"),
        stops=STOP_FIELDS,
        features=tuple(FEATURES),
    )
