"""Averaged weights (EMA, SWA): how they are kept beside the trained ones, and how answers are given with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.operations.step.average import EMA, SWA
from nnplay.records.operation import Operation
from nnplay.tape.machines.machine import Machine
from nnplay.text import counted

#: How weights may be averaged, with the rows that do it.
AVERAGES: Final[Mapping[str, Operation]] = {"ema": EMA, "swa": SWA}
#: The state of an average besides its values: how often it has taken in the weights.
COUNT: Final = "averaged"


def average_count(machine: Machine) -> int:
    """How often the average has taken in the weights; 0 where none is kept."""
    slot = machine.tape.named.get(COUNT)
    return 0 if slot is None else int(machine.view(slot)[0])


def averages(machine: Machine) -> dict[str, NDArray[Any]]:
    """Live views of the averages by the names of the trained parameters."""
    return {name: machine.view(slot) for name, slot in machine.tape.averages.items()}


@contextmanager
def averaged_weights(machine: Machine) -> Iterator[None]:
    """Within the block, the averaged weights are in place of the trained ones, once there are any."""
    if not average_count(machine):
        yield
        return
    trained = machine.view(machine.tape.named["parameters"])
    kept = trained.copy()
    trained[...] = machine.view(machine.tape.named["average"])
    try:
        yield
    finally:
        trained[...] = kept


def carry_average(machine: Machine, before: Machine) -> None:
    """Goes on with the count of another machine; layers that are new begin with the weights that they have."""
    old, new = before.tape.named.get(COUNT), machine.tape.named.get(COUNT)
    if new is None or old is None:
        return
    machine.view(new)[...] = before.view(old)
    for name, values in averages(machine).items():
        if not values.any():
            values[...] = machine.view(machine.tape.parameters[name])


def average_words(kind: str, machine: Machine) -> tuple[str, ...]:
    """What answers are given with, for readers, where it is not the trained weights."""
    count = average_count(machine)
    over = {"ema": "step", "swa": "epoch"}[kind]
    return (f"weights averaged over {counted(count, over)}" if count else "no average yet",)
