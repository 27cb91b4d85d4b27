"""GlobalMaxPool: the largest number of every channel over all places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.places import put
from nnplay.kernels.operands import adds, dimension, pointer, share, shifted, size
from nnplay.kernels.pooling.choosing import keep_larger
from nnplay.kernels.span_sums import copy, last, zero
from nnplay.operations.padded_pooling import plan_present
from nnplay.operations.window_geometry import need_places
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]


GLOBAL_MAX_POOL = LayerRecord(
    name="global_max_pool",
    title="GlobalMaxPool",
    family="pooling",
    about="The maximum of each channel over the whole image, volume or sequence: whether something is there at all.",
    when="When it only matters that something is there, not where or how often.",
    fields=(flag("padded", False, "leave out steps of a sequence whose features are all 0, which are padding"),),
    plan=lambda values, shape: plan(values, shape),
    torch="AdaptiveMaxPool1d(1), …2d(1) or …3d(1), by the rank of the input",
    twin=Twin(
        "nn.AdaptiveMaxPool{axes}d",
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
    """(N, …, C) → (N, C), the largest over all axes between; no parameters."""
    need_places(shape, most=4)
    if values["padded"]:
        return plan_present(shape, mean=False)
    places, cost = {"P": prod(shape[:-1])}, 2 * prod(shape)
    return Plan(
        output=shape[-1:],
        forward=(Use(_forward_operation(), places, cost),),
        backward=(Use(_backward_operation(), places | {"H": shape[:-1][-2:][0], "W": shape[-2]}, cost),),
        saved={"which": ("N", shape[-1])},
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="maximum over all positions",
        kernel=forward,
        cuda=(CudaRow(forward_cuda),),
        reads=("x",),
        writes=("y", "which"),
        reference=reference,
        formula="y[n,c] = max x[n,…,c]",
        words="How strongly each channel responded where it responded most.",
        element=_element,
        integers=("P",),
        torch="x.amax(dim=(2, 3))",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="gradient to the maximum",
        kernel=backward,
        cuda=(NumberRow(backward_cuda, gathers=True),),
        reads=("dy", "which"),
        writes=("dx",),
        reference=lambda dy, which, P, H, W: reference_back(dy, which, P),
        formula="dx[n,…,c] = dy[n,c] where x was the largest, else 0",
        words="Only the position of the maximum had a say, so it alone gets the gradient.",
        element=_element_back,
        integers=("P", "H", "W"),
        torch="autograd",
    )


def reference(x: Array, P: int) -> tuple[Array, Array]:
    places = x.reshape(len(x), P, -1)
    return places.max(axis=1), places.argmax(axis=1)


def reference_back(dy: Array, which: Array, P: int) -> Array:
    return np.where(np.arange(P)[None, :, None] == which[:, None], dy[:, None], 0)


def _element(at: tuple[int, ...], x: Named, P: int) -> Term:
    n, c = at
    return apply("max", lambda *all: max(all), *(x[(n, *place, c)] for place in np.ndindex(*x.shape[1:-1])))


def _element_back(at: tuple[int, ...], dy: Named, which: Named, P: int, H: int, W: int) -> Term:
    n, *place, c = at
    d, h, w = (0, 0, *place)[-3:]
    number = (d * H + h) * W + w
    return dy[n, c] * 1.0 if number == int(which.array[n, c]) else as_term(0.0)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = maxₚ x[n,p,c], and which[n,c] = that p; x (N, P, C), y and which (N, C)."""
    x, y, which = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, C = dimension(row, 0, 0), last(row, 0)
    P = size(row, 0) // (N * C)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        Y, chosen = shifted(y, n * C), shifted(which, n * C)
        copy(Y, shifted(x, n * P * C), C, False)
        zero(chosen, C)
        for p in range(1, P):
            X = shifted(x, (n * P + p) * C)
            keep_larger(X, Y, chosen, C, DTYPE(p), False)


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,c] = x[n,which,c], so dx[n,p,c] = dy[n,c] where p = which[n,c], else 0; dy, which (N, C), dx (N, P, C)."""
    dy, which, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    N, C = dimension(row, 2, 0), last(row, 2)
    P = size(row, 2) // (N * C)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        if not adds(row, 2):
            zero(shifted(dx, n * P * C), P * C)
        for c in range(C):
            dx[(n * P + int(which[n * C + c])) * C + c] += dy[n * C + c]


@kernel
def forward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`: every parts-th number of y and which (N, C)."""
    x, y, which, C = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), last(row, 0)
    P = quotient(size(row, 0), size(row, 1))
    at = part
    while at < size(row, 1):
        n = quotient(at, C)
        X = shifted(x, n * P * C + at - n * C)
        best, chosen = X[0], 0
        for p in range(1, P):
            value = X[p * C]
            if value > best or (value != value and best == best):
                best, chosen = value, p
        y[at], which[at] = best, DTYPE(chosen)
        at += row[ROW_PARTS]


@kernel
def backward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `backward`: every parts-th number of dx (N, P, C)."""
    dy, which, dx, C = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), last(row, 2)
    P = quotient(size(row, 2), size(row, 0))
    at = part
    while at < size(row, 2):
        line = quotient(at, C)
        n = quotient(line, P)
        k = n * C + at - line * C
        put(dx, at, dy[k] if which[k] == DTYPE(line - n * P) else DTYPE(0.0), adds(row, 2))
        at += row[ROW_PARTS]
