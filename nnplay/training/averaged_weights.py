"""Averaged weights (EMA, SWA): how they are kept beside the trained ones, and carried to another network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.operations.step.average import EMA, SWA
from nnplay.records.operation import Operation
from nnplay.tape.machines.averaged import COUNT, average_count
from nnplay.tape.machines.machine import Machine
from nnplay.tape.objective import full_name
from nnplay.text import counted

#: How weights may be averaged, with the rows that do it.
AVERAGES: Final[Mapping[str, Operation]] = {"ema": EMA, "swa": SWA}


def averages(machine: Machine) -> dict[str, NDArray[Any]]:
    """Live views of the averages by the names of the trained parameters."""
    return {name: machine.view(slot) for name, slot in machine.tape.averages.items()}


def carry_average(machine: Machine, before: Machine) -> None:
    """Goes on with the count of another machine; layers that are new begin with the weights that they have."""
    if COUNT not in machine.tape.named or COUNT not in before.tape.named:
        return
    for stage in machine.tape.stages:
        name = full_name(stage.objective.name, COUNT)
        if name in before.tape.named:
            machine.view(machine.tape.named[name])[...] = before.view(before.tape.named[name])
    for name, values in averages(machine).items():
        if not values.any():
            values[...] = machine.view(machine.tape.parameters[name])


def average_words(kind: str, machine: Machine) -> tuple[str, ...]:
    """What answers are given with, for readers, where it is not the trained weights."""
    count = average_count(machine)
    over = {"ema": "step", "swa": "epoch"}[kind]
    return (f"weights averaged over {counted(count, over)}" if count else "no average yet",)
