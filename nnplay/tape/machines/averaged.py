"""Averaged weights in place of the trained ones, for as long as something is answered with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from nnplay.tape.machines.machine import Machine
from nnplay.tape.memory_layout import Slot

#: The state of an average besides its values: how often it has taken in the weights.
COUNT: Final = "averaged"


def average_count(machine: Machine) -> int:
    """How often the average of the run's own network has taken in the weights; 0 where none is kept."""
    slot = machine.tape.named.get(COUNT)
    return 0 if slot is None else int(machine.view(slot)[0])


def averaged_pair(machine: Machine) -> tuple[Slot, Slot] | None:
    """Where the weights of the run's own network are and where their averages, number by number; None without any."""
    named = machine.tape.named
    return (named["parameters"], named["average"]) if COUNT in named else None


@contextmanager
def averaged_weights(machine: Machine) -> Iterator[None]:
    """Within the block, the averaged weights are in place of the trained ones, once there are any."""
    pairs = [(machine.view(trained), machine.view(average)) for trained, average in _averaged_slots(machine)]
    kept = [trained.copy() for trained, _ in pairs]
    for trained, average in pairs:
        trained[...] = average
    try:
        yield
    finally:
        for (trained, _), before in zip(pairs, kept, strict=True):
            trained[...] = before


def _averaged_slots(machine: Machine) -> Iterator[tuple[Slot, Slot]]:
    """Each parameter of each objective that has averaged once, with its average."""
    tape = machine.tape
    for stage in tape.stages:
        if COUNT in stage.named and machine.view(stage.named[COUNT])[0]:
            yield from ((tape.parameters[name], tape.averages[name]) for name in stage.gradients)
