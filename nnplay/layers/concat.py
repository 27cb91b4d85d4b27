"""Concat: branches that start from the same input and whose outputs are joined along the last axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import COMPILING, inline, kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import last, zero
from nnplay.layers._branches import MAX_BRANCHES, refuse_branches
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term

if COMPILING:
    from nnplay.kernels.masked_copy import put
    from nnplay.kernels.tile import LANES
else:
    LANES = 1

Array = NDArray[Any]
CONCAT = LayerRecord(
    name="concat",
    title="Concat",
    family="combination",
    about="Parallel branches from one input, concatenated: Inception blocks, the skips of a U-Net.",
    when="When branches see different things and the next layer should choose between them.",
    plan=lambda values, shapes: plan(values, shapes),
    traits=Traits(each_step=True, change="linear"),
    joins=True,
    torch="torch.cat",
    twin=Twin("cat", lambda values, shape: {"dim": -1}, listed=True),
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


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """(N, …, c) of each branch → (N, …, Σ c); all must agree in every axis but the last. No parameters."""
    refuse_branches(
        "concat",
        shapes,
        lambda shape: shape[:-1],
        "only the last axis may differ",
        example="concat[linear 8 | linear 4]",
        way_out="give every branch the same output height and width",
    )
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


def _join(branches: int) -> Operation:
    """The forward row for that many branches."""
    return Operation(
        name="concat",
        kernel=join,
        cuda=(CudaRow(join),),
        reads=tuple(f"x{k}" for k in range(branches)),
        writes=("y",),
        reference=lambda *xs, branches: np.concatenate(xs, axis=-1),
        formula="y = [x0 | x1 | …] along the last axis",
        words="Concatenates the branches' outputs, so that the next layer sees all of them.",
        element=_element,
        integers=("branches",),
        torch="torch.cat",
    )


def _take(branch: int, width: int) -> Operation:
    """The backward row into one branch, whose output is that wide."""
    return Operation(
        name=f"gradient into branch {branch + 1}",
        kernel=take,
        cuda=(CudaRow(take),),
        reads=("dy",),
        writes=(f"dx{branch}",),
        reference=lambda dy, offset: dy[..., offset : offset + width],
        formula=f"dx{branch}[…,c] = dy[…, offset + c]",
        words="Each branch gets the gradients of the values it contributed.",
        element=lambda at, dy, offset: dy[(*at[:-1], at[-1] + offset)],
        integers=("offset",),
        torch="autograd",
    )


def _element(at: tuple[int, ...], *xs: Named, branches: int) -> Term:
    *n, c = at
    for x in xs:
        if c < x.shape[-1]:
            return x[(*n, c)]
        c -= x.shape[-1]
    raise IndexError(at)


@kernel
def join(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (…, C) = [x0 | x1 | …], for branches (…, c) whose widths c add up to C."""
    branches = integer(row, 0)
    y, C = pointer(row, memory, branches), last(row, branches)
    start, stop = share(row, part, size(row, branches) // C)
    for k in range(branches):
        c = last(row, k)
        copy_columns(shifted(y, start * C), C, shifted(pointer(row, memory, k), start * c), c, stop - start, c, 0)
        y = shifted(y, c)


@kernel
def join_padded(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, HP, WP, C) = zeros around what `join` writes for branches (N, H, W, c)."""
    branches = integer(row, 0)
    H, W, top, left, HP, WP = (
        integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5), integer(row, 6)
    )  # fmt: skip
    y, C = pointer(row, memory, branches), last(row, branches)
    start, stop = share(row, part, dimension(row, 0, 0) * HP)
    for line in range(start, stop):
        n, h = line // HP, line % HP - top
        target = shifted(y, line * WP * C)
        if not 0 <= h < H:
            zero(target, WP * C)
            continue
        zero(target, left * C)
        zero(shifted(target, (left + W) * C), (WP - left - W) * C)
        target = shifted(target, left * C)
        for k in range(branches):
            c = last(row, k)
            copy_columns(target, C, shifted(pointer(row, memory, k), (n * H + h) * W * c), c, W, c, 0)
            target = shifted(target, c)


@kernel
def take(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[…, offset + j] = x[…, j], so dx[…, j] = dy[…, offset + j], for dx (…, c), dy (…, C)."""
    dy, dx = pointer(row, memory, 0), pointer(row, memory, 1)
    C, c = last(row, 0), last(row, 1)
    start, stop = share(row, part, size(row, 1) // c)
    source = shifted(dy, start * C + integer(row, 0))
    copy_columns(shifted(dx, start * c), c, source, C, stop - start, c, 1 if adds(row, 1) else 0)


@inline
def copy_columns(target: Any, target_row: int, source: Any, source_row: int, rows: int, columns: int, add: int) -> None:
    """Copies, or adds, a matrix whose rows stand apart on both sides."""
    for n in range(rows):
        for c in range(0, columns, LANES):
            place = shifted(target, n * target_row + c)
            put(place, shifted(source, n * source_row + c), min(LANES, columns - c), add)
