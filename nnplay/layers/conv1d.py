"""Conv1d: a short matrix of weights slides along sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.layers._convolution import convolution_fields, convolution_twin, plan_convolution
from nnplay.operations.parametrization import parametrization_field, parametrized
from nnplay.operations.window_geometry import need_rank
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape

CONV1D = LayerRecord(
    name="conv1d",
    title="Conv1d",
    family="convolution",
    traits=Traits(follows_activation=True, outputs="filters", change="linear"),
    about="Convolution over sequences: every filter looks for its pattern at every step.",
    when="For sound, sensors and other series where a pattern may appear at any time.",
    torch="Conv1d",
    twin=convolution_twin("nn.Conv1d"),
    fields=(*convolution_fields("such as 3"), parametrization_field()),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"filters": 3, "padding": "same"}, (6, 2)),
        Case({"filters": 2, "kernel": 2, "bias": False}, (3, 1)),
        Case({"filters": 5, "kernel": 5, "stride": 2, "padding": 2}, (7, 3)),
        Case({"filters": 4, "stride": 2, "padding": "same"}, (8, 3)),
        Case({"filters": 4, "dilation": 2, "stride": 3, "padding": 1}, (9, 2)),
        Case({"filters": 6, "padding": "same", "groups": 2}, (7, 4)),
        Case({"filters": 3, "groups": "depthwise", "padding": "same"}, (5, 3)),
        Case({"filters": 2, "kernel": 4, "padding": "same", "padding_mode": "circular"}, (4, 3)),
        Case({"filters": 2, "kernel": 4, "stride": 3}, (9, 2)),
        Case({"filters": 33, "kernel": 3}, (19, 17)),
        Case({"filters": 3, "padding": "same"}, (1, 2)),
        Case({"filters": 4, "dilation": 2, "groups": 2, "stride": 2, "padding": 2}, (5, 4)),
    ),
    refused=(
        Refused({"filters": 2, "kernel": 7}, (5, 1), "spans 7, but the input has only 5"),
        Refused({"filters": 2}, (5, 5, 1), "needs a sequence"),
        Refused({"filters": 4, "groups": 3}, (5, 6), "use groups 1 or 2"),
        Refused({"filters": 2, "padding": 3, "padding_mode": "reflect"}, (3, 1), "pad by 2 or less, or use replicate"),
        Refused({"filters": 4, "kernel": (3, 3)}, (5, 6), "2 numbers for 1 axis"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, C) → (N, OT, F) with weight (K, C/G, F), bias (F)."""
    need_rank(shape, 2)
    return parametrized(plan_convolution(values, shape), values["parametrization"])
