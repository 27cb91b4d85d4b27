"""Product: branches from one input whose outputs are multiplied; with a sigmoid at the end of one it is a gate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from math import prod
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import COMPILING, DTYPE, inline, kernel
from nnplay.kernels.cuda.places import put
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import last
from nnplay.layers._branches import MAX_BRANCHES, refuse_branches
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, total

if COMPILING:
    from nnplay.kernels.tile import scratch

Array = NDArray[Any]
#: Channels that are multiplied at once.
WIDTH = 128


PRODUCT = LayerRecord(
    name="product",
    title="Product",
    family="combination",
    about="Parallel branches, multiplied. product[identity | linear 8, sigmoid] is a gate: it lets through a share.",
    when="For gates, and to weigh channels: a branch of one number a channel scales the whole picture.",
    plan=lambda values, shapes: plan(values, shapes),
    traits=Traits(each_step=True),
    joins=True,
    torch="x * f(x)",
    twin=Twin("mul", covers=lambda values, shapes: len(shapes) == 2 and shapes[0] == shapes[1]),
    cases=(
        Case({}, (5,), branches=2),
        Case({}, (3, 4, 2), branches=3),
        Case({}, ((3, 2, 130), (130,)), branches=2),
        Case({}, ((5, 3), (3,), (5, 3), (3,)), branches=4),
    ),
    refused=(
        Refused({}, (), "at least two branches"),
        Refused({}, ((4,), (5,)), "only equal shapes can be multiplied"),
        Refused({}, ((6, 4), (6,)), "only equal shapes can be multiplied, or one number a channel"),
        Refused({}, ((1,),) * (MAX_BRANCHES + 1), "at most 64 branches"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """(N, …, C) of each branch, or (N, C) → (N, …, C), the largest of them. No parameters."""
    whole: Shape = max(shapes, key=len, default=())
    refuse_branches(
        "product",
        shapes,
        lambda shape: whole if shape == whole[-1:] else shape,
        "only equal shapes can be multiplied, or one number a channel",
        example="product[identity | linear 8, sigmoid]",
        way_out="give every branch the same output size, for example with a projection",
    )
    count, cost = len(shapes), prod(whole)
    backward = [
        Use(
            _into(count, k, summed=shape != whole),
            {"factors": count},
            cost * count,
            {"dx": f"dx{k}"},
        )
        for k, shape in enumerate(shapes)
    ]
    return Plan(
        output=whole, forward=(Use(_multiply(count), {"factors": count}, cost * count),), backward=tuple(backward)
    )


def _multiply(branches: int) -> Operation:
    """The forward row for that many branches."""
    return Operation(
        name="product of branches",
        kernel=forward,
        cuda=(NumberRow(multiply_cuda),),
        reads=tuple(f"x{k}" for k in range(branches)),
        writes=("y",),
        reference=_product,
        formula="y = x0·x1·…",
        words="Multiplies the branches: where one of them is near 0, nothing of the others gets through.",
        element=lambda at, *xs, factors: _product_at(at, xs),
        integers=("factors",),
        torch="torch.mul",
    )


def _into(branches: int, branch: int, *, summed: bool) -> Operation:
    """The backward row into one branch: summed over all places where it has one number a channel."""
    others = [f"x{k}" for k in range(branches) if k != branch]
    return Operation(
        name=f"gradient into branch {branch + 1}",
        kernel=backward_summed if summed else backward,
        cuda=(NumberRow(backward_summed_cuda if summed else multiply_cuda),),
        reads=("dy", *others),
        writes=("dx",),
        reference=_summed if summed else _product,
        formula=f"dx{branch}[n,c] = Σ dy·{'·'.join(others)} over places" if summed else f"dx = dy·{'·'.join(others)}",
        words="Each branch counts as much as the others are large: a closed gate stops the gradient too.",
        element=_summed_element if summed else lambda at, *xs, factors: _product_at(at, xs),
        integers=("factors",),
        torch="autograd",
    )


def _product(*xs: Array, factors: int) -> Array:
    rank = max(x.ndim for x in xs)
    spread = [x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:]) for x in xs]
    return np.asarray(reduce(mul, spread))


def _summed(*xs: Array, factors: int) -> Array:
    every = _product(*xs, factors=factors)
    return np.asarray(every.reshape(len(every), -1, every.shape[-1]).sum(axis=1))


def _product_at(at: tuple[int, ...], xs: tuple[Named, ...]) -> Term:
    parts = [x[at] if len(x.shape) == len(at) else x[at[0], at[-1]] for x in xs]
    return reduce(mul, parts)


def _summed_element(at: tuple[int, ...], *xs: Named, factors: int) -> Term:
    n, c = at
    return total(_product_at((n, *place, c), xs) for place in np.ndindex(xs[0].shape[1:-1]))


@inline
def multiply_lines(row: Any, memory: Any, target: Any, places: Any, first: int, width: int) -> None:
    """target (width,) = the product of all F factors from channel `first` on; places holds line and row of the batch.

    A factor (N, C) has a line for each row of the batch, one (N, …, C) a line for each place.
    """
    line, n, lines, C = places
    for k in range(integer(row, 0)):
        x = shifted(pointer(row, memory, k), (line if size(row, k) == lines * C else n) * C + first)
        if k == 0:
            for c in range(width):
                target[c] = x[c]
        else:
            for c in range(width):
                target[c] *= x[c]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x0·x1·…, for y (N, …, C) and factors (N, …, C) or (N, C)."""
    out = integer(row, 0)
    y, C, N = pointer(row, memory, out), last(row, out), dimension(row, out, 0)
    lines = size(row, out) // C
    start, stop = share(row, part, lines)
    product = scratch(128)
    for line in range(start, stop):
        for first in range(0, C, WIDTH):
            width = min(WIDTH, C - first)
            multiply_lines(row, memory, product, (line, line // (lines // N), lines, C), first, width)
            Y = shifted(y, line * C + first)
            for c in range(width):
                Y[c] = product[c]


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x0·x1·…, so dx = dy·x1·… of the others, for dx, dy (N, …, C) and others (N, …, C) or (N, C)."""
    out = integer(row, 0)
    dx, C, N = pointer(row, memory, out), last(row, out), dimension(row, out, 0)
    lines = size(row, out) // C
    start, stop = share(row, part, lines)
    product = scratch(128)
    for line in range(start, stop):
        for first in range(0, C, WIDTH):
            width = min(WIDTH, C - first)
            multiply_lines(row, memory, product, (line, line // (lines // N), lines, C), first, width)
            dX = shifted(dx, line * C + first)
            if adds(row, out):
                for c in range(width):
                    dX[c] += product[c]
            else:
                for c in range(width):
                    dX[c] = product[c]


@kernel
def backward_summed(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x0·x1·…, so dx (N, C) = Σ dy·x1·… over the places of dy (N, …, C) and the others."""
    out = integer(row, 0)
    dx, C, N = pointer(row, memory, out), last(row, out), dimension(row, out, 0)
    places = size(row, 0) // (N * C)
    start, stop = share(row, part, N)
    product, summed = scratch(128), scratch(128)
    for n in range(start, stop):
        for first in range(0, C, WIDTH):
            width = min(WIDTH, C - first)
            dX = shifted(dx, n * C + first)
            for c in range(width):
                summed[c] = dX[c] if adds(row, out) else DTYPE(0.0)
            for p in range(places):
                line = n * places + p
                multiply_lines(row, memory, product, (line, n, N * places, C), first, width)
                for c in range(width):
                    summed[c] += product[c]
            for c in range(width):
                dX[c] = summed[c]


@inline
def product_of(row: Any, memory: Any, at: int, line: int, count: int) -> Any:
    """x0·x1·… at number `at` of (N, …, C), which is number `line` of (N, C); `count` is how many the former has."""
    product = DTYPE(1.0)
    for k in range(integer(row, 0)):
        x = pointer(row, memory, k)
        factor = x[at if size(row, k) == count else line]
        product = factor if k == 0 else product * factor
    return product


@kernel
def multiply_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x0·x1·…, so dx0 = dy·x1·…: the last operand (N, …, C) is the product of all others (N, …, C) or (N, C)."""
    out = integer(row, 0)
    y, C, count = pointer(row, memory, out), last(row, out), size(row, out)
    places, at = quotient(count, dimension(row, out, 0) * C), part
    while at < count:
        line = quotient(at, C)
        put(y, at, product_of(row, memory, at, quotient(line, places) * C + at - line * C, count), adds(row, out))
        at += row[ROW_PARTS]


@kernel
def backward_summed_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x0·x1·…, so dx (N, C) = Σ dy·x1·… over the places of dy (N, …, C) and the others."""
    out = integer(row, 0)
    dx, C, count = pointer(row, memory, out), last(row, out), size(row, 0)
    places, at = quotient(count, size(row, out)), part
    while at < size(row, out):
        n = quotient(at, C)
        summed = dx[at] if adds(row, out) else DTYPE(0.0)
        for p in range(places):
            summed += product_of(row, memory, (n * places + p) * C + at - n * C, at, count)
        dx[at] = summed
        at += row[ROW_PARTS]
