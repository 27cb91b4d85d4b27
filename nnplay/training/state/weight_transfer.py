"""Carrying weights over: after an edit of the network, layers that still fit keep what they have learned."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.tape.machines.machine import Machine
from nnplay.tape.memory_layout import STATE
from nnplay.tape.objective import full_name


def transfer_weights(
    old: Mapping[str, NetworkPlan], source: Machine, new: Mapping[str, NetworkPlan], target: Machine
) -> list[str]:
    """Copies parameters, optimizer state and running statistics of layers that are in both runs with equal shapes.

    Args:
        old, new: the networks of each run by name; only networks of the same name have layers in common.

    Returns:
        Names of the new run's parameters that keep their initial weights.
    """
    before = {slot.name: slot for region in STATE for slot in source.tape.layout.slots[region]}
    after = {slot.name: slot for region in STATE for slot in target.tape.layout.slots[region]}
    stages = ("", *(f"{stage.objective.name}." for stage in target.tape.stages[1:]))
    kept: set[str] = set()
    for network in new.keys() & old.keys():
        for old_layer, new_layer in _matches(old[network], new[network]):
            old_path, new_path = full_name(network, old_layer.path), full_name(network, new_layer.path)
            for stage in stages:  # the state of an optimizer has the stage in front
                begin = f"{stage}{new_path}."
                for name, slot in after.items():
                    if name.startswith(begin):
                        twin = before.get(f"{stage}{old_path}.{name.removeprefix(begin)}")
                        if twin is not None and twin.shape == slot.shape:
                            target.view(slot)[...] = source.view(twin)
                            kept.add(name)
    return [name for name in target.tape.parameters if name not in kept]


def _matches(old: NetworkPlan, new: NetworkPlan) -> Iterator[tuple[PlannedLayer, PlannedLayer]]:
    """Pairs of layers that are the same: by name where they have one, else by the longest common order.

    Layers without weights take part: of two equal layers, the one with the same neighbours is the one that was there.
    Between those, a layer that was only renamed is still the same.
    """
    olds, news = old.layers, new.layers
    a = c = 0
    for i, k, size in _common(
        [(_key(planned), planned.layer.name) for planned in olds], [(_key(s), s.layer.name) for s in news]
    ):
        for first, second, count in _common([_key(s) for s in olds[a:i]], [_key(s) for s in news[c:k]]):
            yield from zip(olds[a + first : a + first + count], news[c + second : c + second + count], strict=True)
        yield from zip(olds[i : i + size], news[k : k + size], strict=True)
        a, c = i + size, k + size


def _common(one: list[Any], other: list[Any]) -> list[difflib.Match]:
    """The parts that two lists have in common, in order; the last one is empty, at their ends."""
    return difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()


def _key(planned: PlannedLayer) -> tuple[object, ...]:
    shapes = tuple((name, parameter.shape) for name, parameter in planned.plan.parameters.items())
    return (planned.layer.record.name, shapes)
