"""What the values of a trial make of a run: any setting of its file, and the width and depth of its network."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from nnplay.config import RunConfig
from nnplay.config.assignments import SECTIONS, read_named
from nnplay.data.split import Split
from nnplay.errors import InputError, unknown
from nnplay.network.hidden_layers import with_activation
from nnplay.network.members import Layers, in_each_member
from nnplay.network.notation import parse_layers
from nnplay.records.layer import Layer
from nnplay.sweeps.axis import Axis, Value
from nnplay.training.whole_data import looks_at_all

#: Settings of a run that have no section; any other name without one is a field of the data set.
RUN_SETTINGS: Final = ("seed", "epochs", "layers", "loss", "optimizer", "schedule")
#: Settings that change all hidden layers at once.
SHAPES: Final = ("layers.depth", "layers.width", "layers.activation")


def changed_run(base: RunConfig, settings: Mapping[str, Value], usual: Collection[str] = ()) -> RunConfig:
    """The run with the values of a trial.

    Args:
        base: has layers, where a setting changes them.
        usual: settings of training that nobody chose. They are left open where an optimizer that sees all rows in every
            step takes the place of one that sees batches, or the other way round: what suits one is not for the other.

    Raises:
        InputError: an unknown setting, or a value that its setting refuses.
    """
    table: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in SHAPES:
            _enter(table, name, value)
    run = base.changed(table) if table else base
    if looks_at_all(run.optimizer) != looks_at_all(base.optimizer):
        left_open = {name for name in usual if f"training.{name}" not in settings}
        run = replace(run, training={name: value for name, value in run.training.items() if name not in left_open})
    for name in SHAPES:  # the depth first: layers that are added have the width of the others until that is set
        if name in settings:
            run = replace(run, layers=_reshape(run.layers, name, settings[name]))
    return run


def usual_settings(run: RunConfig, split: Split) -> tuple[str, ...]:
    """The settings of training that are what nnplay itself chooses for such a run on these data."""
    chosen = replace(run, training={}, layers=()).completed(split).training
    return tuple(name for name, value in run.training.items() if name in chosen and chosen[name] == value)


def check_axes(base: RunConfig, axes: Sequence[Axis]) -> None:
    """Tries each value that is listed, and the ends of each range, before anything is trained.

    Raises:
        InputError: a setting that is none, one given twice, or values that do not fit.
    """
    names = [axis.name for axis in axes]
    for axis in axes:
        if names.count(axis.name) > 1:
            raise InputError("this setting is given twice", where=axis.name, hint="give all its values at once")
        for value in axis.ends:
            changed_run(base, {axis.name: value})


def changes_rows(base: RunConfig, axes: Sequence[Axis]) -> bool:
    """Whether some trials have an optimizer that sees all rows in every step, and others one that sees batches."""
    values = [(axis.name, value) for axis in axes if axis.name == "optimizer" for value in axis.ends]
    whole = {looks_at_all(changed_run(base, {name: value}).optimizer) for name, value in values}
    return bool(whole - {looks_at_all(base.optimizer)})


def _enter(table: dict[str, Any], name: str, value: Value) -> None:
    """Puts one value where `RunConfig.changed` looks for it."""
    section, dot, key = name.rpartition(".")
    if dot and section == "layers":
        raise unknown("setting", name, SHAPES, where="--set")
    if dot and section not in SECTIONS:
        raise unknown("section", section, SECTIONS, where="--set")
    if dot:
        table.setdefault(section, {})[key] = value
    elif name in ("loss", "optimizer", "schedule"):
        table[name] = {**read_named(name, str(value)), **table.get(name, {})}
    elif name in RUN_SETTINGS:
        table[name] = str(value) if name == "layers" else value
    else:
        table.setdefault("data", {})[name] = value


def _reshape(layers: Layers, name: str, value: Value) -> Layers:
    """The network with all hidden layers changed, in each member of an ensemble."""
    return in_each_member(layers, lambda member: _reshape_member(member, name, value))


def _reshape_member(layers: Layers, name: str, value: Value) -> Layers:
    from nnplay.network.notation import show_layer

    if name == "layers.activation":
        return parse_layers(", ".join(with_activation([show_layer(layer) for layer in layers], str(value))))
    wide = [place for place, layer in enumerate(layers) if layer.record.traits.outputs]
    if len(wide) < 2:
        raise InputError("the network has no hidden layer whose size could change", where=name, hint="give --layers")
    if not isinstance(value, int) or value < 1:
        raise InputError(f"{value} is not a number of {name.partition('.')[2]}", where=name, hint="give 1 or more")
    if name == "layers.width":
        return tuple(
            layer.with_values(**{layer.record.traits.outputs: value}) if place in wide[:-1] else layer
            for place, layer in enumerate(layers)
        )
    return _deepened(layers, wide, value)


def _deepened(layers: Sequence[Layer], wide: Sequence[int], depth: int) -> tuple[Layer, ...]:
    """The network with so many copies of its last hidden layer, and what follows it, in place of all alike."""
    kind, last = layers[wide[-2]].record, wide[-1]
    alike = itertools.takewhile(lambda place: layers[place].record is kind, reversed(wide[:-1]))
    first = min(alike)
    block = tuple(layers[wide[-2] : last])
    return (*layers[:first], *block * depth, *layers[last:])
