"""Optimizers that see all rows in every step: what they cannot do is refused, and the rows are cut into blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from nnplay.data.dataset import Dataset
from nnplay.errors import InputError
from nnplay.memory_budget import size_text
from nnplay.network.network import NetworkPlan
from nnplay.records.loss import Loss
from nnplay.records.optimizer import Optimizer
from nnplay.tape.jacobian_rows import MOST_OUTPUTS, without_jacobian
from nnplay.text import counted
from nnplay.training.settings import TrainingSettings

#: Numbers of a block of rows of the Jacobian, or of the widest layer: they stay in the second-level cache.
BLOCK_NUMBERS: Final = 24_576
#: Rows of a block, at the least and at the most.
FEWEST, MOST = 32, 4_096
#: Bytes of JᵀJ that are kept from step to step at the most.
MOST_KEPT: Final = 64 * 2**20
_NUMBER: Final = 8


def looks_at_all(optimizer: Optimizer) -> bool:
    """Whether every step of the optimizer sees all training rows."""
    return optimizer.record.whole is not None


def block_rows(plan: NetworkPlan, optimizer: Optimizer, rows: int) -> int:
    """Rows of a block, where a step sees so many: as many as stay in the processor's caches."""
    widest = max((math.prod(shape) for shape in plan.values), default=1)
    columns = plan.parameter_count if optimizer.record.least_squares else widest
    return min(rows, max(FEWEST, min(MOST, BLOCK_NUMBERS // max(1, columns, widest) // 32 * 32)))


def check(plan: NetworkPlan, data: Dataset, loss: Loss, optimizer: Optimizer, settings: TrainingSettings) -> None:
    """Refuses what an optimizer that sees all rows at once cannot train.

    Raises:
        InputError: the first thing that does not fit, with the nearest that works.
    """
    if not looks_at_all(optimizer):
        return
    name = optimizer.record.name
    squares = [_of_least_squares(plan, data, loss)] if optimizer.record.least_squares else []
    for problems in (
        _of_size(plan, optimizer),
        _of_network(plan),
        *squares,
        _of_settings(settings, len(data)),
    ):  # what settings can mend is last
        for what, hint in problems:
            raise InputError(f"{name} {what}", where="optimizer", hint=hint)


def _of_settings(settings: TrainingSettings, rows: int) -> Iterator[tuple[str, str]]:
    if settings.batch_rows(rows) < rows or settings.accumulate > 1:
        yield "needs all rows in every step, not batches", 'set batch_size="all", or take adam for batches'
    if settings.l1 > 0 or settings.l2 > 0:
        yield "compares losses, and a penalty is not part of the loss", "set l1 and l2 to 0, or take adamw"
    if settings.clip_norm > 0 or settings.clip_value > 0:
        yield "chooses its own step lengths, so gradients cannot be clipped", "set clip_norm and clip_value to 0"
    if settings.groups or settings.frozen:
        hint = "freeze layers in the network (frozen=yes), or take adam"
        yield "moves all parameters together, so layers cannot have settings of their own", hint
    if settings.average != "none":
        yield "has no noise that an average of weights could take out", 'set average="none"'


def _of_size(plan: NetworkPlan, optimizer: Optimizer) -> Iterator[tuple[str, str]]:
    most, weights = optimizer.record.most_weights, plan.parameter_count
    if most and weights > most:
        what = f"measures the Hessian by two evaluations a weight, and there are {counted(weights, 'weight')}"
        yield what, f"use up to {most}, or take lbfgs"


def _of_network(plan: NetworkPlan) -> Iterator[tuple[str, str]]:
    for planned in plan.layers:
        rows = [use.operation for use in planned.plan.forward]
        if any(operation.uses_clock for operation in rows):
            where = f"{planned.layer.record.name} (layer {planned.path})"
            yield f"compares losses, and {where} draws new random numbers in every step", "leave it out, or take adam"
        if planned.plan.buffers and planned.layer.record.fit is None:
            where = f"{planned.layer.record.name} (layer {planned.path})"
            yield f"tries points, and {where} would count each trial in its averages", "take layer_norm, or adam"


def _of_least_squares(plan: NetworkPlan, data: Dataset, loss: Loss) -> Iterator[tuple[str, str]]:
    if (planned := without_jacobian(plan)) is not None:
        where = f"{planned.layer.record.name} (layer {planned.path})"
        yield f"has no Jacobian of {where}", "use linear layers, or take lbfgs"
    if loss.record.name != "mse" or loss.values.get("reduction") != "mean" or data.weights is not None:
        yield f"minimises squared errors, not {loss.record.title.lower()}", "use the loss mse, or take lbfgs"
    outputs, weights = math.prod(plan.output_shape), plan.parameter_count
    if outputs > MOST_OUTPUTS:
        yield f"goes back once for each output, and there are {outputs:,}", f"use up to {MOST_OUTPUTS}, or take lbfgs"
    kept = weights * min(weights, outputs * len(data)) * _NUMBER
    if kept > MOST_KEPT:
        most = max(math.isqrt(MOST_KEPT // _NUMBER), MOST_KEPT // _NUMBER // (outputs * len(data)))
        what = f"would keep a matrix of {size_text(kept)} for {counted(weights, 'parameter')}"
        yield what, f"use up to {most:,} parameters, or take lbfgs, which keeps a few vectors"
