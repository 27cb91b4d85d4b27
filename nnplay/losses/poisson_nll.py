"""Negative log-likelihood of counts that are Poisson distributed; the network gives the logarithm of the rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from nnplay.fields import flag
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.elementary import exp, log
from nnplay.losses._pointwise import Pointwise, pointwise, pointwise_loops
from nnplay.records.layer import Case
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import apply

#: 2π.
TURN: Final = DTYPE(2 * math.pi)

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
    fields=(
        REDUCTION,
        flag("full", False, "add the part that no prediction changes, log t! by Stirling, so that likelihoods compare"),
    ),
    torch="poisson_nll_loss",
    twin=Twin("nn.functional.poisson_nll_loss", same_arguments),
    cases=(Case({}, (1,)), Case({}, (17,)), Case({"reduction": "sum", "full": True}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logarithms of rates z and counts (N, …) → loss (1,), dz (N, …)."""
    return _operations(values["full"]).plan(shape, values, weighted=weighted)


@cache
def _operations(full: bool) -> Pointwise:
    part = " + log t!" if full else ""
    return pointwise(
        "Poisson likelihood",
        loops=FULL_LOOPS if full else LOOPS,
        reference=lambda z, t: np.exp(z) - t * z + (stirling(t) if full else 0.0),
        slope=lambda z, t: np.exp(z) - t,
        term=lambda z, t: (
            apply("exp", math.exp, z) - t * z + (apply("log!", lambda n: float(stirling(n)), t) if full else 0.0)
        ),
        term_back=lambda z, t: apply("exp", math.exp, z) - t,
        symbol="z",
        formula=f"loss = 1/M · Σ (eᶻ − t·z{part})",
        formula_back="dz = (eᶻ − t) / M",
        words="How unlikely the counts are if eᶻ are expected, up to a part that no prediction changes.",
        words_back="Each output is pushed by expected minus true count.",
        torch="torch.nn.functional.poisson_nll_loss",
    )


def stirling(t: Any) -> Any:
    """t·log t − t + ½·log(2πt), which is log t! nearly, from t above 1 on; 0 below, as in PyTorch."""
    safe = np.maximum(t, 1.0)
    return np.where(t > 1, safe * np.log(safe) - safe + 0.5 * np.log(2 * np.pi * safe), 0.0)


@inline
def value(z: Any, t: Any) -> Any:
    """eᶻ − t·z."""
    return exp(z) - t * z


@inline
def derivative(z: Any, t: Any) -> Any:
    """eᶻ − t."""
    return exp(z) - t


LOOPS = pointwise_loops(value, derivative)


@inline
def full_value(z: Any, t: Any) -> Any:
    """eᶻ − t·z + log t!, the last by Stirling for t above 1."""
    more = t * log(t) - t + 0.5 * log(TURN * t) if t > 1.0 else t - t
    return exp(z) - t * z + more


FULL_LOOPS = pointwise_loops(full_value, derivative)
