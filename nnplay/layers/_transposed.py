"""What transposed convolutions of pictures and of volumes share: fields, sizes, twins in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, Field, choice, flag, integer, integers
from nnplay.layers._convolution import channels_outside
from nnplay.operations.window_geometry import Axis, fit, per_axis, span
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Parameter
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin


def transposed_fields(shape: str) -> tuple[Field, ...]:
    """The fields of a transposed convolution; `shape` says how a kernel is written ("2 or 2x4")."""
    return (
        integer("filters", REQUIRED, "number of output channels"),
        integers("kernel", 2, f"size of a stroke, {shape}", short="k"),
        integers("stride", 2, "step between neighbouring strokes", short="s"),
        integers("padding", "valid", "how much to cut off at each border", low=0, choices=("same", "valid"), short="p"),
        integers("dilation", 1, "spacing between the values of a stroke", short="d"),
        integer("groups", 1, "number of channel groups", short="g"),
        flag("bias", True, "add a learned constant to each channel"),
        choice("init", "auto", "weight initialisation; auto suits the next activation", SCHEMES),
    )


def transposed_twin(path: str) -> Twin:
    """PyTorch's module; it has no padding "same"."""

    def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
        return {
            "in_channels": shape[-1],
            "out_channels": values["filters"],
            "kernel_size": values["kernel"],
            "stride": values["stride"],
            "padding": 0 if values["padding"] == "valid" else values["padding"],
            "dilation": values["dilation"],
            "groups": values["groups"],
            "bias": values["bias"],
        }

    def covers(values: Mapping[str, Any], shape: Shape) -> bool:
        return bool(values["padding"] != "same")

    return Twin(path, arguments, places=channels_outside, channels_first=True, covers=covers)


def reversed_axes(values: Mapping[str, Any], sizes: Sequence[int]) -> tuple[Axis, ...]:
    """The windows of the convolution that the layer is the reverse of, along each axis: its output is their input.

    Raises:
        InputError: the padding takes everything away.
    """
    names = ("kernel", "stride", "padding", "dilation")
    given = [per_axis(values[name], len(sizes), name) for name in names]
    return tuple(_reversed_axis(*one) for one in zip(sizes, *given, strict=True))


def _reversed_axis(size: int, kernel: int, stride: int, padding: int | str, dilation: int) -> Axis:
    if padding == "same":
        return fit(size * stride, kernel, stride, "same", dilation)
    width = 0 if padding == "valid" else int(padding)
    whole = (size - 1) * stride + span(kernel, dilation)
    if whole - 2 * width < 1:
        what = f"input {size}, kernel {kernel}, stride {stride} give {whole}, of which padding {width} leaves nothing"
        raise InputError(what, hint=f"use padding {(whole - 1) // 2} or less")
    return Axis(whole - 2 * width, kernel, stride, dilation, width, width, size)


def transposed_weight(init: str, weight: Shape, axes: Sequence[Axis], groups: int) -> Parameter:
    """The weights (…, F / groups, C); of a kernel's numbers, as many meet in one output as strides leave."""
    fans = prod(weight[:-2]) // prod(axis.stride for axis in axes)
    fan_in, fan_out = max(1, fans * weight[-1] // groups), max(1, fans * weight[-2])
    return Parameter(weight, init, fan_in, fan_out, decays=True)
