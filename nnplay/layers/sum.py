"""Sum: branches that start from the same input and whose outputs are added; a residual block is Sum(identity, layers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnplay.errors import InputError
from nnplay.kernels.jit import kernel
from nnplay.kernels.operands import adds, flat, share
from nnplay.layer import Case, LayerRecord, Plan, Refused
from nnplay.operation import Operation, Shape, Use, shape_text


@kernel
def start_sum(row: Any, clock: Any, memory: Any, part: int) -> None:
    a, b, y = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    start, stop = share(row, part, y.size)
    for i in range(start, stop):
        y[i] = a[i] + b[i]


@kernel
def copy_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    dy, dx = flat(row, memory, 0), flat(row, memory, 1)
    start, stop = share(row, part, dx.size)
    if adds(row, 1):
        for i in range(start, stop):
            dx[i] += dy[i]
    else:
        for i in range(start, stop):
            dx[i] = dy[i]


_ADD = Operation(
    name="sum of branches",
    kernel=start_sum,
    reads=("a", "b"),
    writes=("y",),
    reference=lambda a, b: a + b,
    formula="y = a + b",
    words="Adds the branches. With one branch left as it is, layers only need to learn a correction: a residual block.",
    element=lambda at, a, b: a[at] + b[at],
    torch="torch.add",
)
_BACK = Operation(
    name="gradient into a branch",
    kernel=copy_gradient,
    reads=("dy",),
    writes=("dx",),
    reference=lambda dy: dy.copy(),
    formula="dx = dy",
    words="A sum hands its gradient to every branch unchanged, which is why gradients survive deep residual networks.",
    element=lambda at, dy: dy[at] * 1.0,
    torch="autograd",
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """All branches must end in the same shape."""
    if len(shapes) < 2:
        raise InputError(f"needs at least two branches, has {len(shapes)}", where="sum", hint="write sum[linear 8 | identity]")
    for number, shape in enumerate(shapes[1:], 2):
        if shape != shapes[0]:
            raise InputError(
                f"branch {number} ends in {shape_text(shape)}, branch 1 in {shape_text(shapes[0])}: only equal shapes can be added",
                where="sum",
                hint="end each branch with a layer of the same size, such as a projection",
            )
    cost = int(np.prod(shapes[0]))
    forward = [Use(_ADD, cost=cost, names={"a": "x0", "b": "x1", "y": "y" if len(shapes) == 2 else "sum1"})]
    for k in range(2, len(shapes)):
        out = "y" if k == len(shapes) - 1 else f"sum{k}"
        forward.append(Use(_ADD, cost=cost, names={"a": f"sum{k - 1}", "b": f"x{k}", "y": out}))
    backward = tuple(Use(_BACK, cost=cost, names={"dx": f"dx{k}"}) for k in range(len(shapes)))
    saved = {f"sum{k}": ("N", *shapes[0]) for k in range(1, len(shapes) - 1)}
    return Plan(output=shapes[0], forward=tuple(forward), backward=backward, saved=saved)


SUM = LayerRecord(
    name="sum",
    title="Sum",
    family="combination",
    about="Branches from one input, added up. sum[identity | linear 8, relu, linear 8] is a residual block.",
    plan=plan,
    joins=True,
    torch="x + f(x)",
    cases=(Case({}, (5,), branches=2), Case({}, (3, 4, 2), branches=3)),
    refused=(Refused({}, (), "at least two branches"),),
)
