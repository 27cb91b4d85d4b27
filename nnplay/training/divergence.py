"""What to say when training met a number that is not finite: step, tensor, learning rate, likely cause."""

from __future__ import annotations

import numpy as np

from nnplay.errors import DivergedError
from nnplay.records.optimizer import OptimizerRecord
from nnplay.tape.machines.machine import Fault, Machine
from nnplay.text import counted
from nnplay.training.learning_rate import lower_rate

#: Inputs beyond this are a likelier cause than the learning rate.
_LARGE_INPUT = 100.0
#: From weights beyond this no learning rate leads back.
_LARGE_WEIGHT = 1e4

_IN_WORDS = {"loss": "the loss", "partial": "the gradient norm", "norm": "the gradient norm"}


def diverged(machine: Machine, fault: Fault, taken: int, optimizer: OptimizerRecord) -> DivergedError:
    """The error for a fault of a run with one objective; the weights have already been put back.

    Args:
        taken: steps of the call in which it came up.
        optimizer: the kind that was at work; its usual learning rate may be the one to try instead.
    """
    losses = [float(value) for value in machine.trace[max(0, taken - 5) : taken + 1, 0, 0]]
    usual = next(float(item.default) for item in optimizer.fields if item.name == "lr")
    rate = float(machine.rates[max(0, taken - 1), 0])
    what = f"{_first_tensor(machine)} became infinite or NaN"
    if fault.in_update:
        what = "an update made a weight infinite or NaN"
    recent = ", ".join(f"{loss:.4g}" for loss in losses[-5:])
    return DivergedError(
        f"training diverged in step {fault.step + 1:,}: {what} (learning rate {rate:g}; last losses {recent}); "
        f"the weights after {counted(fault.kept, 'step')} were kept",
        hint=_likely_cause(machine, lower_rate(rate, usual)),
    )


def _first_tensor(machine: Machine) -> str:
    tape = machine.tape
    for row in tape.fused[: tape.stages[0].fused_rows.update_at]:
        for slot in row.writes:
            if not np.isfinite(machine.view(slot)).all():
                where = f" (layer {row.path})" if row.path else ""
                return _IN_WORDS.get(slot.name) or f"'{slot.name}'{where}"
    return "the loss"


def _likely_cause(machine: Machine, lower: float) -> str:
    cause = _not_tokens(machine) or _no_probabilities(machine)
    if cause:
        return cause
    largest = float(np.abs(machine.view(machine.tape.named["input"])).max(initial=0.0))
    if largest > _LARGE_INPUT:
        return f"inputs reach {largest:.3g}: scale them (standard or minmax)"
    cure = f"a learning rate of {lower:g}, or clip the gradient's norm at 1"
    if float(np.abs(machine.view(machine.tape.named["parameters"])).max(initial=0.0)) > _LARGE_WEIGHT:
        return f"the weights kept are already very large: start again with {cure}"
    return f"try {cure}"


def _not_tokens(machine: Machine) -> str:
    """What is wrong with inputs that a layer takes as numbers of tokens, where something is."""
    inputs = machine.view(machine.tape.named["input"])
    for planned in machine.tape.layers.values():
        if 0 in planned.inputs and "vocabulary" in planned.layer.values:
            size = int(planned.layer.values["vocabulary"])
            odd = inputs[(inputs != np.floor(inputs)) | (inputs < 0) | (inputs >= size)]
            if odd.size:
                token = float(odd.flat[0])
                cure = "do not scale the inputs" if token < 0 or token % 1 else "enlarge its vocabulary"
                return f"{planned.layer.record.name} looks up tokens from 0 to {size - 1:,}, not {token:.6g}: {cure}"
    return ""


def _no_probabilities(machine: Machine) -> str:
    """That the loss takes probabilities and the network gives any numbers, where that is so."""
    loss, layers = machine.tape.stages[0].objective.loss.record, list(machine.tape.layers.values())
    if not loss.ends or layers[-1].layer.record.name == loss.ends:
        return ""
    return f"{loss.name} expects probabilities: end the network with {loss.ends}"
