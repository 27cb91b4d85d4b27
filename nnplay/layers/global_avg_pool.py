"""GlobalAvgPool: the mean of every channel over all places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.partial import sum_of
from nnplay.kernels.operands import adds, dimension, pointer, ratio, share, shifted, size
from nnplay.kernels.span_sums import copy, last, zero
from nnplay.operations.padded_pooling import plan_present
from nnplay.operations.window_geometry import need_places
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


GLOBAL_AVG_POOL = LayerRecord(
    name="global_avg_pool",
    title="GlobalAvgPool",
    family="pooling",
    about="The mean of each channel over the whole image, volume or sequence: what is there, wherever it is.",
    when="Instead of flatten at the end of a convolutional network: works for any size.",
    fields=(flag("padded", False, "leave out steps of a sequence whose features are all 0, which are padding"),),
    plan=lambda values, shape: plan(values, shape),
    traits=Traits(change="linear"),
    torch="AdaptiveAvgPool1d(1), …2d(1) or …3d(1), by the rank of the input",
    twin=Twin(
        "nn.AdaptiveAvgPool{axes}d",
        lambda values, shape: {"output_size": 1},
        channels_first=True,
        output=lambda result, values: result.flatten(1),
        covers=lambda values, shape: not values["padded"],
    ),
    cases=(
        Case({}, (3, 4, 2)),
        Case({}, (5, 17)),
        Case({}, (1, 1, 1)),
        Case({}, (2, 3, 2, 5)),
        Case({"padded": True}, (4, 3)),
    ),
    refused=(
        Refused({}, (5,), "has no axes besides its channels"),
        Refused({"padded": True}, (4, 4, 3), "only applies to sequences"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, C), the mean over all axes between; no parameters."""
    need_places(shape, most=4)
    if values["padded"]:
        return plan_present(shape, mean=True)
    given, cost = {"P": prod(shape[:-1])}, prod(shape)
    return Plan(
        output=shape[-1:],
        forward=(Use(_forward_operation(), given, cost),),
        backward=(Use(_backward_operation(), given, cost),),
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="mean over all positions",
        kernel=forward,
        cuda=(CudaRow(forward_cuda),),
        reads=("x",),
        writes=("y",),
        reference=reference,
        formula="y[n,c] = Σ x[n,…,c] / P",
        words="How strongly each channel responded overall, wherever it did.",
        element=_element,
        integers=("P",),
        torch="x.mean(dim=(2, 3))",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="gradient to all positions",
        kernel=backward,
        cuda=(CudaRow(backward_cuda),),
        reads=("dy",),
        writes=("dx",),
        reference=reference_back,
        formula="dx[n,…,c] = dy[n,c] / P",
        words="All positions had an equal say, so they share the gradient equally.",
        element=lambda at, dy, P: dy[at[0], at[-1]] / P,
        integers=("P",),
        torch="autograd",
    )


def reference(x: Array, P: int) -> Array:
    return np.asarray(x.reshape(len(x), P, -1).mean(axis=1))


def reference_back(dy: Array, P: int) -> Array:
    return np.repeat(dy[:, None] / P, P, axis=1)


def _element(at: tuple[int, ...], x: Named, P: int) -> Term:
    n, c = at
    return total(x[(n, *place, c)] for place in np.ndindex(*x.shape[1:-1])) / P


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = Σₚ x[n,p,c] / P, for x (N, P, C), y (N, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    N, C = dimension(row, 0, 0), last(row, 0)
    P = size(row, 0) // (N * C)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        Y = shifted(y, n * C)
        zero(Y, C)
        for p in range(P):
            copy(Y, shifted(x, (n * P + p) * C), C, True)
        for c in range(C):
            Y[c] /= DTYPE(P)


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = Σₚ x[n,p,c] / P, so dx[n,p,c] = dy[n,c] / P, for dy (N, C), dx (N, P, C)."""
    dy, dx = pointer(row, memory, 0), pointer(row, memory, 1)
    N, C = dimension(row, 1, 0), last(row, 1)
    P = size(row, 1) // (N * C)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        dY = shifted(dy, n * C)
        for p in range(P):
            dX = shifted(dx, (n * P + p) * C)
            if not adds(row, 1):
                zero(dX, C)
            for c in range(C):
                dX[c] += dY[c] / DTYPE(P)


@kernel
def forward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = Σₚ x[n,p,c] / P, for x (N, P, C), y (N, C): every parts-th number of y."""
    x, y, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    P = ratio(size(row, 0), size(row, 1))
    at = part
    while at < size(row, 1):
        n = ratio(at, C)
        y[at] = sum_of(shifted(x, n * P * C + at - n * C), C, P, DTYPE(0.0)) / DTYPE(P)
        at += row[ROW_PARTS]


@kernel
def backward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = Σₚ x[n,p,c] / P, so dx[n,p,c] = dy[n,c] / P, for dy (N, C), dx (N, P, C): every parts-th of dx."""
    dy, dx, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 1)
    P = ratio(size(row, 1), size(row, 0))
    at = part
    while at < size(row, 1):
        n, c = ratio(at, P * C), at - ratio(at, C) * C
        value = dy[n * C + c] / DTYPE(P)
        dx[at] = dx[at] + value if adds(row, 1) else value
        at += row[ROW_PARTS]
