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
    """How often the average has taken in the weights; 0 where none is kept."""
    slot = machine.tape.named.get(COUNT)
    return 0 if slot is None else int(machine.view(slot)[0])


def averaged_pair(machine: Machine) -> tuple[Slot, Slot] | None:
    """Where the trained weights are and where their averages, number by number; None where none are kept."""
    named = machine.tape.named
    return (named["parameters"], named["average"]) if COUNT in named else None


@contextmanager
def averaged_weights(machine: Machine) -> Iterator[None]:
    """Within the block, the averaged weights are in place of the trained ones, once there are any."""
    pair = averaged_pair(machine)
    if pair is None or not average_count(machine):
        yield
        return
    trained, average = map(machine.view, pair)
    kept = trained.copy()
    trained[...] = average
    try:
        yield
    finally:
        trained[...] = kept
