"""Maxout: of every few neighbouring channels, only the largest goes on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import integer
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.places import put
from nnplay.kernels.operands import adds, pointer, share, size
from nnplay.kernels.operands import integer as whole
from nnplay.operations.window_geometry import nearest_numbers
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.worked import Named, Term, apply, as_term
from nnplay.text import counted

Array = NDArray[Any]


MAXOUT = LayerRecord(
    name="maxout",
    title="Maxout",
    family="activation",
    about="Passes only the largest of every few neighbouring channels (Goodfellow et al., 2013).",
    when="To let the network learn its own activation; it needs twice the units before it.",
    initial="he_uniform",
    torch="x.unflatten(-1, (-1, pieces)).amax(-1)",
    fields=(integer("pieces", 2, "channels that compete for one output", short="k"),),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({}, (6,)), Case({"pieces": 3}, (2, 3, 9)), Case({"pieces": 1}, (4,)), Case({"pieces": 5}, (5,))),
    refused=(
        Refused({"pieces": 4}, (6,), "6 channels cannot be divided into pieces of 4; use 1, 2, 3 or 6"),
        Refused({"pieces": 0}, (6,), "≥ 1"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, C) → (N, …, C/K), the largest of each K neighbours; no parameters.

    Raises:
        InputError: the channels cannot be cut into pieces of that size.
    """
    pieces, channels = values["pieces"], shape[-1]
    if channels % pieces:
        legal = nearest_numbers(pieces, (k for k in range(1, channels + 1) if channels % k == 0), 4)
        raise InputError(
            f"{counted(channels, 'channel')} cannot be divided into pieces of {pieces}", hint=f"use {legal}"
        )
    output, given, cost = (*shape[:-1], channels // pieces), {"K": pieces}, 4 * prod(shape)
    return Plan(
        output=output,
        forward=(Use(_forward_operation(), given, cost),),
        backward=(Use(_backward_operation(), given, cost),),
        saved={"which": ("N", *output)},
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="largest of each piece",
        kernel=forward,
        cuda=(NumberRow(forward_cuda, gathers=True),),
        reads=("x",),
        writes=("y", "which"),
        reference=reference,
        formula="y[n,c] = max x[n,c·K + k] over k",
        words="Each output is the largest of K linear functions, so the layer learns the shape of its own activation.",
        element=_element,
        integers=("K",),
        torch="x.unflatten(-1, (-1, K)).amax(-1)",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="gradient to the maximum",
        kernel=backward,
        cuda=(NumberRow(backward_cuda, gathers=True),),
        reads=("dy", "which"),
        writes=("dx",),
        reference=reference_back,
        formula="dx[n,c·K + k] = dy[n,c] where x[n,c·K + k] was the largest, else 0",
        words="Only the largest of each piece had a say, so it alone gets the gradient.",
        element=_element_back,
        integers=("K",),
        torch="autograd",
    )


def reference(x: Array, K: int) -> tuple[Array, Array]:
    pieces = x.reshape(*x.shape[:-1], -1, K)
    return pieces.max(axis=-1), pieces.argmax(axis=-1)


def reference_back(dy: Array, which: Array, K: int) -> Array:
    return np.where(np.arange(K) == which[..., None], dy[..., None], 0)


def _element(at: tuple[int, ...], x: Named, K: int) -> Term:
    *n, c = at
    return apply("max", lambda *numbers: max(numbers), *(x[(*n, c * K + k)] for k in range(K)))


def _element_back(at: tuple[int, ...], dy: Named, which: Named, K: int) -> Term:
    *n, c = at
    out = (*n, c // K)
    return dy[out] * 1.0 if int(which.array[out]) == c % K else as_term(0.0)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[i] = maxₖ x[i·K + k], and which[i] = that k; x (M·K,), y and which (M,)."""
    x, y, which = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    K = whole(row, 0)
    start, stop = share(row, part, size(row, 1))
    for i in range(start, stop):
        best, chosen = x[i * K], 0
        for k in range(1, K):
            value = x[i * K + k]
            if value > best or (value != value and best == best):
                best, chosen = value, k
        y[i] = best
        which[i] = DTYPE(chosen)


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[i] = x[i·K + which[i]], so dx[i·K + k] = dy[i] where k = which[i], else 0; dy, which (M,), dx (M·K,)."""
    dy, which, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    K = whole(row, 0)
    start, stop = share(row, part, size(row, 0))
    for i in range(start, stop):
        for k in range(K):
            before = dx[i * K + k] if adds(row, 2) else dy[i] - dy[i]
            dx[i * K + k] = before + (dy[i] if which[i] == DTYPE(k) else dy[i] - dy[i])


@kernel
def forward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`: every parts-th number of y and which (M,)."""
    x, y, which, K = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), whole(row, 0)
    at = part
    while at < size(row, 1):
        best, chosen = x[at * K], 0
        for k in range(1, K):
            value = x[at * K + k]
            if value > best or (value != value and best == best):
                best, chosen = value, k
        y[at], which[at] = best, DTYPE(chosen)
        at += row[ROW_PARTS]


@kernel
def backward_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `backward`: every parts-th number of dx (M·K,)."""
    dy, which, dx, K = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), whole(row, 0)
    at = part
    while at < size(row, 2):
        i = quotient(at, K)
        put(dx, at, dy[i] if which[i] == DTYPE(at - i * K) else dy[i] - dy[i], adds(row, 2))
        at += row[ROW_PARTS]
