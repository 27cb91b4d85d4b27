"""Ensemble: branches that are trained independently for one task, and averaged (as in Gorishniy et al., 2025)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, integer, part_of
from nnplay.layers._branches import MAX_BRANCHES, refuse_branches
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.worked import total

ENSEMBLE = LayerRecord(
    name="ensemble",
    title="Ensemble",
    family="combination",
    about="The mean of parallel branches. As the last layer, each branch has its own loss and trains independently.",
    when="For small tables: networks trained independently make different errors, which partly cancel in the mean.",
    plan=lambda values, shapes: plan(values, shapes),
    traits=Traits(each_step=True, change="linear", members=True),
    joins=True,
    torch="no module: torch.stack(branches).mean(0), and the mean of the branches' losses",
    cases=(Case({}, (5,), branches=2), Case({}, (3, 4, 2), branches=3), Case({}, (17,), branches=5)),
    refused=(
        Refused({}, (), "at least two branches"),
        Refused({}, ((4,), (5,)), "only equal shapes have a mean"),
        Refused({}, ((1,),) * (MAX_BRANCHES + 1), "at most 64 branches"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """(N, …) of each branch → (N, …): all must end in the same shape. No parameters."""
    refuse_branches(
        "ensemble",
        shapes,
        lambda shape: shape,
        "only equal shapes have a mean",
        example="ensemble[linear 8, relu, linear 2 | linear 8, relu, linear 2]",
        way_out="end every branch with the same output size",
    )
    count, cost = len(shapes), prod(shapes[0])
    forward = (Use(_mean(count), {"branches": count}, cost * count),)
    backward = tuple(Use(_BACK, {"branches": count}, cost, {"dx": f"dx{k}"}) for k in range(count))
    return Plan(output=shapes[0], forward=forward, backward=backward)


def _mean(branches: int) -> Operation:
    """The forward row for that many branches."""
    return Operation(
        name="mean of branches",
        kernel=mean,
        cuda=(CudaRow(mean),),
        reads=tuple(f"x{k}" for k in range(branches)),
        writes=("y",),
        reference=lambda *xs, branches: np.asarray(sum(xs[1:], xs[0]) / branches),
        formula="y = (x0 + x1 + …) / branches",
        words="The outputs of the branches are averaged, so errors that differ partly cancel.",
        element=lambda at, *xs, branches: total(x[at] for x in xs) / branches,
        integers=("branches",),
        torch="torch.stack(branches).mean(0)",
    )


@kernel
def mean(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = (x0 + x1 + …) / branches, for branches and y (M,)."""
    branches = integer(row, 0)
    a, b, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part), part_of(row, memory, branches, part)
    for i in range(y.size):
        y[i] = a[i] + b[i]
    for k in range(2, branches):
        x = part_of(row, memory, k, part)
        for i in range(y.size):
            y[i] += x[i]
    for i in range(y.size):
        y[i] /= branches


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = (x0 + x1 + …) / branches, so dx = dy / branches, both (M,)."""
    dy, dx, branches = part_of(row, memory, 0, part), part_of(row, memory, 1, part), integer(row, 0)
    if adds(row, 1):
        for i in range(dx.size):
            dx[i] += dy[i] / branches
    else:
        for i in range(dx.size):
            dx[i] = dy[i] / branches


_BACK = Operation(
    name="gradient into a branch of the mean",
    kernel=backward,
    cuda=(CudaRow(backward),),
    reads=("dy",),
    writes=("dx",),
    reference=lambda dy, branches: np.asarray(dy / branches),
    formula="dx = dy / branches",
    words="Each branch moves the mean by its share.",
    element=lambda at, dy, branches: dy[at] / branches,
    integers=("branches",),
    torch="autograd",
)
