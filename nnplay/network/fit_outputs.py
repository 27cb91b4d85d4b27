"""Layers for other data or another loss: as many outputs as are wanted, and inputs of another shape."""

from __future__ import annotations

from collections.abc import Iterator

from nnplay.network.members import in_each_member
from nnplay.records.layer import Layer
from nnplay.records.operation import Shape
from nnplay.records.registry import layer_records


def fit_outputs(layers: tuple[Layer, ...], outputs: int, shape: Shape) -> Iterator[tuple[Layer, ...]]:
    """The layers with so many outputs, in every form that may take inputs of that shape, the likeliest first.

    The last layer that says how many numbers it gives (`Traits.outputs`) gives so many. Inputs that are flat anyway
    need no flattening; those of several axes may need it in front of layers that were made for flat ones.
    """
    if not layers:
        return
    wide = in_each_member(layers, lambda member: _with_outputs(member, outputs))
    flatten = layer_records()["flatten"]
    flattened = wide[0].record is flatten
    if flattened and len(shape) == 1:
        yield wide[1:]
    yield wide
    if not flattened and len(shape) > 1:
        yield (flatten(), *wide)


def _with_outputs(layers: tuple[Layer, ...], outputs: int) -> tuple[Layer, ...]:
    places = [number for number, layer in enumerate(layers) if layer.record.traits.outputs]
    if not places:
        return layers
    last = places[-1]
    layer = layers[last].with_values(**{layers[last].record.traits.outputs: outputs})
    return (*layers[:last], layer, *layers[last + 1 :])
