"""What transposed convolutions share: fields, sizes, twins in PyTorch, and plans of sequences and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, Field, choice, flag, integer, integers
from nnplay.layers._convolution import (
    bias_rows,
    channels_outside,
    gradient_border,
    input_gradient_integers,
    weight_rows,
    window_integers,
)
from nnplay.operations.border import PAD, border, border_of
from nnplay.operations.convolution import PICTURE, SEQUENCE, ConvolutionRows
from nnplay.operations.window_geometry import Axis, Padding, check_groups, ends, fit, padding_field, per_axis, span
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Parameter, Plan
from nnplay.records.operation import Planned, Shape, Use
from nnplay.records.twin import Twin


def transposed_fields(shape: str) -> tuple[Field, ...]:
    """The fields of a transposed convolution; `shape` says how a kernel is written ("2 or 2x4")."""
    return (
        integer("filters", REQUIRED, "number of output channels"),
        integers("kernel", 2, f"size of a stroke, {shape}", short="k"),
        integers("stride", 2, "step between neighbouring strokes", short="s"),
        padding_field("how much to cut off at each border"),
        integers("dilation", 1, "spacing between the values of a stroke", short="d"),
        integer("groups", 1, "number of channel groups", short="g"),
        flag("bias", True, "add a learned constant to each channel"),
        choice("init", "auto", "weight initialisation; auto suits the next activation", SCHEMES),
        integers(
            "output_padding", 0, "values added at the end, below the stride or the dilation; not with same", low=0
        ),
    )


def transposed_twin(path: str) -> Twin:
    """PyTorch's module: what is cut off less at the end than in front is its output padding."""

    def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
        axes = reversed_axes(values, shape)
        return {
            "in_channels": shape[-1],
            "out_channels": values["filters"],
            "kernel_size": values["kernel"],
            "stride": values["stride"],
            "padding": tuple(axis.before for axis in axes),
            "output_padding": tuple(_added(axis) for axis in axes),
            "dilation": values["dilation"],
            "groups": values["groups"],
            "bias": values["bias"],
        }

    def covers(values: Mapping[str, Any], shape: Shape) -> bool:
        return all(0 <= _added(axis) < max(axis.stride, axis.dilation) for axis in reversed_axes(values, shape))

    return Twin(path, arguments, places=channels_outside, channels_first=True, covers=covers)


def _added(axis: Axis) -> int:
    """How many numbers more there are than with the padding in front at both ends."""
    return axis.size + 2 * axis.before - (axis.output - 1) * axis.stride - axis.span


def reversed_axes(values: Mapping[str, Any], shape: Shape) -> tuple[Axis, ...]:
    """The windows, along each axis, of the convolution that the layer is the reverse of.

    Raises:
        InputError: as of `per_axis` and `reversed_axis`.
    """
    names = ("kernel", "stride", "padding", "dilation", "output_padding")
    given = [per_axis(values[name], len(shape) - 1, name) for name in names]
    return tuple(reversed_axis(*one) for one in zip(shape[:-1], *given, strict=True))


def reversed_axis(size: int, kernel: int, stride: int, padding: Padding, dilation: int, added: int) -> Axis:
    """The windows of the convolution that this layer is the reverse of: its output is what this layer's input is.

    Raises:
        InputError: the padding takes everything away, or more is added than a stride leaves open.
    """
    if added >= max(stride, dilation):
        what = f"output_padding {added} is not below the stride {stride} or the dilation {dilation}"
        raise InputError(what, hint=f"use {max(stride, dilation) - 1} or less")
    if isinstance(padding, str) and padding != "valid":
        if added:
            what = f"padding {padding} decides the size by itself, without output_padding {added}"
            raise InputError(what, hint="leave output_padding out, or give padding as numbers")
        return fit(size * stride, kernel, stride, padding, dilation)
    before, after = ends(size, kernel, stride, padding, dilation)
    whole = (size - 1) * stride + span(kernel, dilation) + added
    if whole - before - after < 1:
        width = f"{before}" if before == after else f"{before}:{after}"
        what = f"input {size}, kernel {kernel}, stride {stride} give {whole}, of which padding {width} leaves nothing"
        raise InputError(what, hint=f"use padding {(whole - 1) // 2} or less")
    return Axis(whole - before - after, kernel, stride, dilation, before, after, size)


def plan_transposed(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, OH, OW, F) with weight (KH, KW, F/G, C), bias (F); a sequence (N, T, C) → (N, OT, F) alike.

    Raises:
        InputError: as of `reversed_axes`, or groups that do not divide.
    """
    axes = reversed_axes(values, shape)
    rows = PICTURE if len(axes) == 2 else SEQUENCE
    channels, filters, groups = shape[-1], values["filters"], values["groups"]
    check_groups(groups, channels, filters)
    outputs = tuple(axis.size for axis in axes)
    weight = (*(axis.kernel for axis in axes), filters // groups, channels)
    cost = prod(shape[:-1]) * prod(weight)
    window = window_integers(axes, groups)

    bordered = [(*gradient_border(axis), size) for axis, size in zip(axes, shape[:-1], strict=True)]
    around = any(front or behind for front, behind, _ in bordered)
    transposed = (*(1, *weight[:-2])[-2:], channels // groups, filters)
    scratch: dict[str, Planned] = {"transposed": transposed}
    forward = [Use(rows.transpose, {"G": groups}, prod(weight))]
    if around:
        scratch["x_padded"] = ("N", *(sum(parts) for parts in bordered), channels)
        sizes = [(front, size, behind) for front, behind, size in bordered]
        forward.append(Use(PAD, border_of(sizes), prod(shape), {"y": "x_padded"}))
    gradient = rows.input_gradient_bias if values["bias"] else rows.input_gradient
    names = {"dy": "x_padded" if around else "x", "dx": "y"}
    forward.append(Use(gradient, window | input_gradient_integers(axes), cost, names))

    backward, more = _backward(rows, values, axes, (weight, shape, outputs), window, cost)
    initial = transposed_weight(values["init"], weight, axes, groups)
    return Plan(
        output=(*outputs, filters),
        forward=tuple(forward),
        backward=tuple(backward),
        parameters={"weight": initial} | ({"bias": Parameter((filters,))} if values["bias"] else {}),
        scratch=scratch | more,
        multiply_adds=cost,
    )


def transposed_weight(init: str, weight: Shape, axes: Sequence[Axis], groups: int) -> Parameter:
    """The weights (…, F / groups, C); of a kernel's numbers, as many meet in one output as strides leave."""
    fans = prod(weight[:-2]) // prod(axis.stride for axis in axes)
    fan_in, fan_out = max(1, fans * weight[-1] // groups), max(1, fans * weight[-2])
    return Parameter(weight, init, fan_in, fan_out, decays=True)


def _backward(
    rows: ConvolutionRows,
    values: Mapping[str, Any],
    axes: tuple[Axis, ...],
    shapes: tuple[Shape, Shape, Shape],
    window: dict[str, int],
    cost: int,
) -> tuple[list[Use], dict[str, Planned]]:
    """The gradients, which are those of an ordinary convolution with input and output exchanged."""
    weight, shape, outputs = shapes
    window = window | {"OH": (1, *shape)[-3], "OW": shape[-2]}
    uses: list[Use] = []
    scratch: dict[str, Planned] = {}
    source = "dy"
    if any(axis.before or axis.after for axis in axes):
        source = "dy_padded"
        scratch[source] = ("N", *(axis.padded for axis in axes), values["filters"])
        uses.append(Use(PAD, border(*axes), prod(outputs) * values["filters"], {"x": "dy", "y": source}))
    more, place = weight_rows(rows, weight, window, cost, {"x": source, "dy": "x"}, False)
    uses, scratch = uses + more, scratch | place
    if values["bias"]:
        more, place = bias_rows(rows, values["filters"], prod(outputs))
        uses, scratch = uses + more, scratch | place
    return [*uses, Use(rows.forward_plain, window, cost, {"x": source, "y": "dx"})], scratch
