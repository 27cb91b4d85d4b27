"""Wasserstein loss: a score that is to be high for real rows and low for made ones (Arjovsky and others, 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from nnplay.kernels.compile.jit import inline
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.records.layer import Case
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape

WASSERSTEIN = LossRecord(
    name="wasserstein",
    title="Wasserstein",
    about="A plain score: high where the target is 1, low where it is -1, without any bound.",
    when="Discriminators whose weights are limited, and the generators that play against them.",
    formula="−1/M · Σ t·p",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(REDUCTION,),
    torch="-(target * score).mean()",
    cases=(Case({}, (1,)), Case({}, (17,)), Case({"reduction": "sum"}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Score p and target (N, …) with equal counts → loss (1,), dp (N, …)."""
    return _operations().plan(shape, values, weighted=weighted)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "wasserstein",
        loops=LOOPS,
        reference=lambda p, t: -t * p,
        slope=lambda p, t: -t + 0 * p,
        term=lambda p, t: -t * p,
        term_back=lambda p, t: -t + 0 * p,
        formula="loss = −1/M · Σ t·p, over all M numbers of the batch",
        formula_back="dp = −t / M",
        words="How far scores of real rows (target 1) are above those of made ones (target −1), with the sign turned.",
        words_back="Every score is pushed in the direction of its target, all equally hard.",
        torch="-(target * score).mean()",
    )


@inline
def value(p: Any, t: Any) -> Any:
    """−t·p."""
    return -t * p


@inline
def derivative(p: Any, t: Any) -> Any:
    """−t."""
    return -t


LOOPS = pointwise_loops(value, derivative)
