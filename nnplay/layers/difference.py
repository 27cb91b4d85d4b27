"""Difference: what one branch outputs minus what another one does."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.errors import InputError
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, part_of
from nnplay.layers._branches import refuse_branches
from nnplay.operations.unchanged import passed_back
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.twin import Twin

DIFFERENCE = LayerRecord(
    name="difference",
    title="Difference",
    family="combination",
    about="The first of two branches minus the second.",
    when="To compare two views of one input, or to let a network say only what is left over.",
    traits=Traits(each_step=True, change="linear"),
    plan=lambda values, shapes: plan(values, shapes),
    joins=True,
    torch="x - f(x)",
    twin=Twin("sub"),
    cases=(Case({}, (5,), branches=2), Case({}, (3, 4, 2), branches=2)),
    refused=(
        Refused({}, (), "at least two branches"),
        Refused({}, ((4,), (4,), (4,)), "takes two branches, but has 3"),
        Refused({}, ((4,), (5,)), "only equal shapes"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """(N, …) of both branches → (N, …): they must end in the same shape. No parameters.

    Raises:
        InputError: not two branches, or of different shapes.
    """
    example = "difference[linear 8 | identity]"
    refuse_branches(
        "difference",
        shapes,
        lambda shape: shape,
        "only equal shapes can be subtracted",
        example=example,
        way_out="give every branch the same output size, for example with a projection",
    )
    if len(shapes) > 2:
        raise InputError(f"takes two branches, but has {len(shapes)}", where="difference", hint=f"write {example}")
    cost = prod(shapes[0])
    return Plan(
        output=shapes[0],
        forward=(Use(_FORWARD, cost=cost),),
        backward=(Use(_FIRST, cost=cost, names={"dx": "dx0"}), Use(_SECOND, cost=cost, names={"dx": "dx1"})),
    )


@kernel
def subtract(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x0 − x1, all (M,)."""
    a, b, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part), part_of(row, memory, 2, part)
    for i in range(y.size):
        y[i] = a[i] - b[i]


@kernel
def negate(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x0 − x1, so dx1 = −dy, both (M,)."""
    dy, dx = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    if adds(row, 1):
        for i in range(dx.size):
            dx[i] -= dy[i]
    else:
        for i in range(dx.size):
            dx[i] = -dy[i]


_FORWARD = Operation(
    name="difference of branches",
    kernel=subtract,
    cuda=(NumberRow(subtract),),
    reads=("x0", "x1"),
    writes=("y",),
    reference=lambda x0, x1: x0 - x1,
    formula="y = x0 − x1",
    words="Subtracts the second branch from the first.",
    element=lambda at, x0, x1: x0[at] - x1[at],
    torch="torch.sub",
)
_FIRST = passed_back("gradient into branch 1", "The first branch moves the difference as it moves itself.")
_SECOND = Operation(
    name="gradient into branch 2",
    kernel=negate,
    cuda=(NumberRow(negate),),
    reads=("dy",),
    writes=("dx",),
    reference=lambda dy: -dy,
    formula="dx1 = −dy",
    words="What makes the second branch larger makes the difference smaller, so its gradient is turned round.",
    element=lambda at, dy: -dy[at],
    torch="autograd",
)
