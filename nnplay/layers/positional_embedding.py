"""PositionalEmbedding: a learned vector for each position of a sequence is added to it, as in GPT-2 and BERT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from nnplay.fields import choice
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, dimension, pointer, share, shifted
from nnplay.kernels.span_sums import zero
from nnplay.layers._recurrence import sequence
from nnplay.operations.padding import keep_padding, padded_field
from nnplay.operations.positions import ADD_AT_CLOCK, ADD_POSITIONS
from nnplay.operations.unchanged import passed_back
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.worked import total

POSITIONAL_EMBEDDING = LayerRecord(
    name="positional_embedding",
    title="Positional embedding",
    family="sequence",
    about="Adds a learned vector for each position to a sequence, so that attention knows the order of its steps.",
    when="Right before the first attention layer, with enough data to learn the positions; else positional_encoding.",
    torch="no module of its own: x + Embedding(steps, features)(arange(steps)), as in GPT-2",
    fields=(
        choice("init", "normal", "initialisation of the vectors; normal is N(0, 0.05²)", SCHEMES[1:]),
        padded_field(),
    ),
    plan=lambda values, shape: plan(values, shape),
    decode=lambda values, shape, context: decode(values, shape, context),
    cases=(
        Case({}, (5, 4)),
        Case({}, (1, 1)),
        Case({"init": "lecun_normal", "padded": True}, (3, 17)),
    ),
    refused=(
        Refused({}, (5,), "needs a sequence (steps, features)"),
        Refused({}, (8, 8, 3), "needs a sequence (steps, features)"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, C) → (N, T, C) with weight (T, C): a row of C numbers for each position."""
    steps, features = sequence(shape)
    cost = steps * features
    planned = Plan(
        output=shape,
        parameters={"weight": Parameter((steps, features), values["init"], 1, features, decays=True)},
        forward=(Use(ADD_POSITIONS, cost=cost),),
        backward=(Use(_backward_weight_operation(), cost=cost), Use(_BACK, cost=cost)),
    )
    return keep_padding(planned, shape) if values["padded"] else planned


def decode(values: Mapping[str, Any], shape: Shape, context: int) -> Plan | None:
    """One step (N, 1, C) → (N, 1, C) with the weight (T, C) of all positions; None where steps may be padding."""
    if values["padded"]:
        return None
    whole = plan(values, (context, shape[1]))
    return replace(whole, output=shape, forward=(Use(ADD_AT_CLOCK, names={"table": "weight"}),), backward=())


@cache
def _backward_weight_operation() -> Operation:
    return Operation(
        name="gradient of weight",
        kernel=backward_weight,
        cuda=(CudaRow(backward_weight),),
        reads=("dy",),
        writes=("dweight",),
        reference=lambda dy: dy.sum(axis=0),
        formula="dweight[t,c] = Σₙ dy[n,t,c]",
        words="A position's vector was added in every example, so its gradient is the sum over the batch.",
        element=lambda at, dy: total(dy[(n, *at)] for n in range(dy.shape[0])),
        torch="autograd",
    )


_BACK = passed_back("gradient of x", "A vector was added, so the gradient passes unchanged.")


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x + weight, so dweight[t,c] = Σₙ dy[n,t,c], for dy (N, T, C), dweight (T, C).

    Parts are positions, so each sum has one order.
    """
    dy, dweight = pointer(row, memory, 0), pointer(row, memory, 1)
    N, T, C = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2)
    start, stop = share(row, part, T)
    for t in range(start, stop):
        W = shifted(dweight, t * C)
        if not adds(row, 1):
            zero(W, C)
        for n in range(N):
            D = shifted(dy, (n * T + t) * C)
            for c in range(C):
                W[c] += D[c]
