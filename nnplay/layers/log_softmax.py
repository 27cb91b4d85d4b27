"""LogSoftmax: the last axis as logarithms of probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.arithmetic import lane_max, lane_sum
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.elementary import exp, log
from nnplay.kernels.operands import adds, pointer, rows_of, share, shifted
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, total

Array = NDArray[Any]


LOG_SOFTMAX = LayerRecord(
    name="log_softmax",
    title="LogSoftmax",
    family="activation",
    about="Turns the last layer's outputs into log probabilities; cross_entropy has its own.",
    when="Rarely: only before a loss that expects log probabilities.",
    initial="xavier_uniform",
    plan=lambda values, shape: plan(values, shape),
    torch="LogSoftmax",
    twin=Twin("nn.LogSoftmax", lambda values, shape: {"dim": -1}),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2)), Case({}, (33,))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C); all axes before the last are rows. No parameters."""
    del values
    cost = 12 * prod(shape)
    return Plan(
        output=shape, forward=(Use(_forward_operation(), cost=cost),), backward=(Use(_backward_operation(), cost=cost),)
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="log softmax",
        kernel=forward,
        cuda=(CudaRow(forward),),
        reads=("x",),
        writes=("y",),
        reference=reference,
        formula="y[n,c] = x[n,c] - log Σₖ exp(x[n,k])",
        words="The logarithm of softmax, computed in one go, which stays accurate where probabilities are almost 0.",
        element=_element,
        torch="torch.log_softmax(x, -1)",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="log softmax backward",
        kernel=backward,
        cuda=(CudaRow(backward),),
        reads=("y", "dy"),
        writes=("dx",),
        reference=reference_back,
        formula="dx[n,c] = dy[n,c] - exp(y[n,c])·Σₖ dy[n,k]",
        words="Raising one probability lowers the others, so each gets its gradient minus its share of the total.",
        element=_element_back,
        torch="autograd",
    )


def reference(x: Array) -> Array:
    shifted_x = x - x.max(axis=-1, keepdims=True)
    return np.asarray(shifted_x - np.log(np.exp(shifted_x).sum(axis=-1, keepdims=True)))


def reference_back(y: Array, dy: Array) -> Array:
    return np.asarray(dy - np.exp(y) * dy.sum(axis=-1, keepdims=True))


def _element(at: tuple[int, ...], x: Named) -> Term:
    *n, _ = at
    largest = max(x[(*n, k)].value for k in range(x.shape[-1]))  # taken off every term: the result stays the same
    raised = [apply("exp", math.exp, x[(*n, k)] - largest) for k in range(x.shape[-1])]
    return x[at] - largest - apply("log", math.log, total(raised))


def _element_back(at: tuple[int, ...], y: Named, dy: Named) -> Term:
    *n, _ = at
    return dy[at] - apply("exp", math.exp, y[at]) * total(dy[(*n, k)] for k in range(y.shape[-1]))


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = x[n,c] − log Σₖ exp(x[n,k]), for x and y (N, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    N, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        X, Y = shifted(x, n * C), shifted(y, n * C)
        largest = lane_max(X, C)
        for c in range(C):
            Y[c] = exp(X[c] - largest)
        norm = log(lane_sum(Y, C))
        for c in range(C):
            Y[c] = X[c] - largest - norm  # `largest + norm` would be rounded to the step between numbers of its size


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x − log Σ exp(x), so dx[n,c] = dy[n,c] − exp(y[n,c])·Σₖ dy[n,k], for y, dy, dx (N, C)."""
    y, dy, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        Y, dY, dX = shifted(y, n * C), shifted(dy, n * C), shifted(dx, n * C)
        whole = lane_sum(dY, C)
        if adds(row, 2):
            for c in range(C):
                dX[c] += dY[c] - exp(Y[c]) * whole
        else:
            for c in range(C):
                dX[c] = dY[c] - exp(Y[c]) * whole
