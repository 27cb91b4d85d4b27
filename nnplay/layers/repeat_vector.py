"""Repeat vector: the same numbers at every step of a sequence, as what a decoder reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integer
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, cube, matrix, share
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.worked import total

Array = NDArray[Any]

REPEAT_VECTOR = LayerRecord(
    name="repeat_vector",
    title="RepeatVector",
    family="shape",
    about="Makes a sequence of one vector by repeating it: what a decoder reads at each of its steps.",
    when="Between an encoder's last state and a recurrent decoder, as Keras' RepeatVector.",
    traits=Traits(change="linear"),
    torch="x[:, None].expand(-1, times, -1)",
    fields=(integer("times", REQUIRED, "steps of the sequence", high=10_000),),
    plan=lambda values, shape: plan(values, shape),
    cases=(Case({"times": 3}, (5,)), Case({"times": 1}, (1,)), Case({"times": 4}, (17,))),
    refused=(
        Refused({"times": 0}, (5,), "≥ 1"),
        Refused({"times": 2}, (4, 5), "needs a single vector"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, C) → (N, T, C), the same at each of T steps; no parameters."""
    if len(shape) != 1:
        hint = "put output=last on the recurrent layer before it, or flatten before it"
        raise InputError(f"needs a single vector (features,); the input is {shape_text(shape)}", hint=hint)
    T, cost = values["times"], values["times"] * shape[0]
    return Plan(
        output=(T, *shape),
        forward=(Use(_forward_operation(), {"times": T}, cost),),
        backward=(Use(_backward_operation(), cost=cost),),
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="repeat",
        kernel=forward,
        cuda=(CudaRow(forward),),
        reads=("x",),
        writes=("y",),
        reference=lambda x, times: np.repeat(x[:, None], times, axis=1),
        formula="y[n,t] = x[n], at each step t",
        words="Writes the same vector at every step.",
        element=lambda at, x, times: x[at[0], at[2]] * 1.0,
        integers=("times",),
        torch="torch.Tensor.expand",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="repeat backward",
        kernel=backward,
        cuda=(CudaRow(backward),),
        reads=("dy",),
        writes=("dx",),
        reference=lambda dy: dy.sum(axis=1),
        formula="dx[n,c] = Σₜ dy[n,t,c]",
        words="The vector was used at every step, so what all of them blame it for is added up.",
        element=lambda at, dy: total(dy[at[0], t, at[1]] for t in range(dy.shape[1])),
        torch="autograd",
    )


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,t] = x[n]; x (N, C), y (N, T, C)."""
    x, y = matrix(row, memory, 0), cube(row, memory, 1)
    start, stop = share(row, part, x.shape[0])
    for n in range(start, stop):
        for t in range(y.shape[1]):
            for c in range(x.shape[1]):
                y[n, t, c] = x[n, c]


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,t] = x[n], so dx[n] = Σₜ dy[n,t]; dy (N, T, C), dx (N, C)."""
    dy, dx = cube(row, memory, 0), matrix(row, memory, 1)
    start, stop = share(row, part, dx.shape[0])
    for n in range(start, stop):
        for c in range(dx.shape[1]):
            found = dx[n, c] if adds(row, 1) else 0.0
            for t in range(dy.shape[1]):
                found += dy[n, t, c]
            dx[n, c] = found
