"""What to say when training met a number that is not finite: step, tensor, learning rate, likely cause."""

from __future__ import annotations

import numpy as np

from nnplay.errors import DivergedError
from nnplay.kernels import abi
from nnplay.records.optimizer import OptimizerRecord
from nnplay.tape.machine_cpu import Machine
from nnplay.training.learning_rate import lower_rate

#: Inputs beyond this are a likelier cause than the learning rate.
_LARGE_INPUT = 100.0
#: From weights beyond this no learning rate leads back.
_LARGE_WEIGHT = 1e4

_IN_WORDS = {"loss": "the loss", "partial": "the length of the gradient", "norm": "the length of the gradient"}


def take_fault(machine: Machine, taken: int, optimizer: OptimizerRecord) -> DivergedError:
    """The error for the fault in the machine's clock, which is cleared; the weights have already been put back.

    Args:
        taken: steps of the call in which it came up.
        optimizer: the kind that was at work; its usual learning rate may be the one to try instead.
    """
    losses = [float(value) for value in machine.trace[max(0, taken - 5) : taken + 1, 0]]
    usual = next(float(item.default) for item in optimizer.fields if item.name == "lr")
    rate = float(machine.rates[max(0, taken - 1)])
    error = _describe(machine, rate, losses, lower_rate(rate, usual))
    machine.clock[abi.CLOCK_FAULT] = 0
    return error


def _describe(machine: Machine, rate: float, losses: list[float], lower: float) -> DivergedError:
    clock = machine.clock
    step, kept = int(clock[abi.CLOCK_STEP]), int(clock[abi.CLOCK_STEP])
    if clock[abi.CLOCK_FAULT] == abi.FAULT_PARAMETER:
        kept = int(clock[abi.CLOCK_LAST_GOOD])
        what = "an update made a weight infinite or not a number"
    else:
        what = f"{_first_tensor(machine)} became infinite or not a number"
    recent = ", ".join(f"{loss:.4g}" for loss in losses[-5:])
    return DivergedError(
        f"training diverged at step {step:,}: {what} (learning rate {rate:g}; last losses {recent}); "
        f"the weights of step {kept:,} were kept",
        hint=_likely_cause(machine, lower),
    )


def _first_tensor(machine: Machine) -> str:
    for row in machine.tape.fused[: machine.tape.fused_update_at]:
        for slot in row.writes:
            if not np.isfinite(machine.view(slot)).all():
                where = f" (layer {row.path})" if row.path else ""
                return _IN_WORDS.get(slot.name) or f"'{slot.name}'{where}"
    return "the loss"


def _likely_cause(machine: Machine, lower: float) -> str:
    largest = float(np.abs(machine.view(machine.tape.named["input"])).max(initial=0.0))
    if largest > _LARGE_INPUT:
        return f"inputs reach {largest:.3g}: scale them (standard or minmax)"
    cure = f"a learning rate of {lower:g}, or clip the gradient's norm at 1"
    if float(np.abs(machine.view(machine.tape.named["parameters"])).max(initial=0.0)) > _LARGE_WEIGHT:
        return f"the kept weights are very large already: start again with {cure}"
    return f"try {cure}"
