"""Live settings: what may change while a network trains, and how it gets into the engine's memory.

They are numbers in memory that the compiled rows read, so a change applies from the next step on. A few settings also
decide which rows there are (`row_choices`); only a change of those needs a new tape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nnplay.records.loss import Loss
from nnplay.records.optimizer import Optimizer
from nnplay.tape.machines.machine import Machine
from nnplay.tape.objective import full_name
from nnplay.training import parameter_groups
from nnplay.training.settings import DECLARED, TrainingSettings

#: Fields of `TrainingSettings` that may change while a network trains.
LIVE_SETTINGS: Final = tuple(name for name, declared in DECLARED.items() if declared.field.live)
#: Those that are numbers in the engine's memory.
IN_MEMORY: Final = tuple(name for name, declared in DECLARED.items() if declared.in_memory)


def row_choices(settings: TrainingSettings) -> tuple[Any, ...]:
    """What decides which rows the tape has; all else can change without a new one."""
    parts = (getattr(settings, name) for name, declared in DECLARED.items() if declared.parts)
    return (*switched_rows(settings).values(), *parts, parameter_groups.layers_of(settings.groups))


def switched_rows(settings: TrainingSettings) -> dict[str, Any]:
    """Rows of the update that settings switch on, as `penalties` and `clips` of a `TapeSpec`."""
    above = [declared for name, declared in DECLARED.items() if declared.in_memory and getattr(settings, name) > 0]
    penalties = dict.fromkeys(declared.penalty for declared in above if declared.penalty)
    clips = dict.fromkeys(declared.clip for declared in above if declared.clip)
    return {"penalties": tuple(penalties), "clips": tuple(clips)}


def write(machine: Machine, stages: Sequence[tuple[Loss, Optimizer]], settings: TrainingSettings) -> None:
    """Puts the settings of losses, optimizers, layers, penalties and clipping into a machine's memory.

    Args:
        stages: loss and optimizer of each stage of a step.
    """
    for name in IN_MEMORY:
        machine.view(machine.tape.named[name])[...] = getattr(settings, name)
    for stage, (loss, optimizer) in zip(machine.tape.stages, stages, strict=True):
        machine.view(stage.named["optimizer"])[...] = optimizer.numbers
        for slot, group in zip(stage.groups, parameter_groups.read(settings.groups), strict=True):
            machine.view(slot)[...] = group.numbers(optimizer)
        for term in stage.objective.passes:
            values = loss.values if term.own else term.loss.values
            _write_fields(machine, full_name(stage.objective.name, term.name, "loss"), values)
        for slot, numbers in stage.constants.values():
            machine.view(slot)[...] = numbers
    for path, planned in machine.tape.layers.items():
        _write_fields(machine, path, planned.layer.values)


def _write_fields(machine: Machine, owner: str, values: Mapping[str, Any]) -> None:
    """The values for which the layout has a place; the others are part of the compiled rows."""
    places = machine.tape.layout.settings
    for name, value in values.items():
        if (slot := places.get(f"{owner}.{name}")) is not None:
            machine.view(slot)[...] = float(value)
