"""PositionalEncoding: waves added to a sequence, by which attention can tell its steps apart (Vaswani et al., 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import adds, cube, integer, matrix, share
from nnplay.layers._recurrence import sequence
from nnplay.operations.positions import ADD_AT_CLOCK
from nnplay.operations.waves import USUAL_BASE, WAVES
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


POSITIONAL_ENCODING = LayerRecord(
    name="positional_encoding",
    title="Positional encoding",
    family="sequence",
    about="Adds sine and cosine waves to a sequence, so that attention knows the order of its steps.",
    when="Right before the first attention layer; without it, order is invisible.",
    torch="no module of its own; spelled out in PyTorch's tutorial",
    fields=(flag("padded", False, "treat steps whose features are all 0 as padding: they stay 0"),),
    plan=lambda values, shape: plan(values, shape),
    decode=lambda values, shape, context: decode(values, shape, context),
    cases=(
        Case({}, (5, 4)),
        Case({}, (1, 1)),
        Case({}, (3, 17)),
        Case({"padded": True}, (4, 3)),
    ),
    refused=(
        Refused({}, (5,), "needs a sequence (steps, features)"),
        Refused({}, (8, 8, 3), "needs a sequence (steps, features)"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, C) → (N, T, C); no parameters."""
    steps, features = sequence(shape)
    integers = {"padded": int(values["padded"])}
    cost = steps * features
    return Plan(
        output=shape,
        scratch={"waves": (steps, features)},
        forward=(Use(WAVES, {"base": USUAL_BASE}), Use(_add_operation(), integers, cost=cost)),
        backward=(Use(_backward_operation(), integers, cost=cost),),
    )


def decode(values: Mapping[str, Any], shape: Shape, context: int) -> Plan | None:
    """One step (N, 1, C) → (N, 1, C) with the waves (T, C) of all positions; None where steps may be padding."""
    if values["padded"]:
        return None
    added = Use(ADD_AT_CLOCK, names={"table": "waves"})
    return Plan(
        output=shape,
        scratch={"waves": (context, shape[1])},
        forward=(Use(WAVES, {"base": USUAL_BASE}), added),
        backward=(),
    )


@cache
def _add_operation() -> Operation:
    return Operation(
        name="x + waves",
        kernel=add_waves,
        cuda=(CudaRow(add_waves),),
        reads=("x", "waves"),
        writes=("y",),
        reference=lambda x, waves, padded: np.where(_there(x, padded), x + waves, 0).astype(x.dtype),
        formula="y[n,t,c] = x[n,t,c] + waves[t,c]",
        words="Attention treats a sequence as a set. The waves tell it where in the sequence a step is.",
        element=_element,
        integers=("padded",),
        torch="torch.add",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="gradient of x",
        kernel=backward,
        cuda=(CudaRow(backward),),
        reads=("x", "dy"),
        writes=("dx",),
        reference=lambda x, dy, padded: np.where(_there(x, padded), dy, 0).astype(dy.dtype),
        formula="dx = dy",
        words="A constant was added, so the gradient passes unchanged.",
        element=_element_back,
        integers=("padded",),
        torch="autograd",
    )


def _there(x: Array, padded: int) -> Array:
    return (x != 0).any(axis=2, keepdims=True) if padded else np.ones((*x.shape[:2], 1), np.bool_)


def _element(at: tuple[int, ...], x: Named, waves: Named, padded: int) -> Term:
    n, t, c = at
    return x[at] + waves[t, c] if _there(x.array, padded)[n, t, 0] else as_term(0.0)


def _element_back(at: tuple[int, ...], x: Named, dy: Named, padded: int) -> Term:
    return dy[at] * 1.0 if _there(x.array, padded)[at[0], at[1], 0] else as_term(0.0)


@inline
def is_step(x: Any, n: int, t: int, C: int, padded: int) -> bool:
    """Whether step t is one: with padding, a step whose features are all 0 is none."""
    there = padded == 0
    for c in range(C):
        there = there or x[n, t, c] != 0.0
    return there


@kernel
def add_waves(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,t,c] = x[n,t,c] + table[t,c], 0 at padding; x, y (N, T, C), table (T, C)."""
    x, table, y = cube(row, memory, 0), matrix(row, memory, 1), cube(row, memory, 2)
    N, T, C = x.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for t in range(T):
            there = is_step(x, n, t, C, integer(row, 0))
            for c in range(C):
                y[n, t, c] = x[n, t, c] + table[t, c] if there else 0.0


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x + table, so dx = dy, 0 at padding; x, dy, dx (N, T, C)."""
    x, dy, dx = cube(row, memory, 0), cube(row, memory, 1), cube(row, memory, 2)
    N, T, C = x.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for t in range(T):
            there = is_step(x, n, t, C, integer(row, 0))
            for c in range(C):
                passed = dy[n, t, c] if there else 0.0
                dx[n, t, c] = dx[n, t, c] + passed if adds(row, 2) else passed
