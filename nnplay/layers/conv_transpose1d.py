"""ConvTranspose1d: every step of the input paints a short stroke of weights; the way up for sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.layers._transposed_convolution import plan_transposed, transposed_fields, transposed_twin
from nnplay.operations.window_geometry import need_rank
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape

CONV_TRANSPOSE1D = LayerRecord(
    name="conv_transpose1d",
    title="ConvTranspose1d",
    family="convolution",
    traits=Traits(follows_activation=True, change="linear"),
    about="Transposed convolution over sequences: makes them longer by painting with learned strokes.",
    when="To get sound or a series back to full length, in autoencoders.",
    torch="ConvTranspose1d",
    twin=transposed_twin("nn.ConvTranspose1d"),
    fields=transposed_fields("such as 2"),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"filters": 3}, (3, 2)),
        Case({"filters": 2, "kernel": 3, "padding": "same"}, (5, 3)),
        Case({"filters": 4, "kernel": 4, "stride": 3, "dilation": 2, "padding": 1, "bias": False}, (3, 2)),
        Case({"filters": 6, "kernel": 3, "groups": 2, "padding": 1, "output_padding": 1}, (4, 4)),
        Case({"filters": 2, "kernel": 3, "groups": 2, "padding": "same_lower"}, (1, 2)),
    ),
    refused=(
        Refused({"filters": 2, "kernel": 2, "padding": 3}, (3, 1), "use padding 2 or less"),
        Refused({"filters": 2, "padding": "same", "output_padding": 1}, (3, 1), "or give padding as numbers"),
        Refused({"filters": 2}, (3, 3, 1), "needs a sequence"),
        Refused({"filters": 4, "kernel": (3, 3)}, (5, 6), "2 numbers for 1 axis"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, C) → (N, OT, F) with weight (K, F/G, C), bias (F)."""
    need_rank(shape, 2)
    return plan_transposed(values, shape)
