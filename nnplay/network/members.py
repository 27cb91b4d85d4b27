"""The members of an ensemble: a change of the network is made in each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnplay.records.layer import Layer

Layers = tuple[Layer, ...]


def members_of(layers: Layers) -> tuple[Layers, ...]:
    """The branches of a network that is an ensemble, nested ones too; else the network itself."""
    if len(layers) != 1 or not layers[0].record.traits.members:
        return (layers,)
    return tuple(member for branch in layers[0].branches for member in members_of(branch))


def in_each_member(layers: Layers, change: Callable[[Layers], Layers]) -> Layers:
    """The layers after a change: in each branch of a network that is an ensemble, else in the network itself."""
    if len(layers) != 1 or not layers[0].record.traits.members:
        return change(layers)
    return (replace(layers[0], branches=tuple(in_each_member(branch, change) for branch in layers[0].branches)),)
