"""Changes of all hidden layers at once: their activation, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np

from nnplay.errors import InputError
from nnplay.network.members import Layers, in_each_member, members_of
from nnplay.network.notation import parse_layer, show_layer
from nnplay.records.definitions import apply_layer
from nnplay.records.layer import Layer, LayerRecord
from nnplay.records.registry import layer_records

#: Stand for hidden layers without an activation, and for activations that differ.
NONE: Final = "none"
MIXED: Final = "mixed"
#: Of a network that has no hidden layer yet.
_UNITS: Final = 8
_USUAL: Final = "tanh"


def is_activation(record: LayerRecord) -> bool:
    """Whether it may stand behind every hidden layer: each number becomes one number, whatever the others are."""
    return record.family == "activation" and bool(record.initial) and _works_number_by_number(record.name)


@cache
def _works_number_by_number(name: str) -> bool:
    y = apply_layer(layer_records()[name], np.array([[0.0, 0.5], [1.0, 0.5]]))
    return y.shape == (2, 2) and bool(y[0, 1] == y[1, 1])


def activation_names() -> tuple[str, ...]:
    """All that may stand behind every hidden layer."""
    return tuple(name for name, record in layer_records().items() if is_activation(record))


def common_activation(texts: Sequence[str]) -> str:
    """The activation of all hidden layers; `none`, or `mixed` where they differ."""
    return _common_activation(_parsed(texts))


def _common_activation(layers: Layers) -> str:
    found = {layer.record.name for member in members_of(layers) for layer in _activations(member[:-1])}
    return found.pop() if len(found) == 1 else MIXED if found else NONE


def _activations(layers: Sequence[Layer]) -> list[Layer]:
    """Those of a chain and of the branches in it."""
    inner = [found for layer in layers for branch in layer.branches for found in _activations(branch)]
    return [*(layer for layer in layers if is_activation(layer.record)), *inner]


def with_activation(texts: Sequence[str], name: str) -> tuple[str, ...]:
    """The network with that activation in all hidden layers; the last layer stays as it is.

    Args:
        name: of an activation, or `none`. Where there is none, one is put behind each hidden layer with weights whose
            beginning follows the activation.

    Raises:
        InputError: there is no hidden layer.
    """
    record = layer_records().get(name)
    return _texts(in_each_member(_parsed(texts), lambda layers: _with_activation(layers, record)))


def _with_activation(layers: Layers, record: LayerRecord | None) -> Layers:
    *hidden, last = layers or (None,)
    if last is None or not hidden:
        raise InputError("the network has no hidden layer to give an activation", hint="a adds a layer")
    if _common_activation(layers) == NONE:
        changed = [new for layer in hidden for new in _followed(layer, record)]
    else:
        changed = [new for layer in hidden for new in _exchanged(layer, record)]
    return (*changed, last)


def _followed(layer: Layer, record: LayerRecord | None) -> tuple[Layer, ...]:
    wanted = record is not None and layer.record.traits.follows_activation
    return (layer, record()) if wanted and record is not None else (layer,)


def _exchanged(layer: Layer, record: LayerRecord | None) -> tuple[Layer, ...]:
    """The layer with each activation in it, or itself, exchanged."""
    if is_activation(layer.record):
        return () if record is None else (layer,) if layer.record is record else (record(name=layer.name),)
    branches = tuple(tuple(new for inner in branch for new in _exchanged(inner, record)) for branch in layer.branches)
    return (replace(layer, branches=branches),)


def add_hidden_layer(texts: Sequence[str]) -> tuple[str, ...]:
    """One hidden layer more, in front of the last layer: as wide as the one before, with the same activation.

    Raises:
        InputError: no layer says how many numbers it gives.
    """
    return _texts(in_each_member(_parsed(texts), _with_hidden_layer))


def _with_hidden_layer(layers: Layers) -> Layers:
    wide = _wide(layers)
    if not wide:
        raise InputError("no layer here has a number of units", hint="a adds one, such as linear 8")
    last = wide[-1]
    units = layers[last].record.traits.outputs
    alike = len(wide) > 1 and layers[wide[-2]].record is layers[last].record
    width = layers[wide[-2]].values[units] if alike else _UNITS
    common = _common_activation(layers)
    behind = layer_records()[_USUAL if common in (NONE, MIXED) else common]
    new = replace(layers[last], name="", frozen=False, share="").with_values(**{units: width})
    return (*layers[:last], new, behind(), *layers[last:])


def remove_hidden_layer(texts: Sequence[str]) -> tuple[str, ...]:
    """One hidden layer less: the last in front of the output, with the activation behind it.

    Raises:
        InputError: there is none.
    """
    return _texts(in_each_member(_parsed(texts), _without_hidden_layer))


def _without_hidden_layer(layers: Layers) -> Layers:
    wide = _wide(layers)
    if len(wide) < 2:
        raise InputError("there is no hidden layer to remove")
    first = wide[-2]
    behind = first + 1 < wide[-1] and is_activation(layers[first + 1].record)
    return (*layers[:first], *layers[first + 1 + behind :])


def _wide(layers: Sequence[Layer]) -> list[int]:
    """Places of the layers that say how many numbers they give."""
    return [place for place, layer in enumerate(layers) if layer.record.traits.outputs]


def _parsed(texts: Sequence[str]) -> Layers:
    return tuple(parse_layer(text) for text in texts)


def _texts(layers: Layers) -> tuple[str, ...]:
    return tuple(show_layer(layer) for layer in layers)
