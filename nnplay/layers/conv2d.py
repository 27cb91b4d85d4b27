"""Conv2d: a small matrix of weights slides over pictures; the layer that sees the same thing wherever it stands."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.fields import REQUIRED, Field, choice, flag, integer, integers
from nnplay.operations.border import PAD, frame, frame_of
from nnplay.operations.convolution import PICTURE, SEQUENCE, ConvolutionRows
from nnplay.operations.partial_sums import ADD_PORTIONS, portions_of, sum_of
from nnplay.operations.window_geometry import Axis, check_groups, need_rank, windows_of
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused, Traits
from nnplay.records.operation import Planned, Shape, Use
from nnplay.records.twin import Place, Twin


def plan_convolution(values: Mapping[str, Any], shape: Shape) -> Plan:
    """The plan of a convolution along all axes but the last, which is the channels; one or two axes.

    Raises:
        InputError: windows that do not fit, or groups that do not divide.
    """
    axes = windows_of(values, shape[:-1])
    channels, filters = shape[-1], values["filters"]
    groups = channels if values["groups"] == "depthwise" else values["groups"]
    check_groups(groups, channels, filters)
    outputs = tuple(axis.output for axis in axes)
    weight = (*(axis.kernel for axis in axes), channels // groups, filters)
    cost = prod(outputs) * prod(weight)
    window = window_integers(axes, groups) | {"OH": (1, *outputs)[-2], "OW": outputs[-1]}
    rows = PICTURE if len(axes) == 2 else SEQUENCE

    padded = any(axis.before or axis.after for axis in axes)
    source = {"x": "padded"} if padded else {}
    forward = [Use(PAD, frame(*axes), cost=prod(shape), names={"y": "padded"})] if padded else []
    operation = rows.forward if values["bias"] else rows.forward_plain
    forward.append(Use(operation, window, cost, source))

    backward, scratch = weight_rows(rows, weight, window, cost, source, values["bias"])
    more, place = input_rows(rows, axes, groups, (weight, outputs), cost)
    parameters = {"weight": _weight(values["init"], weight, groups)}
    return Plan(
        output=(*outputs, filters),
        forward=tuple(forward),
        backward=(*backward, *more),
        parameters=parameters | ({"bias": Parameter((filters,))} if values["bias"] else {}),
        saved={"padded": ("N", *(axis.padded for axis in axes), channels)} if padded else {},
        scratch=scratch | place,
        multiply_adds=cost,
    )


def _weight(init: str, shape: Shape, groups: int) -> Parameter:
    fan_in = prod(shape[:-1])
    return Parameter(shape, init, fan_in, prod(shape[:-2]) * shape[-1] // groups, decays=True)


def window_integers(axes: tuple[Axis, ...], groups: int) -> dict[str, int]:
    """Kernel, stride and dilation of both axes (a sequence has one line), and the groups."""
    height, width = (Axis(1, 1, 1, 1, 0, 0, 1), *axes)[-2:]
    return {
        "KH": height.kernel,
        "KW": width.kernel,
        "SH": height.stride,
        "SW": width.stride,
        "DH": height.dilation,
        "DW": width.dilation,
        "G": groups,
    }


def weight_rows(
    rows: ConvolutionRows, weight: Shape, window: dict[str, int], cost: int, source: dict[str, str], biased: bool
) -> tuple[list[Use], dict[str, Planned]]:
    """The gradients of weights and bias; `source` says which operands stand for x and dy."""
    count, filters = prod(weight), weight[-1]
    portions = portions_of(count)
    uses = [
        Use(rows.weight, {**window, "portions": portions, "biased": int(biased)}, cost, source),
        Use(ADD_PORTIONS, sum_of(weight), 1, {"y": "dweight"}),
    ]
    if biased:
        uses.append(Use(ADD_PORTIONS, sum_of((filters,), count), names={"y": "dbias"}))
    return uses, {"portions": (portions, count + filters if biased else count)}


def bias_rows(rows: ConvolutionRows, filters: int, places: int) -> tuple[list[Use], dict[str, Planned]]:
    """The gradient of a bias alone."""
    portions = portions_of(filters)
    return [
        Use(rows.bias, {"portions": portions}, places * filters),
        Use(ADD_PORTIONS, sum_of((filters,)), names={"portions": "bias_portions", "y": "dbias"}),
    ], {"bias_portions": (portions, filters)}


def input_rows(
    rows: ConvolutionRows, axes: tuple[Axis, ...], groups: int, shapes: tuple[Shape, Shape], cost: int
) -> tuple[list[Use], dict[str, Planned]]:
    """The gradient of the input: the weights transposed, dy with zeros around, then dy spread by those weights."""
    weight, outputs = shapes
    channels = weight[-2] * groups
    taps = (1, *weight[:-2])[-2:]
    turned = (*taps, weight[-1] // groups, channels)
    spread = window_integers(axes, groups) | spread_integers(axes)
    around = [spread_frame(axis) for axis in axes]
    names = {"dy": "dy_padded"} if any(front or behind for front, behind in around) else {}
    uses = [Use(rows.turn, {"G": groups}, 1)]
    scratch: dict[str, Planned] = {"turned": turned}
    if names:
        framed = [(front, size, behind) for (front, behind), size in zip(around, outputs, strict=True)]
        zeros = Use(PAD, frame_of(framed), prod(outputs) * weight[-1], {"x": "dy", "y": "dy_padded"})
        uses.append(zeros)
        scratch["dy_padded"] = ("N", *(sum(parts) for parts in framed), weight[-1])
    return [*uses, Use(rows.spread, spread, cost, names)], scratch


def spread_frame(axis: Axis) -> tuple[int, int]:
    """Zeros in front of and behind dy, so that every window that could touch an input is there."""
    front = max(0, (axis.span - 1 - axis.before) // axis.stride)
    return front, max(0, (axis.before + axis.size - 1) // axis.stride + 1 - axis.output)


def spread_integers(axes: tuple[Axis, ...]) -> dict[str, int]:
    """The integers of a row that spreads, besides those of the window."""
    height, width = (Axis(1, 1, 1, 1, 0, 0, 1), *axes)[-2:]
    return {
        "PH": height.before,
        "PW": width.before,
        "LH": spread_frame(height)[0],
        "LW": spread_frame(width)[0],
        "H": height.size,
        "W": width.size,
    }


def convolution_fields(shape: str) -> tuple[Field, ...]:
    """The fields of a convolution; `shape` says how a kernel is written ("3 or 3x5")."""
    return (
        integer("filters", REQUIRED, "number of output channels"),
        integers("kernel", 3, f"size of the windows, {shape}", short="k"),
        integers("stride", 1, "distance between neighbouring windows", short="s"),
        integers("padding", "valid", "zeros at each border", low=0, choices=("same", "valid"), short="p"),
        integers("dilation", 1, "distance between neighbouring numbers of a window", short="d"),
        integer(
            "groups", 1, "parts into which the channels are cut; depthwise: one each", choices=("depthwise",), short="g"
        ),
        flag("bias", True, "add a learned constant to each channel"),
        choice("init", "auto", "how the weights begin; auto follows the activation behind", SCHEMES),
    )


def channels_outside(name: str, shape: Shape, values: Mapping[str, Any]) -> tuple[Place, ...]:
    """A kernel is (…, in, out) here and (out, in, …) there."""
    rank = len(shape)
    return (Place(name, (rank - 1, rank - 2, *range(rank - 2)) if rank > 1 else (0,)),)


def convolution_twin(path: str) -> Twin:
    """PyTorch's module; it has no padding "same" for strides."""

    def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
        return {
            "in_channels": shape[-1],
            "out_channels": values["filters"],
            "kernel_size": values["kernel"],
            "stride": values["stride"],
            "padding": values["padding"],
            "dilation": values["dilation"],
            "groups": shape[-1] if values["groups"] == "depthwise" else values["groups"],
            "bias": values["bias"],
        }

    def covers(values: Mapping[str, Any], shape: Shape) -> bool:
        return bool(values["padding"] != "same" or values["stride"] == 1)

    return Twin(path, arguments, places=channels_outside, channels_first=True, covers=covers)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """Pictures (height, width, channels)."""
    need_rank(shape, 3)
    return plan_convolution(values, shape)


CONV2D = LayerRecord(
    name="conv2d",
    title="Conv2d",
    family="convolution",
    traits=Traits(follows_activation=True),
    about="Convolution of pictures: every filter looks for its pattern in all places.",
    torch="Conv2d",
    twin=convolution_twin("nn.Conv2d"),
    fields=convolution_fields("3 or 3x5"),
    plan=plan,
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
        Case({"filters": 2, "kernel": 4}, (4, 4, 2)),
        Case({"filters": 2, "kernel": 2, "padding": 3}, (2, 3, 2)),
        Case({"filters": 35, "kernel": 3, "padding": "same"}, (4, 17, 9)),
        Case({"filters": 3, "padding": "same"}, (1, 1, 2)),
    ),
    refused=(
        Refused({"filters": 2, "kernel": 4, "stride": 2}, (7, 7, 1), "kernel 4, stride 2 leaves a remainder of 1"),
        Refused({"filters": 2, "kernel": 7}, (5, 5, 1), "reaches over 7, the input has 5"),
        Refused({"filters": 2}, (25,), "needs a picture"),
        Refused({"filters": 4, "groups": 3}, (5, 5, 6), "use groups 1 or 2"),
        Refused({"filters": 4, "kernel": (3, 3, 3)}, (5, 5, 6), "3 numbers for 2 axes"),
        Refused({"filters": 4, "groups": "many"}, (5, 5, 6), "or depthwise"),
        Refused({"filters": 0}, (5, 5, 6), "≥ 1"),
    ),
)
