"""Sum: branches from one input whose outputs are added; a residual block is Sum(identity, layers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import integer, part_of
from nnplay.layers._branches import MAX_BRANCHES, refuse_branches
from nnplay.operations.unchanged import passed_back
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import total

SUM = LayerRecord(
    name="sum",
    title="Sum",
    family="combination",
    about="Parallel branches from one input, added up. sum[identity | linear 8, relu, linear 8] is a residual block.",
    when="For residual blocks, which let networks of fifty layers learn.",
    plan=lambda values, shapes: plan(values, shapes),
    traits=Traits(each_step=True, change="linear"),
    joins=True,
    torch="x + f(x)",
    twin=Twin("add", covers=lambda values, shapes: len(shapes) == 2),
    cases=(Case({}, (5,), branches=2), Case({}, (3, 4, 2), branches=3), Case({}, (17,), branches=5)),
    refused=(
        Refused({}, (), "at least two branches"),
        Refused({}, ((4,), (5,)), "only equal shapes"),
        Refused({}, ((1,),) * (MAX_BRANCHES + 1), "at most 64 branches"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """(N, …) of each branch → (N, …): all must end in the same shape. No parameters."""
    refuse_branches(
        "sum",
        shapes,
        lambda shape: shape,
        "only equal shapes can be added",
        example="sum[linear 8 | identity]",
        way_out="give every branch the same output size, for example with a projection",
    )
    cost = int(np.prod(shapes[0]))
    forward = (Use(_add(len(shapes)), {"branches": len(shapes)}, cost * (len(shapes) - 1)),)
    backward = tuple(Use(_BACK, cost=cost, names={"dx": f"dx{k}"}) for k in range(len(shapes)))
    return Plan(output=shapes[0], forward=forward, backward=backward)


def _add(branches: int) -> Operation:
    """The forward row for that many branches."""
    return Operation(
        name="sum of branches",
        kernel=add,
        cuda=(CudaRow(add),),
        reads=tuple(f"x{k}" for k in range(branches)),
        writes=("y",),
        reference=lambda *xs, branches: sum(xs[1:], xs[0]),
        formula="y = x0 + x1 + …",
        words="Adds the branches. With one branch an identity, the other only needs to learn a correction.",
        element=lambda at, *xs, branches: total(x[at] for x in xs),
        integers=("branches",),
        torch="torch.add",
    )


_BACK = passed_back(
    "gradient into a branch",
    "A sum passes its gradient to every branch unchanged, which is why gradients survive deep residual networks.",
)


@kernel
def add(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x0 + x1 + …, for branches and y (M,)."""
    branches = integer(row, 0)
    a, b, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part), part_of(row, memory, branches, part)
    for i in range(y.size):
        y[i] = a[i] + b[i]
    for k in range(2, branches):
        x = part_of(row, memory, k, part)
        for i in range(y.size):
            y[i] += x[i]
