"""Carrying weights over: after an edit of the network, layers that still fit keep what they have learned."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from nnplay.layout import STATE
from nnplay.machine import Machine
from nnplay.network import NetworkPlan, Step


def carry_over(old: NetworkPlan, source: Machine, new: NetworkPlan, target: Machine) -> list[str]:
    """Copies parameters, optimizer slots and running statistics of layers that are in both networks with equal shapes.

    Returns:
        Names of the new network's parameters that keep their initial weights.
    """
    before = {slot.name: slot for region in STATE for slot in source.tape.layout.slots[region]}
    after = {slot.name: slot for region in STATE for slot in target.tape.layout.slots[region]}
    kept: set[str] = set()
    for old_step, new_step in _matches(old, new):
        for name, slot in after.items():
            if not name.startswith(f"{new_step.path}."):
                continue
            twin = before.get(old_step.path + name[len(new_step.path) :])
            if twin is not None and twin.shape == slot.shape:
                target.view(slot)[...] = source.view(twin)
                kept.add(name)
    return [name for name in target.tape.parameters if name not in kept]


def _matches(old: NetworkPlan, new: NetworkPlan) -> Iterator[tuple[Step, Step]]:
    """Pairs of layers that are the same: by name where they have one, else by the longest common order."""
    olds, news = [step for step in old.steps if _holds(step)], [step for step in new.steps if _holds(step)]
    matcher = difflib.SequenceMatcher(None, [_key(step) for step in olds], [_key(step) for step in news], False)
    for block in matcher.get_matching_blocks():
        for k in range(block.size):
            yield olds[block.a + k], news[block.b + k]


def _holds(step: Step) -> bool:
    return bool(step.plan.parameters or step.plan.buffers)


def _key(step: Step) -> tuple[object, ...]:
    shapes = tuple((name, parameter.shape) for name, parameter in step.plan.parameters.items())
    return (step.layer.record.name, step.layer.name, shapes)
