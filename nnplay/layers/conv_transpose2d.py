"""ConvTranspose2d: every input number paints a small picture of weights; the way up in U-Nets and autoencoders."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.layers._convolution import (
    bias_rows,
    gradient_border,
    input_gradient_integers,
    weight_rows,
    window_integers,
)
from nnplay.layers._transposed import reversed_axes, transposed_fields, transposed_twin, transposed_weight
from nnplay.operations.border import PAD, border, border_of
from nnplay.operations.convolution import PICTURE
from nnplay.operations.window_geometry import Axis, check_groups, need_rank
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused, Traits
from nnplay.records.operation import Planned, Shape, Use

CONV_TRANSPOSE2D = LayerRecord(
    name="conv_transpose2d",
    title="ConvTranspose2d",
    family="convolution",
    traits=Traits(follows_activation=True),
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
    ),
    refused=(
        Refused({"filters": 2, "kernel": 2, "padding": 3}, (3, 3, 1), "use padding 2 or less"),
        Refused({"filters": 2}, (9,), "needs an image"),
        Refused({"filters": 4, "groups": 3}, (3, 3, 6), "use groups 1 or 2"),
        Refused({"filters": 4, "stride": 0}, (3, 3, 6), "≥ 1"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A picture (N, H, W, C) → (N, OH, OW, F) with weight (KH, KW, F/G, C), bias (F)."""
    need_rank(shape, 3)
    axes = reversed_axes(values, shape[:-1])
    channels, filters, groups = shape[-1], values["filters"], values["groups"]
    check_groups(groups, channels, filters)
    outputs = tuple(axis.size for axis in axes)
    weight = (*(axis.kernel for axis in axes), filters // groups, channels)
    cost = prod(shape[:-1]) * prod(weight)
    window = window_integers(axes, groups)

    bordered = [(*gradient_border(axis), size) for axis, size in zip(axes, shape[:-1], strict=True)]
    around = any(front or behind for front, behind, _ in bordered)
    transposed = (*weight[:2], channels // groups, filters)
    scratch: dict[str, Planned] = {"transposed": transposed}
    forward = [Use(PICTURE.transpose, {"G": groups}, prod(weight))]
    if around:
        scratch["x_padded"] = ("N", *(sum(parts) for parts in bordered), channels)
        sizes = [(front, size, behind) for front, behind, size in bordered]
        forward.append(Use(PAD, border_of(sizes), prod(shape), {"y": "x_padded"}))
    gradient = PICTURE.input_gradient_bias if values["bias"] else PICTURE.input_gradient
    names = {"dy": "x_padded" if around else "x", "dx": "y"}
    forward.append(Use(gradient, window | input_gradient_integers(axes), cost, names))

    backward, more = _backward(values, axes, (weight, shape, outputs), window, cost)
    initial = transposed_weight(values["init"], weight, axes, groups)
    return Plan(
        output=(*outputs, filters),
        forward=tuple(forward),
        backward=tuple(backward),
        parameters={"weight": initial} | ({"bias": Parameter((filters,))} if values["bias"] else {}),
        scratch=scratch | more,
        multiply_adds=cost,
    )


def _backward(
    values: Mapping[str, Any],
    axes: tuple[Axis, ...],
    shapes: tuple[Shape, Shape, Shape],
    window: dict[str, int],
    cost: int,
) -> tuple[list[Use], dict[str, Planned]]:
    """The gradients, which are those of an ordinary convolution with input and output exchanged."""
    weight, shape, outputs = shapes
    window = window | {"OH": shape[0], "OW": shape[1]}
    uses: list[Use] = []
    scratch: dict[str, Planned] = {}
    source = "dy"
    if any(axis.before or axis.after for axis in axes):
        source = "dy_padded"
        scratch[source] = ("N", *(axis.padded for axis in axes), values["filters"])
        uses.append(Use(PAD, border(*axes), prod(outputs) * values["filters"], {"x": "dy", "y": source}))
    more, place = weight_rows(PICTURE, weight, window, cost, {"x": source, "dy": "x"}, False)
    uses, scratch = uses + more, scratch | place
    if values["bias"]:
        more, place = bias_rows(PICTURE, values["filters"], prod(outputs))
        uses, scratch = uses + more, scratch | place
    return [*uses, Use(PICTURE.forward_plain, window, cost, {"x": source, "y": "dx"})], scratch
