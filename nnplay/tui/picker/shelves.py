"""What can be picked, made from the records: presets, data sets, activations, losses, optimizers, schedules, layers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from nnplay.data.catalogue import named_datasets
from nnplay.network.hidden_layers import NONE, activation_names
from nnplay.presets.catalogue import preset_records
from nnplay.presets.preset import Preset
from nnplay.records.layer import LayerRecord
from nnplay.records.record import Record
from nnplay.records.registry import layer_records, loss_records, optimizer_records, schedule_records
from nnplay.tui.picker.choice import Choice
from nnplay.tui.theme.look import Look
from nnplay.tui.thumbnails.curves import draw_activation, draw_loss, draw_schedule
from nnplay.tui.thumbnails.data import draw_data
from nnplay.tui.thumbnails.optimizer_path import draw_path
from nnplay.tui.thumbnails.shapes import draw_layer, draw_network
from nnplay.tui.widgets.cells import Row

_NETWORK_ROWS = 2


def _choice(record: Record, thumbnail: Any, note: str = "") -> Choice:
    return Choice(record.name, note=note, what=record.about, when=record.when, thumbnail=partial(thumbnail, record))


def layer_choices(names: Sequence[str]) -> list[Choice]:
    """Kinds of layers, those of one family beside each other."""
    records = [layer_records()[name] for name in names]
    families = list(dict.fromkeys(record.family for record in sorted(records, key=lambda record: _rank(record.family))))
    return [
        _choice(record, draw_activation if _has_curve(record) else draw_layer, record.family)
        for family in families
        for record in records
        if record.family == family
    ]


def _rank(family: str) -> int:
    return _FIRST.index(family) if family in _FIRST else len(_FIRST)


_FIRST = ("linear", "activation", "convolution", "pooling")
"""Families that most networks are made of come first."""


def _has_curve(record: LayerRecord) -> bool:
    return record.family == "activation"


def activation_choices() -> list[Choice]:
    """What may stand behind every hidden layer, and that nothing does."""
    found = [layer_records()[name] for name in activation_names()]
    nothing = Choice(
        NONE,
        what="No activation: however deep the network, it stays one linear map.",
        when="To see what activations are for.",
        thumbnail=partial(draw_activation, layer_records()["identity"]),
    )
    return [*(_choice(record, draw_activation) for record in found), nothing]


def loss_choices(names: Sequence[str]) -> list[Choice]:
    """Losses, with what each compares predictions with."""
    records = (loss_records()[name] for name in names)
    return [_choice(record, draw_loss, _COMPARED[record.target]) for record in records]


_COMPARED = {
    "labels": "classes",
    "binary": "two classes or several labels",
    "values": "quantities",
    "counts": "counts",
    "distribution": "probabilities",
    "sequence": "sequences of labels",
    "groups": "who belongs together",
    "boxes": "objects and the boxes around them",
}


def optimizer_choices(names: Sequence[str]) -> list[Choice]:
    """Optimizers."""
    return [_choice(optimizer_records()[name], draw_path) for name in names]


def schedule_choices(names: Sequence[str]) -> list[Choice]:
    """Schedules of the learning rate, and that there is none."""
    records = schedule_records()
    nothing = Choice(
        NONE,
        what="No schedule.",
        when="Start here: the learning rate stays as you set it.",
        thumbnail=partial(draw_schedule, records["constant"]),
    )
    return [_choice(records[name], draw_schedule) if name in records else nothing for name in names]


def data_choices(names: Sequence[str]) -> list[Choice]:
    """Data sets of the catalogue."""
    records = named_datasets()
    return [
        Choice(
            name,
            note=records[name].task,
            what=f"{records[name].title}. {records[name].about}",
            when=records[name].when,
            thumbnail=partial(draw_data, name),
        )
        for name in names
    ]


def preset_choices(names: Sequence[str]) -> list[Choice]:
    """Ready-made experiments, with what each teaches."""
    records = preset_records()
    return [
        Choice(
            name,
            note=records[name].group,
            what=records[name].title,
            when=records[name].teaches,
            thumbnail=partial(_draw_preset, records[name]),
        )
        for name in names
    ]


def _draw_preset(preset: Preset, width: int, height: int, look: Look) -> list[Row]:
    """The data of a preset over its network."""
    rows = draw_data(preset.config.data.source, width, max(1, height - _NETWORK_ROWS), look)
    return [*rows, *draw_network(preset.config.layer_texts, width, _NETWORK_ROWS, look)]
