"""Flatten: an image or a sequence as one long row of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnplay.operations.copy import copy
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Traits
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term

FLATTEN = LayerRecord(
    name="flatten",
    title="Flatten",
    family="shape",
    about="Turns an image or a sequence into one row of numbers, as linear layers expect.",
    when="Once, between the convolutions and the linear layers after them.",
    traits=Traits(change="linear"),
    plan=lambda values, shape: plan(values, shape),
    torch="Flatten",
    twin=Twin("nn.Flatten"),
    cases=(Case({}, (5,)), Case({}, (3, 4, 2)), Case({}, (4, 7))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, M), all numbers of an example in one axis; no parameters."""
    cost = int(np.prod(shape))
    forward, backward = _operations(shape)
    return Plan(output=(cost,), forward=(Use(forward, cost=cost),), backward=(Use(backward, cost=cost),))


def _operations(shape: Shape) -> tuple[Operation, Operation]:
    """Forward and backward row for one shape of input."""
    forward = Operation(
        name="flatten",
        kernel=copy,
        cuda=(NumberRow(copy),),
        reads=("x",),
        writes=("y",),
        reference=lambda x: x.reshape(len(x), -1),
        formula="y[n,i] = x[n,…]",
        words="Lays each example's values out in one row. Nothing is computed.",
        element=_element,
        torch="torch.flatten(x, 1)",
    )
    backward = Operation(
        name="flatten backward",
        kernel=copy,
        cuda=(NumberRow(copy),),
        reads=("dy",),
        writes=("dx",),
        reference=lambda dy: dy.reshape(len(dy), *shape),
        formula="dx[n,…] = dy[n,i]",
        words="Passes every gradient back to where its value came from.",
        element=lambda at, dy: dy[at[0], int(np.ravel_multi_index(at[1:], shape))],
        torch="autograd",
    )
    return forward, backward


def _element(at: tuple[int, ...], x: Named) -> Term:
    n, place = at
    return x[(n, *(int(k) for k in np.unravel_index(place, x.shape[1:])))]
