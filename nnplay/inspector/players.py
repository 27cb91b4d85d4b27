"""The objective that a row of a step belongs to, of a run with several: its name, gradients, optimizer and rate."""

from __future__ import annotations

from nnplay.inspector.partial_step import PartialStep
from nnplay.inspector.row_view import MEAN
from nnplay.network.network import PlannedLayer
from nnplay.records.optimizer import Optimizer
from nnplay.tape.memory_layout import Slot
from nnplay.tape.objective import full_name


def player_of(step: PartialStep, number: int) -> str:
    """The objective that a row belongs to, and which of its passes; empty in a run with a single one."""
    players, stage = step.trainer.players, _stage_of(step, number)
    if not players:
        return ""
    name, objective = players.names[stage], step.machine.tape.stages[stage].objective
    names = [term.name for term in objective.terms if not term.member]
    own = _pass_of(step, number, [*names, *(penalty.name for penalty in objective.penalties)])
    return f"{name}, {own}" if own else name


def branch_of(step: PartialStep, number: int) -> str:
    """The branch of an ensemble whose own target or loss a row works out, as its parameters are called: "0.1".

    `MEAN` where it is the loss of what all branches answer together.
    """
    objective = step.machine.tape.stages[_stage_of(step, number)].objective
    ends = {term.name: term.at for term in objective.terms if term.member}
    if own := _pass_of(step, number, list(ends)):
        return ends[own].rpartition(".")[0]
    of_mean = {full_name(objective.name, name) for name in ("own loss", "output of the loss")}
    row = step.rows[number]
    return MEAN if ends and any(slot.name.removeprefix("d") in of_mean for slot in (*row.writes, *row.reads)) else ""


def _pass_of(step: PartialStep, number: int, names: list[str]) -> str:
    """Which of these passes of its objective a row belongs to, by the tensors that it writes and reads."""
    objective = step.machine.tape.stages[_stage_of(step, number)].objective
    marks = [(own, full_name(objective.name, own)) for own in names]
    row, layers = step.rows[number], step.machine.tape.layers
    for slot in (*row.writes, *row.reads):
        for own, mark in marks:
            if slot.name.startswith((f"{mark}.", f"d{mark}.")) and not _is_of_layer(slot.name, mark, layers.get(mark)):
                return own
    return ""


def _is_of_layer(slot: str, mark: str, layer: PlannedLayer | None) -> bool:
    """Whether a tensor belongs to a layer that is named as the pass is: "digits.output", not "digits.loss"."""
    if layer is None:
        return False
    rest = slot.partition(f"{mark}.")[2]
    plan = layer.plan
    return rest in ("output", *plan.parameters, *plan.saved, *plan.buffers, *plan.scratch)


def gradients_of(step: PartialStep, parameter: str) -> tuple[Slot, ...]:
    """The slots of a parameter's gradient: one for each objective that trains it."""
    stages = step.machine.tape.stages
    return tuple(stage.gradients[parameter] for stage in stages if parameter in stage.gradients)


def optimizer_of(step: PartialStep, number: int) -> Optimizer:
    """The optimizer of the objective that a row belongs to."""
    stage = _stage_of(step, number)
    return step.machine.tape.stages[stage].objective.optimizer if stage else step.trainer.optimizer


def rate_of(step: PartialStep, number: int) -> float:
    """The learning rate of the objective that a row belongs to, in this step."""
    return float(step.trainer.stage_rates()[0, _stage_of(step, number)])


def _stage_of(step: PartialStep, number: int) -> int:
    """Number of the stage of a row."""
    return next(k for k, stage in enumerate(step.machine.tape.stages) if number < stage.rows.end)
