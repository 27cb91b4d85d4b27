"""Huber loss: squared for small errors, absolute for large ones (Huber, 1964)."""

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

HUBER = LossRecord(
    name="huber",
    title="Huber",
    about="For predicting numbers with outliers: squared for small errors, absolute for large ones.",
    when="Numbers, when a few targets are outliers.",
    formula="1/M · Σ (½e² where |e| ≤ δ, else δ·(|e| − ½δ))",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(number("delta", 1.0, "error up to which the loss is squared", low=1e-6, high=1e6, live=True), REDUCTION),
    torch="huber_loss",
    twin=Twin("nn.functional.huber_loss", same_arguments),
    cases=(Case({}, (1,)), Case({"delta": 0.3}, (17,)), Case({"delta": 2.0, "reduction": "sum"}, (3, 4, 2))),
    refused=(Refused({"delta": 0}, (1,), "≥ 1e-06"), Refused({"delta": "wide"}, (1,), "not a number")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Prediction p and target (N, …) with equal counts → loss (1,), dp (N, …)."""
    return _operations().plan(shape, values, weighted=weighted)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "huber",
        loops=LOOPS,
        reference=lambda p, t, delta: np.where(
            np.abs(p - t) <= delta, 0.5 * (p - t) ** 2, delta * (np.abs(p - t) - 0.5 * delta)
        ),
        slope=lambda p, t, delta: np.clip(p - t, -delta, delta),
        term=_term,
        term_back=_term_back,
        settings=("delta",),
        formula="loss = 1/M · Σ (½e² where |e| ≤ δ, else δ·(|e| − ½δ)), with e = p − t",
        formula_back="dp = clip(p − t, −δ, δ) / M",
        words="Squares small errors but not large ones, so that outliers cannot dominate.",
        words_back="Each prediction is pushed in proportion to its error, but never harder than delta.",
        torch="torch.nn.functional.huber_loss",
    )


def _term(p: Term, t: Term, delta: Term) -> Term:
    if abs(p.value - t.value) <= delta.value:
        return 0.5 * (p - t) ** 2
    return delta * (apply("abs", abs, p - t) - 0.5 * delta)


def _term_back(p: Term, t: Term, delta: Term) -> Term:
    return apply("clip", lambda error, limit: min(max(error, -limit), limit), p - t, delta)


@inline
def value(p: Any, t: Any, delta: Any) -> Any:
    """½(p − t)² up to delta, then a straight line."""
    error = abs(p - t)
    return 0.5 * error * error if error <= delta else delta * (error - 0.5 * delta)


@inline
def derivative(p: Any, t: Any, delta: Any) -> Any:
    """p − t, cut to −delta … delta; NaN stays NaN."""
    error = p - t
    return delta if error > delta else (-delta if error < -delta else error)


LOOPS = pointwise_loops(value, derivative, settings=1)
