"""Quantile loss, the pinball: learns a value that a given share of the targets is below (Koenker and Bassett, 1978)."""

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
from nnplay.records.worked import Term

QUANTILE = LossRecord(
    name="quantile",
    title="Quantile (pinball)",
    about="For predicting a bound rather than the middle: with q = 0.9 nine targets out of ten end up below it.",
    when="Numbers, when you want a low or high estimate; two runs make an interval.",
    formula="1/M · Σ max(q·(t − p), (q − 1)·(t − p))",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(
        number(
            "quantile", 0.5, "share of the targets below the prediction; 0.5: the median", low=0.0, high=1.0, live=True
        ),
        REDUCTION,
    ),
    torch="none: torch has no quantile loss; write torch.maximum(q * (t - p), (q - 1) * (t - p)).mean()",
    cases=(Case({}, (1,)), Case({"quantile": 0.9}, (17,)), Case({"quantile": 0.2, "reduction": "sum"}, (3, 4, 2))),
    refused=(Refused({"quantile": 1.5}, (1,), "≤ 1"),),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Prediction p and target (N, …) with equal counts → loss (1,), dp (N, …)."""
    return _operations().plan(shape, values, weighted=weighted)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "quantile loss",
        loops=LOOPS,
        reference=lambda p, t, q: np.maximum(q * (t - p), (q - 1) * (t - p)),
        slope=lambda p, t, q: np.where(p < t, -q, np.where(p > t, 1 - q, 0)),
        term=lambda p, t, q: q * (t - p) if t.value >= p.value else (1 - q) * (p - t),
        term_back=_term_back,
        settings=("quantile",),
        formula="loss = 1/M · Σ (q·(t − p) where p < t, else (1 − q)·(p − t))",
        formula_back="dp = (−q where p < t, 1 − q where p > t) / M",
        words="Too low costs q for each unit, too high 1 − q: they balance where a share q of the targets is below.",
        words_back="Predictions below their target are pushed up by q, those above it down by 1 − q.",
        torch="none: torch has no quantile loss",
    )


def _term_back(p: Term, t: Term, q: Term) -> Term:
    if p.value < t.value:
        return -q
    return 1 - q if p.value > t.value else 0 * q


@inline
def value(p: Any, t: Any, q: Any) -> Any:
    """q·(t − p), or (1 − q)·(p − t) where that is positive."""
    return q * (t - p) if t >= p else (1.0 - q) * (p - t)


@inline
def derivative(p: Any, t: Any, q: Any) -> Any:
    """−q below the target, 1 − q above it; 0 where they are equal."""
    return -q if p < t else (1.0 - q if p > t else 0.0)


LOOPS = pointwise_loops(value, derivative, settings=1)
