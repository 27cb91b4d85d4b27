"""Conv2d: a small matrix of weights slides over pictures; the layer that sees the same thing wherever it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.layers._convolution import convolution_fields, convolution_twin, plan_convolution
from nnplay.operations.parametrization import parametrization_field, parametrized
from nnplay.operations.window_geometry import need_rank
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape

CONV2D = LayerRecord(
    name="conv2d",
    title="Conv2d",
    family="convolution",
    traits=Traits(follows_activation=True, outputs="filters", change="linear"),
    about="Convolution over images: every filter looks for its pattern everywhere.",
    when="For images: far fewer weights than linear, and better results.",
    torch="Conv2d",
    twin=convolution_twin("nn.Conv2d"),
    fields=(*convolution_fields("3 or 3x5"), parametrization_field()),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"filters": 3, "padding": "same"}, (5, 6, 2)),
        Case({"filters": 2, "kernel": 2, "bias": False}, (3, 3, 1)),
        Case({"filters": 5, "kernel": (3, 5), "stride": (2, 1), "padding": (1, 2)}, (7, 6, 3)),
        Case({"filters": 4, "kernel": 3, "stride": 2, "padding": "same"}, (7, 8, 3)),
        Case({"filters": 4, "kernel": 3, "stride": 3, "dilation": 2, "padding": 1}, (9, 12, 2)),
        Case({"filters": 6, "dilation": (2, 1), "padding": "same", "groups": 2}, (6, 7, 4)),
        Case({"filters": 3, "groups": "depthwise", "padding": "same", "stride": 2}, (5, 4, 3)),
        Case({"filters": 4, "groups": "depthwise", "kernel": 2}, (4, 4, 2)),
        Case({"filters": 3, "kernel": 1, "stride": 2}, (5, 5, 4)),
        Case({"filters": 2, "kernel": 4, "stride": (3, 2)}, (9, 7, 2)),
        Case({"filters": 2, "kernel": 2, "padding": 3}, (2, 3, 2)),
        Case({"filters": 35, "kernel": 3, "padding": "same"}, (4, 17, 9)),
        Case({"filters": 3, "padding": "same"}, (1, 1, 2)),
        Case({"filters": 2, "padding": ((0, 1), (2, 0))}, (5, 4, 2)),
        Case({"filters": 4, "stride": 2, "padding": 1, "groups": 2, "padding_mode": "reflect"}, (6, 5, 2)),
        Case({"filters": 2, "stride": 2, "padding": "same_upper", "padding_mode": "replicate"}, (6, 6, 3)),
        Case({"filters": 4, "groups": 2, "kernel": 2, "parametrization": "weight_norm"}, (3, 4, 4)),
    ),
    refused=(
        Refused({"filters": 2, "kernel": 7}, (5, 5, 1), "spans 7, but the input has only 5"),
        Refused({"filters": 2}, (25,), "needs an image"),
        Refused({"filters": 4, "groups": 3}, (5, 5, 6), "use groups 1 or 2"),
        Refused({"filters": 4, "kernel": (3, 3, 3)}, (5, 5, 6), "3 numbers for 2 axes"),
        Refused({"filters": 4, "groups": "many"}, (5, 5, 6), "or depthwise"),
        Refused({"filters": 0}, (5, 5, 6), "≥ 1"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A picture (N, H, W, C) → (N, OH, OW, F) with weight (KH, KW, C/G, F), bias (F)."""
    need_rank(shape, 3)
    return parametrized(plan_convolution(values, shape), values["parametrization"])
