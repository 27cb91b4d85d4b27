"""Concat: branches that start from the same input and whose outputs are joined along the last axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.kernels.jit import kernel
from nnplay.kernels.operands import adds, integer, rows_of, share
from nnplay.layer import Case, LayerRecord, Plan, Refused
from nnplay.operation import Operation, Shape, Use, shape_text
from nnplay.worked import Named, Term

Array = NDArray[Any]
MAX_BRANCHES = 64


@kernel
def join(row: Any, clock: Any, memory: Any, part: int) -> None:
    branches = integer(row, 0)
    y = rows_of(row, memory, branches)
    start, stop = share(row, part, y.shape[0])
    offset = 0
    for k in range(branches):
        x = rows_of(row, memory, k)
        for n in range(start, stop):
            for c in range(x.shape[1]):
                y[n, offset + c] = x[n, c]
        offset += x.shape[1]


@kernel
def take(row: Any, clock: Any, memory: Any, part: int) -> None:
    dy, dx, offset = rows_of(row, memory, 0), rows_of(row, memory, 1), integer(row, 0)
    start, stop = share(row, part, dx.shape[0])
    for n in range(start, stop):
        if adds(row, 1):
            for c in range(dx.shape[1]):
                dx[n, c] += dy[n, offset + c]
        else:
            for c in range(dx.shape[1]):
                dx[n, c] = dy[n, offset + c]


def _element(at: tuple[int, ...], *xs: Named, branches: int) -> Term:
    *n, c = at
    for x in xs:
        if c < x.shape[-1]:
            return x[(*n, c)]
        c -= x.shape[-1]
    raise IndexError(at)


def _join(branches: int) -> Operation:
    """The forward row for that many branches."""
    return Operation(
        name="concat",
        kernel=join,
        reads=tuple(f"x{k}" for k in range(branches)),
        writes=("y",),
        reference=lambda *xs, branches: np.concatenate(xs, axis=-1),
        formula="y = [x0 | x1 | …] along the last axis",
        words="Puts the branches' outputs side by side, so that the next layer sees all of them.",
        element=_element,
        integers=("branches",),
        torch="torch.cat",
    )


def _take(branch: int, width: int) -> Operation:
    """The backward row into one branch, whose output is that wide."""
    return Operation(
        name=f"gradient into branch {branch + 1}",
        kernel=take,
        reads=("dy",),
        writes=(f"dx{branch}",),
        reference=lambda dy, offset: dy[..., offset : offset + width],
        formula=f"dx{branch}[…,c] = dy[…, offset + c]",
        words="Each branch gets the gradients of the numbers that it put in.",
        element=lambda at, dy, offset: dy[(*at[:-1], at[-1] + offset)],
        integers=("offset",),
        torch="autograd",
    )


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """All branches must agree in every axis but the last."""
    _refuse(shapes)
    widths = [shape[-1] for shape in shapes]
    output = (*shapes[0][:-1], sum(widths))
    cost = int(np.prod(output))
    backward = tuple(
        Use(_take(k, width), {"offset": sum(widths[:k])}, int(np.prod(shapes[k]))) for k, width in enumerate(widths)
    )
    return Plan(
        output=output,
        forward=(Use(_join(len(shapes)), {"branches": len(shapes)}, cost),),
        backward=backward,
    )


def _refuse(shapes: tuple[Shape, ...]) -> None:
    hint = "write concat[linear 8 | linear 4]"
    if len(shapes) < 2:
        raise InputError(f"needs at least two branches, has {len(shapes)}", where="concat", hint=hint)
    if len(shapes) > MAX_BRANCHES:
        raise InputError(f"takes at most {MAX_BRANCHES} branches, has {len(shapes)}", where="concat", hint=hint)
    for number, shape in enumerate(shapes[1:], 2):
        if shape[:-1] != shapes[0][:-1]:
            raise InputError(
                f"branch {number} ends in {shape_text(shape)}, branch 1 in {shape_text(shapes[0])}: "
                "only the last axis may differ",
                where="concat",
                hint="end each branch in the same height and width",
            )


CONCAT = LayerRecord(
    name="concat",
    title="Concat",
    family="combination",
    about="Branches from one input, joined side by side: Inception blocks, the skips of a U-Net.",
    plan=plan,
    joins=True,
    torch="torch.cat",
    cases=(
        Case({}, (5,), branches=2),
        Case({}, ((3,), (17,), (1,)), branches=3),
        Case({}, ((3, 4, 2), (3, 4, 5)), branches=2),
    ),
    refused=(
        Refused({}, (), "at least two branches"),
        Refused({}, ((4, 4, 3), (5, 5, 3)), "only the last axis may differ"),
        Refused({}, ((4,), (2, 4)), "only the last axis may differ"),
        Refused({}, ((1,),) * (MAX_BRANCHES + 1), "at most 64 branches"),
    ),
)
