"""Conv3d: a small block of weights slides through volumes and clips; it sees several slices or frames at once."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.layers._convolution import convolution_fields, convolution_twin, weight_of, weight_rows
from nnplay.layers._volume_convolution import border_rows, gradient_rows, volume_window
from nnplay.operations.volume_convolution import VOLUME
from nnplay.operations.window_geometry import check_groups, left_over, need_rank, windows_of
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused, Traits
from nnplay.records.operation import Planned, Shape, Use

CONV3D = LayerRecord(
    name="conv3d",
    title="Conv3d",
    family="convolution",
    traits=Traits(follows_activation=True, outputs="filters", change="linear"),
    about="Convolution over volumes and clips: every filter looks for its pattern in space, or in space and time.",
    when="For scans, and for clips where what happens shows only from one frame to the next.",
    torch="Conv3d",
    twin=convolution_twin("nn.Conv3d"),
    fields=convolution_fields("3 or 2x3x3"),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"filters": 3, "padding": "same"}, (3, 4, 5, 2)),
        Case({"filters": 2, "kernel": 2, "bias": False}, (2, 3, 2, 1)),
        Case({"filters": 4, "kernel": (1, 2, 3), "stride": (2, 1, 2), "padding": (0, (0, 1), 2)}, (4, 3, 5, 3)),
        Case({"filters": 4, "dilation": (2, 1, 2), "padding": "same", "groups": 2, "stride": 2}, (5, 4, 3, 4)),
        Case({"filters": 3, "groups": "depthwise", "kernel": 2, "stride": 3, "padding": 1}, (3, 4, 4, 3)),
        Case({"filters": 17, "kernel": (2, 1, 1)}, (2, 1, 8, 9)),
        Case({"filters": 3, "padding": "same"}, (1, 1, 1, 2)),
        Case({"filters": 2, "padding": 1, "padding_mode": "reflect"}, (3, 2, 4, 2)),
        Case({"filters": 2, "padding": (0, (1, 2), 1), "padding_mode": "replicate", "stride": 2}, (3, 2, 4, 3)),
        Case({"filters": 2, "kernel": 2, "padding": "same", "padding_mode": "circular"}, (2, 3, 2, 2)),
    ),
    refused=(
        Refused({"filters": 2, "kernel": 4}, (3, 7, 7, 1), "spans 4, but the input has only 3"),
        Refused({"filters": 2}, (16, 4, 1), "needs a volume or clip (depth × height × width × channels)"),
        Refused({"filters": 4, "groups": 3}, (5, 5, 5, 6), "use groups 1 or 2"),
        Refused({"filters": 4, "kernel": (3, 3)}, (5, 5, 5, 6), "2 numbers for 3 axes"),
        Refused({"filters": 2, "padding": 3, "padding_mode": "reflect"}, (5, 3, 5, 6), "pad by 2 or less"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A volume (N, D, H, W, C) → (N, OD, OH, OW, F) with weight (KD, KH, KW, C/G, F), bias (F).

    Raises:
        InputError: no volume, windows that do not fit, or groups that do not divide.
    """
    need_rank(shape, 4)
    axes = windows_of(values, shape[:-1])
    channels, filters = shape[-1], values["filters"]
    groups = channels if values["groups"] == "depthwise" else values["groups"]
    check_groups(groups, channels, filters)
    outputs = tuple(axis.output for axis in axes)
    weight = (*(axis.kernel for axis in axes), channels // groups, filters)
    cost, window = prod(outputs) * prod(weight), volume_window(axes, groups)

    whole: Planned = ("N", *(axis.padded for axis in axes), channels)
    padded = whole[1:] != shape
    source = {"x": "padded"} if padded else {}
    there, back = border_rows(values["padding_mode"], axes, prod(shape), "dx_padded")
    forward = [there] if padded else []
    forward.append(Use(VOLUME.forward if values["bias"] else VOLUME.forward_plain, window, cost, source))

    backward, scratch = weight_rows(VOLUME, weight, window, cost, source, values["bias"])
    target = "dx_padded" if padded else "dx"
    more, place = gradient_rows(axes, groups, (channels, filters), cost, {"dy": "dy", "dx": target}, False)
    if padded:
        place[target] = whole
        more.append(back)
    parameters = {"weight": weight_of(values["init"], weight, groups)}
    return Plan(
        output=(*outputs, filters),
        forward=tuple(forward),
        backward=(*backward, *more),
        parameters=parameters | ({"bias": Parameter((filters,))} if values["bias"] else {}),
        saved={"padded": whole} if padded else {},
        scratch=scratch | place,
        multiply_adds=cost,
        note=left_over(axes),
    )
