"""Negative log-likelihood of counts that are Poisson distributed; the network gives the logarithm of the rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import exp
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.records.layer import Case
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import apply

POISSON_NLL = LossRecord(
    name="poisson_nll",
    title="Poisson likelihood",
    about="For predicting counts: the network gives the logarithm of the expected count. Targets are not scaled; the "
    "part log t! is left out, as in PyTorch by default.",
    when="Counts from 0: events, purchases, visits.",
    formula="1/M · Σ (eᶻ − t·z)",
    target="counts",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    answer=np.exp,
    fields=(REDUCTION,),
    torch="poisson_nll_loss",
    twin=Twin("nn.functional.poisson_nll_loss", same_arguments),
    cases=(Case({}, (1,)), Case({}, (17,)), Case({"reduction": "sum"}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logarithms of rates z and counts (N, …) → loss (1,), dz (N, …)."""
    return _operations().plan(shape, values, weighted=weighted)


@cache
def _operations() -> Pointwise:
    return pointwise(
        "Poisson likelihood",
        loops=LOOPS,
        reference=lambda z, t: np.exp(z) - t * z,
        slope=lambda z, t: np.exp(z) - t,
        term=lambda z, t: apply("exp", math.exp, z) - t * z,
        term_back=lambda z, t: apply("exp", math.exp, z) - t,
        symbol="z",
        formula="loss = 1/M · Σ (eᶻ − t·z)",
        formula_back="dz = (eᶻ − t) / M",
        words="How unlikely the counts are if eᶻ are expected, up to a part that no prediction changes.",
        words_back="Each output is pushed by expected minus true count.",
        torch="torch.nn.functional.poisson_nll_loss",
    )


@inline
def value(z: Any, t: Any) -> Any:
    """eᶻ − t·z."""
    return exp(z) - t * z


@inline
def derivative(z: Any, t: Any) -> Any:
    """eᶻ − t."""
    return exp(z) - t


LOOPS = pointwise_loops(value, derivative)
