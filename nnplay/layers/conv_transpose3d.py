"""ConvTranspose3d: every input number paints a small block of weights; the way up in networks for volumes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.layers._convolution import bias_rows, weight_rows
from nnplay.layers._transposed_convolution import (
    reversed_axes,
    transposed_fields,
    transposed_twin,
    transposed_weight,
)
from nnplay.layers._volume_convolution import border_around, gradient_rows, volume_window
from nnplay.operations.volume_border import INSIDE, PAD
from nnplay.operations.volume_convolution import VOLUME
from nnplay.operations.window_geometry import Axis, check_groups, need_rank
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused, Traits
from nnplay.records.operation import Planned, Shape, Use

CONV_TRANSPOSE3D = LayerRecord(
    name="conv_transpose3d",
    title="ConvTranspose3d",
    family="convolution",
    traits=Traits(follows_activation=True, change="linear"),
    about="Transposed convolution: enlarges volumes and clips by painting with learned blocks.",
    when="To get back to full size, in autoencoders and segmentation of volumes.",
    torch="ConvTranspose3d",
    twin=transposed_twin("nn.ConvTranspose3d"),
    fields=transposed_fields("2 or 2x4x4"),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"filters": 3}, (2, 3, 2, 2)),
        Case({"filters": 2, "kernel": 3, "groups": 2}, (1, 1, 1, 2)),
        Case({"filters": 2, "kernel": 3, "padding": "same"}, (2, 3, 4, 3)),
        Case(
            {"filters": 4, "kernel": (3, 2, 4), "stride": (1, 3, 2), "padding": (1, 0, 1), "bias": False}, (3, 2, 3, 2)
        ),
        Case(
            {"filters": 6, "kernel": 2, "dilation": (2, 1, 2), "groups": 2, "output_padding": (1, 0, 1)}, (2, 2, 3, 4)
        ),
        Case(
            {"filters": 2, "stride": (1, 1, 2), "dilation": 3, "padding": ((0, 1), 1, 0), "output_padding": (2, 1, 0)},
            (2, 3, 2, 1),
        ),
    ),
    refused=(
        Refused({"filters": 2, "padding": 3}, (3, 3, 3, 1), "use padding 2 or less"),
        Refused({"filters": 2}, (9, 9, 1), "needs a volume"),
        Refused({"filters": 4, "groups": 3}, (3, 3, 3, 6), "use groups 1 or 2"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A volume (N, D, H, W, C) → (N, OD, OH, OW, F) with weight (KD, KH, KW, F/G, C), bias (F).

    Raises:
        InputError: no volume, groups that do not divide, or padding that takes everything away.
    """
    need_rank(shape, 4)
    axes = reversed_axes(values, shape)
    channels, filters, groups = shape[-1], values["filters"], values["groups"]
    check_groups(groups, channels, filters)
    outputs = tuple(axis.size for axis in axes)
    weight = (*(axis.kernel for axis in axes), filters // groups, channels)
    cost = prod(shape[:-1]) * prod(weight)

    whole: Planned = ("N", *(axis.padded for axis in axes), filters)
    cut = whole[1:-1] != outputs
    target = "y_whole" if cut else "y"
    names = {"dy": "x", "dx": target}
    forward, scratch = gradient_rows(axes, groups, (filters, channels), cost, names, values["bias"])
    if cut:
        scratch[target] = whole
        forward.append(Use(INSIDE, border_around(axes), prod(outputs) * filters, {"x": target}))

    backward, more = _backward(values, axes, weight, whole, cost)
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
    values: Mapping[str, Any], axes: tuple[Axis, ...], weight: Shape, whole: Planned, cost: int
) -> tuple[list[Use], dict[str, Planned]]:
    """The gradients, which are those of an ordinary convolution with input and output exchanged."""
    filters, outputs = values["filters"], tuple(axis.size for axis in axes)
    window = volume_window(axes, values["groups"])
    uses: list[Use] = []
    scratch: dict[str, Planned] = {}
    source = "dy"
    if whole[1:-1] != outputs:
        source = "dy_padded"
        scratch[source] = whole
        uses.append(Use(PAD, border_around(axes), prod(outputs) * filters, {"x": "dy", "y": source}))
    more, place = weight_rows(VOLUME, weight, window, cost, {"x": source, "dy": "x"}, False)
    uses, scratch = uses + more, scratch | place
    if values["bias"]:
        more, place = bias_rows(VOLUME, filters, prod(outputs))
        uses, scratch = uses + more, scratch | place
    return [*uses, Use(VOLUME.forward_plain, window, cost, {"x": source, "y": "dx"})], scratch
