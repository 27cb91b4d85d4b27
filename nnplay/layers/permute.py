"""Permute: the axes in another order, such as channels first to channels last."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integers
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.places import place_in, put
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term

Array = NDArray[Any]
#: Sizes of the written axes, and how far apart the numbers read are along each; one axis has sizes 1 in front.
_INTEGERS = ("A", "B", "C", "D", "a", "b", "c", "d")


PERMUTE = LayerRecord(
    name="permute",
    title="Permute",
    family="shape",
    about="Reorders the axes: 3x1x2 makes the channels of an image its first axis.",
    when="When the next layer expects its channels or steps on another axis.",
    traits=Traits(change="linear"),
    torch="x.permute(0, *order)",
    twin=Twin("permute", lambda values, shape: {"dims": (0, *_axes(values))}),
    fields=(integers("order", REQUIRED, "axes in their new order, counted from 1, such as 2x1", high=4),),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"order": (3, 1, 2)}, (3, 4, 2)),
        Case({"order": (2, 3, 1)}, (3, 4, 2)),
        Case({"order": (2, 1)}, (5, 3)),
        Case({"order": 1}, (5,)),
        Case({"order": (1, 3, 2)}, (2, 17, 3)),
        Case({"order": (4, 2, 1, 3)}, (2, 3, 4, 5)),
    ),
    refused=(
        Refused({"order": (1, 1)}, (5, 3), "does not name each of the 2 axes once"),
        Refused({"order": (1, 2, 3)}, (5, 3), "use the numbers 1 … 2, such as 2x1"),
        Refused({"order": (0, 1)}, (5, 3), "≥ 1"),
    ),
)


def _axes(values: Mapping[str, Any]) -> tuple[int, ...]:
    """The field `order`, which is a number where there is one axis."""
    return values["order"] if isinstance(values["order"], tuple) else (values["order"],)


def _integers(shape: Shape, order: tuple[int, ...]) -> dict[str, int]:
    """The row's integers for reading `shape` with its axes in another order."""
    steps = [prod(shape[axis:]) for axis in order]
    sizes = [shape[axis - 1] for axis in order]
    return dict(zip(_INTEGERS, [1] * (4 - len(order)) + sizes + [0] * (4 - len(order)) + steps, strict=True))


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, A, B, C, …) → (N, …), the axes behind the batch, counted from 1, in the order given; no parameters.

    Raises:
        InputError: not every axis is named once.
    """
    order = _axes(values)
    every = tuple(range(1, len(shape) + 1))
    if tuple(sorted(order)) != every:
        given, example = ("x".join(str(axis) for axis in axes) for axes in (order, every[::-1]))
        what = f"order {given} does not name each of the {len(shape)} axes once"
        raise InputError(what, hint=f"use the numbers 1 … {len(shape)}, such as {example}")
    target = tuple(shape[axis - 1] for axis in order)
    back = tuple(order.index(axis) + 1 for axis in every)
    forward = _moved("permute", "x", "y", order, "Reorders the axes; computes nothing.")
    backward = _moved("permute backward", "dy", "dx", back, "Every gradient goes back to where its value was.")
    cost = 2 * prod(shape)
    return Plan(
        output=target,
        forward=(Use(forward, _integers(shape, order), cost),),
        backward=(Use(backward, _integers(target, back), cost),),
    )


def _moved(name: str, read: str, write: str, order: tuple[int, ...], words: str) -> Operation:
    """A row whose written axis k is the read axis `order[k]`, counted from 1 (0 is the batch)."""

    def element(at: tuple[int, ...], x: Named, **given: int) -> Term:
        place = [at[0], *(0,) * len(order)]
        for k, axis in enumerate(order):
            place[axis] = at[k + 1]
        return x[tuple(place)]

    def reference(x: Array, **given: int) -> Array:
        return np.transpose(x, (0, *order))

    return Operation(
        name=name,
        kernel=permute,
        cuda=(NumberRow(permute_cuda, gathers=True),),
        reads=(read,),
        writes=(write,),
        reference=reference,
        formula=f"{write} = transpose({read}, {(0, *order)})",
        words=words,
        element=element,
        integers=_INTEGERS,
        torch="torch.permute",
    )


@kernel
def permute(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,i,j,k,l] = x[n, i·a + j·b + k·c + l·d], for y (N, A, B, C, D)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    A, B, C, D = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    a, b, c, d = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7)
    start, stop = share(row, part, dimension(row, 0, 0) * A)
    for place in range(start, stop):
        n, i = place // A, place % A
        for j in range(B):
            for k in range(C):
                source = shifted(x, n * A * B * C * D + i * a + j * b + k * c)
                _strided(shifted(y, ((place * B + j) * C + k) * D), source, d, D, adds(row, 1))


@inline
def _strided(y: Any, x: Any, step: int, count: int, add: bool) -> None:
    """y[k] = x[k·step], or added, for `count` numbers."""
    if add:
        for k in range(count):
            y[k] += x[k * step]
    else:
        for k in range(count):
            y[k] = x[k * step]


@kernel
def permute_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `permute`: every parts-th number of y (N, A, B, C, D)."""
    x, y, A, B = pointer(row, memory, 0), pointer(row, memory, 1), integer(row, 0), integer(row, 1)
    C, D = integer(row, 2), integer(row, 3)
    at = part
    while at < size(row, 1):
        n, i, j, k, l = place_in(at, A, B, C, D)
        source = i * integer(row, 4) + j * integer(row, 5) + k * integer(row, 6) + l * integer(row, 7)
        put(y, at, x[n * A * B * C * D + source], adds(row, 1))
        at += row[ROW_PARTS]
