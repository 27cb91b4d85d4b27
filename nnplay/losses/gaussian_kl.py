"""Kullback-Leibler divergence of normal distributions from ones of deviation 1 (Kingma and Welling, 2014)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.elementary import exp
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.losses._costs import costs_plan
from nnplay.losses._gaussian import costs_shape, halves, halves_at, slope_element
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]

GAUSSIAN_KL = LossRecord(
    name="gaussian_kl",
    title="Gaussian divergence",
    about="How far normal distributions, given by means and logarithms of variances, are from ones of deviation 1 "
    "around targets: of twice as many outputs as targets the first half are means, the second half log variances.",
    when="The code of a variational autoencoder, with a target of 0.",
    formula="1/M · Σ ½·((μ − t)² + eˢ − 1 − s),  s = log variance",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: 2 * count,
    answer=lambda z: z[..., : z.shape[-1] // 2],
    fields=(REDUCTION,),
    torch="0.5 * ((mean - target) ** 2 + s.exp() - 1 - s).mean()",
    cases=(Case({}, (2,)), Case({"reduction": "sum"}, (6,)), Case({}, (34,))),
    refused=(Refused({}, (3,), "two outputs for each target"), Refused({}, (4, 2), "one row of outputs")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Means and log variances (N, 2T), targets (N, T) → costs (N, T) → loss (1,), gradients of both (N, 2T)."""
    answers, work = costs_shape("gaussian_kl", shape), 8 * shape[0]
    return costs_plan(_costs_operation(), _gradient_operation(), answers, work=work, values=values, weighted=weighted)


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="Gaussian divergence of each",
        kernel=costs,
        cuda=(CudaRow(costs),),
        reads=("prediction", "target"),
        writes=("costs",),
        reference=reference,
        formula="costs[k] = ½·((μ[k] − t[k])² + exp(s[k]) − 1 − s[k]), with μ, s = the two halves of the outputs",
        words="Means off their target cost, and so do variances other than 1: the code keeps to a known distribution.",
        element=_element,
        torch="0.5 * ((μ - t) ** 2 + s.exp() - 1 - s)",
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of the loss",
        kernel=gradient,
        cuda=(CudaRow(gradient),),
        reads=("prediction", "target", "factors", "divisor"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dμ = (μ − t)·factors / divisor;  ds = ½·(exp(s) − 1)·factors / divisor",
        words="Means are pulled towards their targets, and variances towards 1.",
        element=slope_element(_slopes),
        torch="autograd",
    )


def reference(prediction: Array, target: Array) -> Array:
    mean, s, t = halves(prediction, target)
    return np.asarray(0.5 * ((mean - t) ** 2 + np.exp(s) - 1 - s))


def reference_back(prediction: Array, target: Array, factors: Array, divisor: Array) -> Array:
    mean, s, t = halves(prediction, target)
    scale = factors * inverse(divisor)
    return np.concatenate([(mean - t) * scale, 0.5 * (np.exp(s) - 1) * scale], axis=1)


def _element(at: Any, prediction: Named, target: Named) -> Term:
    mean, s, t = halves_at(at, prediction, target)
    return 0.5 * ((mean - t) ** 2 + apply("exp", math.exp, s) - 1.0 - s)


def _slopes(mean: Term, s: Term, t: Term) -> tuple[Term, Term]:
    return mean - t, 0.5 * (apply("exp", math.exp, s) - 1.0)


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[n,k] = ½·((μ − t)² + eˢ − 1 − s), μ = z[n,k], s = z[n,T+k]; z (N, 2T), t and costs (N, T)."""
    z, target, cost = rows_of(row, memory, 0), flat(row, memory, 1), rows_of(row, memory, 2)
    T = cost.shape[1]
    start, stop = share(row, part, cost.shape[0])
    for n in range(start, stop):
        for k in range(T):
            error, s = z[n, k] - target[n * T + k], z[n, T + k]
            cost[n, k] = 0.5 * (error * error + exp(s) - 1.0 - s)


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = ½·((μ − t)² + eˢ − 1 − s), so dμ = (μ − t)·f, ds = ½·(eˢ − 1)·f, f = factors / divisor.

    z, dz (N, 2T), t and factors (N, T).
    """
    z, target, factors = rows_of(row, memory, 0), flat(row, memory, 1), rows_of(row, memory, 2)
    scale, dz = one_over(flat(row, memory, 3)[0]), rows_of(row, memory, 4)
    T = factors.shape[1]
    start, stop = share(row, part, factors.shape[0])
    for n in range(start, stop):
        for k in range(T):
            dz[n, k] = (z[n, k] - target[n * T + k]) * factors[n, k] * scale
            dz[n, T + k] = 0.5 * (exp(z[n, T + k]) - 1.0) * factors[n, k] * scale
