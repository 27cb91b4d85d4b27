"""Recall: the output of an earlier layer, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.fields import REQUIRED, text
from nnplay.operations.copy import copy
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Traits
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.worked import Named, Term

RECALL = LayerRecord(
    name="recall",
    title="Recall",
    family="combination",
    about="The output of an earlier layer once more, whatever lies between: `recall features`.",
    when="To look at something again that was worked out before: features, boxes, the first part of a network.",
    plan=lambda values, shape: plan(values, shape),
    fields=(text("layer", REQUIRED, "name of a layer in front of this one"),),
    recalls="layer",
    traits=Traits(change="linear"),
    torch="a variable that is used again",
    cases=(Case({"layer": "front"}, (5,)), Case({"layer": "front"}, (3, 4, 2))),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) of the layer that is named → (N, …); no parameters."""
    size = 1
    for length in shape:
        size *= length
    return Plan(output=shape, forward=(Use(_FORWARD, cost=size),), backward=(Use(_BACKWARD, cost=size),))


def _element(at: tuple[int, ...], x: Named) -> Term:
    return x[at]


_FORWARD = Operation(
    name="recall",
    kernel=copy,
    cuda=(NumberRow(copy),),
    reads=("x",),
    writes=("y",),
    reference=lambda x: x.copy(),
    formula="y = x, the output of the layer that is named",
    words="Hands on what an earlier layer gave. Nothing is computed.",
    element=_element,
    torch="a variable that is used again",
)
_BACKWARD = Operation(
    name="recall backward",
    kernel=copy,
    cuda=(NumberRow(copy),),
    reads=("dy",),
    writes=("dx",),
    reference=lambda dy: dy.copy(),
    formula="dx = dy, added to what reaches that layer otherwise",
    words="The gradient goes straight back to the layer that is named.",
    element=_element,
    torch="autograd",
)
