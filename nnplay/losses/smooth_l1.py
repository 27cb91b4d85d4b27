"""Smooth L1 loss: squared near 0, absolute from beta on (Girshick, Fast R-CNN, 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Term, apply

SMOOTH_L1 = LossRecord(
    name="smooth_l1",
    title="Smooth L1",
    about="For predicting numbers with outliers: absolute error, but smooth near 0. It is Huber loss divided by beta.",
    when="Numbers with outliers, as for the corners of boxes.",
    formula="1/M · Σ (½e²/β where |e| < β, else |e| − ½β)",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(number("beta", 1.0, "error from which the loss is absolute", low=1e-6, high=1e6, live=True), REDUCTION),
    torch="smooth_l1_loss",
    twin=Twin("nn.functional.smooth_l1_loss", same_arguments),
    cases=(Case({}, (1,)), Case({"beta": 0.3}, (17,)), Case({"beta": 2.0, "reduction": "sum"}, (3, 4, 2))),
    refused=(Refused({"beta": 0}, (1,), "≥ 1e-06"),),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Prediction p and target (N, …) with equal counts → loss (1,), dp (N, …)."""
    return _operations().plan(shape, values, weighted=weighted)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "smooth L1",
        loops=LOOPS,
        reference=lambda p, t, beta: np.where(
            np.abs(p - t) < beta, 0.5 * (p - t) ** 2 / beta, np.abs(p - t) - 0.5 * beta
        ),
        slope=lambda p, t, beta: np.clip((p - t) / beta, -1, 1),
        term=_term,
        term_back=lambda p, t, beta: apply("clip", lambda slope: min(max(slope, -1.0), 1.0), (p - t) / beta),
        settings=("beta",),
        formula="loss = 1/M · Σ (½e²/β where |e| < β, else |e| − ½β), with e = p − t",
        formula_back="dp = clip((p − t)/β, −1, 1) / M",
        words="The absolute error, rounded off near 0 so that the steps get smaller there.",
        words_back="Each prediction is pushed equally hard until it is within beta, and then more and more gently.",
        torch="torch.nn.functional.smooth_l1_loss",
    )


def _term(p: Term, t: Term, beta: Term) -> Term:
    if abs(p.value - t.value) < beta.value:
        return 0.5 * (p - t) ** 2 / beta
    return apply("abs", abs, p - t) - 0.5 * beta


@inline
def value(p: Any, t: Any, beta: Any) -> Any:
    """½(p − t)²/β up to beta, then a straight line of slope 1."""
    error = abs(p - t)
    return 0.5 * error * error / beta if error < beta else error - 0.5 * beta


@inline
def derivative(p: Any, t: Any, beta: Any) -> Any:
    """(p − t)/β, cut to −1 … 1; NaN stays NaN."""
    slope = (p - t) / beta
    return 1.0 if slope > 1.0 else (-1.0 if slope < -1.0 else slope)


LOOPS = pointwise_loops(value, derivative, settings=1)
