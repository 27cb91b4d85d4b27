"""Mean squared error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from nnplay.kernels.compile.jit import inline
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.records.layer import Case
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments

MSE = LossRecord(
    name="mse",
    title="Mean squared error",
    about="The usual loss for predicting numbers.",
    when="Numbers: start here.",
    formula="1/M · Σ (p − t)²",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(REDUCTION,),
    torch="mse_loss",
    twin=Twin("nn.functional.mse_loss", same_arguments),
    cases=(Case({}, (1,)), Case({}, (17,)), Case({"reduction": "sum"}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Prediction p and target (N, …) with equal counts → loss (1,), dp (N, …)."""
    return _operations().plan(shape, values, weighted=weighted)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "mean squared error",
        loops=LOOPS,
        reference=lambda p, t: (p - t) ** 2,
        slope=lambda p, t: 2 * (p - t),
        term=lambda p, t: (p - t) ** 2,
        term_back=lambda p, t: 2 * (p - t),
        formula="loss = 1/M · Σ (p − t)², over all M numbers of the batch",
        formula_back="dp = 2/M · (p − t)",
        words="How far predictions are from the targets, squared, on average: large errors count most.",
        words_back="Each prediction is pushed towards its target, in proportion to the error.",
        torch="torch.nn.functional.mse_loss",
    )


@inline
def value(p: Any, t: Any) -> Any:
    """(p − t)²."""
    return (p - t) * (p - t)


@inline
def derivative(p: Any, t: Any) -> Any:
    """2(p − t)."""
    return 2.0 * (p - t)


LOOPS = pointwise_loops(value, derivative)
