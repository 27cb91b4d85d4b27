"""Mean absolute error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nnplay.kernels.compile.jit import inline
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.records.layer import Case
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import apply

MAE = LossRecord(
    name="mae",
    title="Mean absolute error",
    about="For predicting numbers when a few targets are far off: outliers don't dominate.",
    when="Numbers, when outliers must not pull the fit towards them.",
    formula="1/M · Σ |p − t|",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(REDUCTION,),
    torch="l1_loss",
    twin=Twin("nn.functional.l1_loss", same_arguments),
    cases=(Case({}, (1,)), Case({}, (17,)), Case({"reduction": "sum"}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Prediction p and target (N, …) with equal counts → loss (1,), dp (N, …)."""
    return _operations().plan(shape, values, weighted=weighted)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "mean absolute error",
        loops=LOOPS,
        reference=lambda p, t: np.abs(p - t),
        slope=lambda p, t: np.sign(p - t),
        term=lambda p, t: apply("abs", abs, p - t),
        term_back=lambda p, t: apply("sign", np.sign, p - t),
        formula="loss = 1/M · Σ |p − t|, over all M numbers of the batch",
        formula_back="dp = sign(p − t) / M",
        words="How far predictions are from the targets, on average. Outliers count only by their distance.",
        words_back="Each prediction is pushed towards its target equally hard, however far off it is.",
        torch="torch.nn.functional.l1_loss",
    )


@inline
def value(p: Any, t: Any) -> Any:
    """|p − t|."""
    return abs(p - t)


@inline
def derivative(p: Any, t: Any) -> Any:
    """The sign of p − t; 0 where they are equal."""
    return 1.0 if p > t else (-1.0 if p < t else 0.0)


LOOPS = pointwise_loops(value, derivative)
