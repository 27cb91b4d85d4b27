"""GaussianSample: draws from normal distributions that the layer before gives (Kingma and Welling, 2014)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.errors import InputError
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.elementary import cosine_of_turns, exp, log
from nnplay.kernels.operands import adds, integer, rows_of, share
from nnplay.kernels.random import uniform
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]


GAUSSIAN_SAMPLE = LayerRecord(
    name="gaussian_sample",
    title="GaussianSample",
    family="regularisation",
    about="Draws numbers from normal distributions: the first half of its inputs are means, the second half logarithms "
    "of variances. Outside training it gives the means.",
    when="Between encoder and decoder of a variational autoencoder.",
    plan=lambda values, shape: plan(values, shape),
    traits=Traits(samples=True),
    torch="mean + (log_variance / 2).exp() * randn_like(mean) in training",
    cases=(Case({}, (2,)), Case({}, (6,)), Case({}, (34,))),
    refused=(Refused({}, (3,), "an even number"), Refused({}, (4, 2), "one row of numbers")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, 2K) → (N, K): mean + deviation·noise; no parameters."""
    if len(shape) != 1:
        raise InputError("needs one row of numbers, not one for each place", where="gaussian_sample", hint="flatten it")
    if shape[0] % 2:
        hint = f"put linear {shape[0] + 1} in front"
        raise InputError("needs an even number of inputs: means and log variances", where="gaussian_sample", hint=hint)
    count = shape[0] // 2
    return Plan(
        output=(count,),
        forward=(Use(_forward_operation(), cost=80 * count),),
        backward=(Use(_backward_operation(), cost=8 * count),),
        evaluate=(Use(_evaluate_operation(), cost=count),),
        evaluate_backward=(Use(_evaluate_backward_operation(), cost=2 * count),),
        saved={"noise": (BATCH, count)},
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="sample drawn",
        kernel=forward,
        cuda=(CudaRow(forward),),
        reads=("x",),
        writes=("y", "noise"),
        reference=reference,
        formula="y[k] = μ[k] + exp(s[k]/2)·noise[k], with μ, s = the two halves of x, and normal noise",
        words="Draws from the distribution in such a way that mean and deviation still have a gradient.",
        element=_element,
        integers=("stream",),
        uses_clock=True,
        torch="torch.distributions.Normal(μ, (s / 2).exp()).rsample() (with its own random numbers)",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="sample backward",
        kernel=backward,
        cuda=(CudaRow(backward),),
        reads=("x", "noise", "dy"),
        writes=("dx",),
        reference=lambda x, noise, dy: np.concatenate([dy, dy * noise * 0.5 * np.exp(x[:, noise.shape[1] :] / 2)], 1),
        formula="dμ = dy;  ds = ½·dy·noise·exp(s/2)",
        words="The noise is constant for the gradient: the mean gets it as it is, the deviation times the noise.",
        element=_element_back,
        torch="autograd",
    )


@cache
def _evaluate_operation() -> Operation:
    return Operation(
        name="means",
        kernel=evaluate,
        cuda=(CudaRow(evaluate),),
        reads=("x",),
        writes=("y",),
        reference=lambda x: x[:, : x.shape[1] // 2],
        formula="y = μ, the first half of x",
        words="Nothing is drawn outside training.",
        element=lambda at, x: x[at] * 1.0,
        torch="mean",
    )


@cache
def _evaluate_backward_operation() -> Operation:
    return Operation(
        name="means backward",
        kernel=evaluate_backward,
        cuda=(CudaRow(evaluate_backward),),
        reads=("dy",),
        writes=("dx",),
        reference=lambda dy: np.concatenate([dy, np.zeros_like(dy)], 1),
        formula="dμ = dy;  ds = 0",
        words="Outside training the answer is the mean: no deviation has a part in it.",
        element=lambda at, dy: dy[at] * 1.0 if at[1] < dy.shape[1] else as_term(0.0),
        torch="autograd",
    )


def reference(x: Array, stream: int, clock: Mapping[str, int]) -> tuple[Array, Array]:
    count = x.shape[1] // 2
    noise = rng.normal(clock["seed"], stream, clock["step"], (len(x), count))
    return x[:, :count] + np.exp(x[:, count:] / 2) * noise, noise


def _element(at: tuple[int, ...], x: Named, stream: int, clock: Mapping[str, int]) -> Term:
    (n, k), count = at, x.shape[1] // 2
    noise = Named("noise", rng.normal(clock["seed"], stream, clock["step"], (x.shape[0], count)))
    return x[n, k] + apply("exp", math.exp, x[n, count + k] / 2) * noise[n, k]


def _element_back(at: tuple[int, ...], x: Named, noise: Named, dy: Named) -> Term:
    (n, k), count = at, noise.shape[1]
    if k < count:
        return dy[n, k] * 1.0
    return 0.5 * dy[n, k - count] * noise[n, k - count] * apply("exp", math.exp, x[n, k] / 2)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = μ + exp(s/2)·noise, for x = [μ, s] (N, 2K), y and noise (N, K); noise is Box and Muller's."""
    x, y, noise = rows_of(row, memory, 0), rows_of(row, memory, 1), rows_of(row, memory, 2)
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    N, K = y.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for k in range(K):
            i = n * K + k
            radius = math.sqrt(-2.0 * log(uniform(seed, stream, step, i) + 2.98023223876953125e-08))
            noise[n, k] = radius * cosine_of_turns(uniform(seed, stream, step, N * K + i))
            y[n, k] = x[n, k] + exp(0.5 * x[n, K + k]) * noise[n, k]


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dμ = dy, ds = ½·dy·noise·exp(s/2), for x and dx = [μ, s] (N, 2K), noise and dy (N, K)."""
    x, noise = rows_of(row, memory, 0), rows_of(row, memory, 1)
    dy, dx = rows_of(row, memory, 2), rows_of(row, memory, 3)
    N, K = dy.shape
    start, stop = share(row, part, N)
    more = adds(row, 3)
    for n in range(start, stop):
        for k in range(K):
            mean, spread = dy[n, k], 0.5 * dy[n, k] * noise[n, k] * exp(0.5 * x[n, K + k])
            dx[n, k] = dx[n, k] + mean if more else mean
            dx[n, K + k] = dx[n, K + k] + spread if more else spread


@kernel
def evaluate(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = μ, for x = [μ, s] (N, 2K), y (N, K)."""
    x, y = rows_of(row, memory, 0), rows_of(row, memory, 1)
    N, K = y.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for k in range(K):
            y[n, k] = x[n, k]


@kernel
def evaluate_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dμ = dy, ds = 0, for dx = [μ, s] (N, 2K), dy (N, K)."""
    dy, dx = rows_of(row, memory, 0), rows_of(row, memory, 1)
    N, K = dy.shape
    start, stop = share(row, part, N)
    more = adds(row, 1)
    for n in range(start, stop):
        for k in range(K):
            dx[n, k] = dx[n, k] + dy[n, k] if more else dy[n, k]
            if not more:
                dx[n, K + k] = 0.0
