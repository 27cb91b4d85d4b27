"""Softmax: the last axis as probabilities, positive and summing to 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot, scratch
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, pointer, rows_of, share, shifted
from nnplay.kernels.softmax import ROWS, raise_rows, to_shares
from nnplay.operations.scoring import softmax
from nnplay.records.layer import Case, LayerRecord, Plan
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, total

Array = NDArray[Any]


SOFTMAX = LayerRecord(
    name="softmax",
    title="Softmax",
    family="activation",
    about="Turns the last layer's outputs into probabilities, for losses on probabilities; cross_entropy has its own.",
    when="As the last layer before a loss on probabilities; never before cross_entropy.",
    initial="xavier_uniform",
    plan=lambda values, shape: plan(values, shape),
    torch="Softmax",
    twin=Twin("nn.Softmax", lambda values, shape: {"dim": -1}),
    cases=(Case({}, (5,)), Case({}, (1,)), Case({}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C); all axes before the last are rows. No parameters."""
    cost = 12 * int(np.prod(shape))
    return Plan(
        output=shape, forward=(Use(_forward_operation(), cost=cost),), backward=(Use(_backward_operation(), cost=cost),)
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="softmax",
        kernel=forward,
        cuda=(CudaRow(rows_cuda),),
        reads=("x",),
        writes=("y",),
        reference=softmax,
        formula="y[n,c] = exp(x[n,c]) / Σₖ exp(x[n,k])",
        words="Gives positive values that sum to 1: probabilities. The largest input gets the largest share.",
        element=_element,
        torch="torch.softmax(x, -1)",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="softmax backward",
        kernel=backward,
        cuda=(CudaRow(backward),),
        reads=("y", "dy"),
        writes=("dx",),
        reference=reference_back,
        formula="dx[n,c] = y[n,c]·(dy[n,c] − Σₖ y[n,k]·dy[n,k])",
        words="Raising one probability lowers the others, so each gets its gradient minus the average gradient.",
        element=_element_back,
        torch="autograd",
    )


def reference_back(y: Array, dy: Array) -> Array:
    return np.asarray(y * (dy - np.sum(y * dy, axis=-1, keepdims=True)))


def _element(at: tuple[int, ...], x: Named) -> Term:
    *n, c = at
    largest = max(x[(*n, k)].value for k in range(x.shape[-1]))  # taken off every term: the quotient stays the same
    raised = [apply("exp", math.exp, x[(*n, k)] - largest) for k in range(x.shape[-1])]
    return raised[c] / total(raised)


def _element_back(at: tuple[int, ...], y: Named, dy: Named) -> Term:
    *n, _ = at
    mean = total(y[(*n, k)] * dy[(*n, k)] for k in range(y.shape[-1]))
    return y[at] * (dy[at] - mean)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = exp(x[n,c]) / Σₖ exp(x[n,k]), for x and y (N, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    N, C = rows_of(row, memory, 0).shape
    tops = scratch(ROWS)
    start, stop = share(row, part, N)
    for first in range(start, stop, ROWS):
        rows = min(ROWS, stop - first)
        raise_rows(shifted(x, first * C), shifted(y, first * C), tops, C, rows)
        for n in range(first, first + rows):
            to_shares(shifted(y, n * C), C)


@kernel
def rows_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = softmax(x) over the last axis, x (N, C), on a graphics card, where a thread takes a row at a time."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    N, C = rows_of(row, memory, 0).shape
    tops = scratch(1)
    n = part
    while n < N:
        raise_rows(shifted(x, n * C), shifted(y, n * C), tops, C, 1)
        to_shares(shifted(y, n * C), C)
        n += row[ROW_PARTS]


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = softmax(x), so dx[n,c] = y[n,c]·(dy[n,c] − Σₖ y[n,k]·dy[n,k]), for y, dy, dx (N, C)."""
    y, dy, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, C = rows_of(row, memory, 0).shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        Y, dY, dX = shifted(y, n * C), shifted(dy, n * C), shifted(dx, n * C)
        mean = lane_dot(Y, dY, C)
        if adds(row, 2):
            for c in range(C):
                dX[c] += Y[c] * (dY[c] - mean)
        else:
            for c in range(C):
                dX[c] = Y[c] * (dY[c] - mean)
