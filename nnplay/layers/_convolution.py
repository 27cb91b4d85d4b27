"""What convolutions of sequences and of pictures, and their transposes, share: fields, plans, twins in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from nnplay.fields import REQUIRED, Field, choice, flag, integer, integers
from nnplay.operations.border import PAD, border, border_of
from nnplay.operations.convolution import PICTURE, SEQUENCE, ConvolutionRows
from nnplay.operations.extension import EXTEND, EXTEND_BACK, MODE_WORDS, MODES, check_extension
from nnplay.operations.partial_sums import ADD_PARTIAL_SUMS, count_chunks, sum_of
from nnplay.operations.window_geometry import Axis, check_groups, even_padding, left_over, padding_field, windows_of
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Parameter, Plan
from nnplay.records.operation import Planned, Shape, Use
from nnplay.records.twin import Place, Twin


def convolution_fields(shape: str, *, modes: bool = True) -> tuple[Field, ...]:
    """The fields of a convolution; `shape` says how a kernel is written ("3 or 3x5").

    Args:
        modes: padding may be made of something else than zeros.
    """
    fields = (
        integer("filters", REQUIRED, "number of output channels"),
        integers("kernel", 3, f"size of the windows, {shape}", short="k"),
        integers("stride", 1, "step between neighbouring windows", short="s"),
        padding_field("what is added at each border"),
        integers("dilation", 1, "spacing between the values of a window", short="d"),
        integer("groups", 1, "number of channel groups; depthwise: one per channel", choices=("depthwise",), short="g"),
        flag("bias", True, "add a learned constant to each channel"),
        choice("init", "auto", "weight initialisation; auto suits the next activation", SCHEMES),
    )
    mode = choice("padding_mode", "zeros", f"what padding is made of; {MODE_WORDS}", ("zeros", *MODES))
    return (*fields, mode) if modes else fields


def channels_outside(name: str, shape: Shape, values: Mapping[str, Any]) -> tuple[Place, ...]:
    """A kernel is (…, in, out) here and (out, in, …) there."""
    rank = len(shape)
    return (Place(name, (rank - 1, rank - 2, *range(rank - 2)) if rank > 1 else (0,)),)


def convolution_twin(path: str) -> Twin:
    """PyTorch's module, which pads both ends alike, except by "same" at a stride of 1."""

    def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
        return {
            "in_channels": shape[-1],
            "out_channels": values["filters"],
            "kernel_size": values["kernel"],
            "stride": values["stride"],
            "padding": even_padding(windows_of(values, shape[:-1])) or "same",
            "dilation": values["dilation"],
            "groups": shape[-1] if values["groups"] == "depthwise" else values["groups"],
            "bias": values["bias"],
            "padding_mode": values.get("padding_mode", "zeros"),
        }

    def covers(values: Mapping[str, Any], shape: Shape) -> bool:
        plain = values.get("parametrization", "none") == "none"  # a transposed convolution has no such field
        axes = windows_of(values, shape[:-1])
        same = values["padding"] == "same" and all(axis.stride == 1 for axis in axes)
        return plain and (same or even_padding(axes) is not None)

    return Twin(path, arguments, places=channels_outside, channels_first=True, covers=covers)


def plan_convolution(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, OH, OW, F) with weight (KH, KW, C/G, F), bias (F); a sequence (N, T, C) → (N, OT, F) alike.

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
    mode = values["padding_mode"] if padded else "zeros"
    forward = [_padding_row(mode, axes, prod(shape))] if padded else []
    operation = rows.forward if values["bias"] else rows.forward_plain
    forward.append(Use(operation, window, cost, source))

    backward, scratch = weight_rows(rows, weight, window, cost, source, values["bias"])
    more, place = _input_rows(rows, axes, groups, (weight, outputs), cost, mode)
    parameters = {"weight": weight_of(values["init"], weight, groups)}
    return Plan(
        output=(*outputs, filters),
        forward=tuple(forward),
        backward=(*backward, *more),
        parameters=parameters | ({"bias": Parameter((filters,))} if values["bias"] else {}),
        saved={"padded": ("N", *(axis.padded for axis in axes), channels)} if padded else {},
        scratch=scratch | place,
        multiply_adds=cost,
        note=left_over(axes),
    )


def _padding_row(mode: str, axes: tuple[Axis, ...], cost: int) -> Use:
    """The row that puts padding around x.

    Raises:
        InputError: the input is too small for this mode.
    """
    if mode == "zeros":
        return Use(PAD, border(*axes), cost, {"y": "padded"})
    check_extension(mode, [(axis.before, axis.size, axis.after) for axis in axes])
    return Use(EXTEND, border(*axes) | {"mode": MODES[mode]}, cost, {"y": "padded"})


def _input_rows(
    rows: ConvolutionRows, axes: tuple[Axis, ...], groups: int, shapes: tuple[Shape, Shape], cost: int, mode: str
) -> tuple[list[Use], dict[str, Planned]]:
    """The gradient of the input; padding that is made of it has a gradient too, which goes to where it came from."""
    if mode == "zeros":
        return input_rows(rows, axes, groups, shapes, cost)
    whole = tuple(replace(axis, size=axis.padded, before=0, after=0) for axis in axes)
    uses, scratch = input_rows(rows, whole, groups, shapes, cost)
    uses[-1] = replace(uses[-1], names={**uses[-1].names, "dx": "dpadded"})
    sizes, channels = tuple(axis.padded for axis in axes), shapes[0][-2] * groups
    integers = border(*axes) | {"mode": MODES[mode]}
    uses.append(Use(EXTEND_BACK, integers, prod(sizes) * channels, {"dy": "dpadded"}))
    return uses, scratch | {"dpadded": ("N", *sizes, channels)}


def weight_of(init: str, shape: Shape, groups: int) -> Parameter:
    """The weights of a convolution, (…, C / groups, F)."""
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
    chunks = count_chunks(count)
    uses = [
        Use(rows.weight, {**window, "chunks": chunks, "biased": int(biased)}, cost, source),
        Use(ADD_PARTIAL_SUMS, sum_of(weight), 1, {"y": "dweight"}),
    ]
    if biased:
        uses.append(Use(ADD_PARTIAL_SUMS, sum_of((filters,), count), names={"y": "dbias"}))
    return uses, {"partial_sums": (chunks, count + filters if biased else count)}


def bias_rows(rows: ConvolutionRows, filters: int, places: int) -> tuple[list[Use], dict[str, Planned]]:
    """The gradient of a bias alone."""
    chunks = count_chunks(filters)
    return [
        Use(rows.bias, {"chunks": chunks}, places * filters),
        Use(ADD_PARTIAL_SUMS, sum_of((filters,)), names={"partial_sums": "bias_partial_sums", "y": "dbias"}),
    ], {"bias_partial_sums": (chunks, filters)}


def input_rows(
    rows: ConvolutionRows, axes: tuple[Axis, ...], groups: int, shapes: tuple[Shape, Shape], cost: int
) -> tuple[list[Use], dict[str, Planned]]:
    """The gradient of the input: the weights transposed, dy with zeros around, then dy times those weights."""
    weight, outputs = shapes
    channels = weight[-2] * groups
    taps = (1, *weight[:-2])[-2:]
    transposed = (*taps, weight[-1] // groups, channels)
    gradient = window_integers(axes, groups) | input_gradient_integers(axes)
    around = [gradient_border(axis) for axis in axes]
    names = {"dy": "dy_padded"} if any(front or behind for front, behind in around) else {}
    uses = [Use(rows.transpose, {"G": groups}, 1)]
    scratch: dict[str, Planned] = {"transposed": transposed}
    if names:
        bordered = [(front, size, behind) for (front, behind), size in zip(around, outputs, strict=True)]
        zeros = Use(PAD, border_of(bordered), prod(outputs) * weight[-1], {"x": "dy", "y": "dy_padded"})
        uses.append(zeros)
        scratch["dy_padded"] = ("N", *(sum(parts) for parts in bordered), weight[-1])
    return [*uses, Use(rows.input_gradient, gradient, cost, names)], scratch


def gradient_border(axis: Axis) -> tuple[int, int]:
    """Zeros in front of and behind dy, so that every window that could touch an input is there."""
    front = max(0, (axis.span - 1 - axis.before) // axis.stride)
    return front, max(0, (axis.before + axis.size - 1) // axis.stride + 1 - axis.output)


def input_gradient_integers(axes: tuple[Axis, ...]) -> dict[str, int]:
    """The integers of the gradient of the input, besides those of the window."""
    height, width = (Axis(1, 1, 1, 1, 0, 0, 1), *axes)[-2:]
    return {
        "PH": height.before,
        "PW": width.before,
        "LH": gradient_border(height)[0],
        "LW": gradient_border(width)[0],
        "H": height.size,
        "W": width.size,
        "after": height.after if height.after == width.after else -1,
    }
