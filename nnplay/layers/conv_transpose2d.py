"""ConvTranspose2d: every input number paints a small picture of weights; the way up in U-Nets and autoencoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.layers._transposed_convolution import plan_transposed, transposed_fields, transposed_twin
from nnplay.operations.window_geometry import need_rank
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape

CONV_TRANSPOSE2D = LayerRecord(
    name="conv_transpose2d",
    title="ConvTranspose2d",
    family="convolution",
    traits=Traits(follows_activation=True, change="linear"),
    about="Transposed convolution: enlarges images by painting with learned strokes.",
    when="To get back to full size, in autoencoders and segmentation.",
    torch="ConvTranspose2d",
    twin=transposed_twin("nn.ConvTranspose2d"),
    fields=transposed_fields("2 or 2x4"),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"filters": 3}, (3, 2, 2)),
        Case({"filters": 2, "kernel": 3, "padding": "same"}, (3, 4, 3)),
        Case({"filters": 4, "kernel": 4, "padding": 1, "bias": False}, (3, 3, 2)),
        Case({"filters": 4, "kernel": (3, 2), "stride": (1, 3)}, (4, 2, 3)),
        Case({"filters": 4, "kernel": 3, "stride": 2, "dilation": 2, "padding": 1}, (3, 4, 2)),
        Case({"filters": 6, "kernel": 3, "stride": 2, "groups": 2}, (3, 3, 4)),
        Case({"filters": 3, "kernel": 1, "stride": 2}, (3, 1, 2)),
        Case({"filters": 2, "kernel": 3, "stride": 1, "padding": 2}, (5, 5, 2)),
        Case({"filters": 3, "groups": 3, "kernel": 3}, (3, 2, 3)),
        Case({"filters": 2, "kernel": 3}, (1, 1, 2)),
        Case({"filters": 2, "kernel": 3, "padding": ((1, 0), 1), "output_padding": (0, 1)}, (3, 4, 2)),
    ),
    refused=(
        Refused({"filters": 2, "kernel": 2, "padding": 3}, (3, 3, 1), "use padding 2 or less"),
        Refused(
            {"filters": 2, "output_padding": 2}, (3, 3, 1), "not below the stride 2 or the dilation 1; use 1 or less"
        ),
        Refused({"filters": 2}, (9,), "needs an image"),
        Refused({"filters": 4, "groups": 3}, (3, 3, 6), "use groups 1 or 2"),
        Refused({"filters": 4, "stride": 0}, (3, 3, 6), "≥ 1"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A picture (N, H, W, C) → (N, OH, OW, F) with weight (KH, KW, F/G, C), bias (F)."""
    need_rank(shape, 3)
    return plan_transposed(values, shape)
