"""Sequential: layers one after the other, as one named block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.records.layer import LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

SEQUENTIAL = LayerRecord(
    name="sequential",
    title="Sequential",
    family="combination",
    about="A chain of layers folded into one block, which can have a name.",
    when="To fold a long stretch of the network into one line.",
    plan=lambda values, shape: plan(values, shape),
    contains=True,
    torch="Sequential",
    twin=Twin("nn.Sequential"),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …) → (N, …): it has no rows of its own, since the compiler walks its layers."""
    return Plan(output=shape, forward=(), backward=())
