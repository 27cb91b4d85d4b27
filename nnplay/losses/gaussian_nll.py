"""Likelihood of numbers that are normally distributed: the network gives mean and logarithm of the variance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag
from nnplay.kernels.compile.jit import DTYPE, Kernel, kernel
from nnplay.kernels.elementary import exp
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.losses._costs import costs_plan
from nnplay.losses._gaussian import costs_shape, halves, halves_at, slope_element
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import REDUCTION, LossPlan, LossRecord
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.twin import Twin, same_arguments
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]
#: ½·log 2π.
CONSTANT: Final = 0.5 * math.log(2 * math.pi)
FULL: Final = flag("full", False, "add the part that no prediction changes, ½·log 2π, so that likelihoods compare")

GAUSSIAN_NLL = LossRecord(
    name="gaussian_nll",
    title="Gaussian likelihood",
    about="For predicting numbers together with how sure the network is: of twice as many outputs as targets the first "
    "half are means, the second half logarithms of variances (PyTorch takes variances).",
    when="Numbers, when the noise differs from row to row and you want error bars.",
    formula="1/M · Σ ½·(s + (t − μ)²·e⁻ˢ),  s = log variance",
    target="values",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: 2 * count,
    answer=lambda z: z[..., : z.shape[-1] // 2],
    fields=(REDUCTION, FULL),
    torch="gaussian_nll_loss",
    twin=Twin(
        "nn.functional.gaussian_nll_loss",
        same_arguments,
        loss_inputs=lambda prediction, target, values: (
            prediction[:, : target.shape[1]],
            target,
            prediction[:, target.shape[1] :].exp(),
        ),
    ),
    cases=(Case({}, (2,)), Case({"reduction": "sum"}, (6,)), Case({}, (34,)), Case({"full": True}, (4,))),
    refused=(Refused({}, (3,), "two outputs for each target"), Refused({}, (4, 2), "one row of outputs")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Means and log variances (N, 2T), targets (N, T) → costs (N, T) → loss (1,), gradients of both (N, 2T)."""
    answers, work = costs_shape("gaussian_nll", shape), 8 * shape[0]
    return costs_plan(
        _costs_operation(values["full"]),
        _gradient_operation(),
        answers,
        work=work,
        values=values,
        weighted=weighted,
    )


@cache
def _costs_operation(full: bool) -> Operation:
    more, part = (CONSTANT, " + ½·log 2π") if full else (0.0, "")
    return Operation(
        name="Gaussian likelihood of each",
        kernel=FULL_COSTS if full else COSTS,
        cuda=(CudaRow(FULL_COSTS if full else COSTS),),
        reads=("prediction", "target"),
        writes=("costs",),
        reference=lambda prediction, target: reference(prediction, target) + more,
        formula=f"costs[k] = ½·(s[k] + (t[k] − μ[k])²·exp(−s[k])){part}, with μ, s = the two halves of the outputs",
        words="An error costs less where the network said that it is not sure; saying so has a cost of its own.",
        element=lambda at, prediction, target: _element(at, prediction, target) + more,
        torch="torch.nn.functional.gaussian_nll_loss(μ, t, s.exp())",
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
        formula="dμ = (μ − t)·exp(−s)·factors / divisor;  ds = ½·(1 − (t − μ)²·exp(−s))·factors / divisor",
        words="Means move towards their targets, and variances towards the squared errors.",
        element=slope_element(_slopes),
        torch="autograd",
    )


def reference(prediction: Array, target: Array) -> Array:
    mean, s, t = halves(prediction, target)
    return np.asarray(0.5 * (s + (t - mean) ** 2 * np.exp(-s)))


def reference_back(prediction: Array, target: Array, factors: Array, divisor: Array) -> Array:
    mean, s, t = halves(prediction, target)
    sure, scale = np.exp(-s), factors * inverse(divisor)
    return np.concatenate([(mean - t) * sure * scale, 0.5 * (1 - (t - mean) ** 2 * sure) * scale], axis=1)


def _element(at: Any, prediction: Named, target: Named) -> Term:
    mean, s, t = halves_at(at, prediction, target)
    return 0.5 * (s + (t - mean) ** 2 * apply("exp", math.exp, -s))


def _slopes(mean: Term, s: Term, t: Term) -> tuple[Term, Term]:
    sure = apply("exp", math.exp, -s)
    return (mean - t) * sure, 0.5 * (1 - (t - mean) ** 2 * sure)


def _costs_kernel(name: str, constant: float) -> Kernel:
    more = DTYPE(constant)

    def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
        """costs[n,k] = ½·(s + (t − μ)²·e⁻ˢ) + constant, μ = z[n,k], s = z[n,T+k]; z (N, 2T), t and costs (N, T)."""
        z, target, cost = rows_of(row, memory, 0), flat(row, memory, 1), rows_of(row, memory, 2)
        T = cost.shape[1]
        start, stop = share(row, part, cost.shape[0])
        for n in range(start, stop):
            for k in range(T):
                error = target[n * T + k] - z[n, k]
                cost[n, k] = 0.5 * (z[n, T + k] + error * error * exp(-z[n, T + k])) + more

    return Kernel(f"{__name__}:{name}", costs)


COSTS, FULL_COSTS = _costs_kernel("costs", 0.0), _costs_kernel("full_costs", CONSTANT)


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = ½·(s + (t − μ)²·e⁻ˢ), so dμ = (μ − t)·e⁻ˢ·f, ds = ½·(1 − (t − μ)²·e⁻ˢ)·f, f = factors / divisor.

    z, dz (N, 2T), t and factors (N, T).
    """
    z, target, factors = rows_of(row, memory, 0), flat(row, memory, 1), rows_of(row, memory, 2)
    scale, dz = one_over(flat(row, memory, 3)[0]), rows_of(row, memory, 4)
    T = factors.shape[1]
    start, stop = share(row, part, factors.shape[0])
    for n in range(start, stop):
        for k in range(T):
            error, sure = target[n * T + k] - z[n, k], exp(-z[n, T + k])
            dz[n, k] = -error * sure * factors[n, k] * scale
            dz[n, T + k] = 0.5 * (1.0 - error * error * sure) * factors[n, k] * scale
