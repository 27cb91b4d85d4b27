"""What pooling of sequences and of pictures shares: fields, plan, cases, twins in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from nnplay.errors import InputError
from nnplay.fields import Field, flag, integers
from nnplay.kernels.pooling import pooling as kernels
from nnplay.operations import pooling as pictures
from nnplay.operations import volume_pooling as volumes
from nnplay.operations.window_geometry import Axis, even_padding, left_over, need_rank, padding_field, windows_of
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape, Use
from nnplay.records.twin import Twin


def pooling(name: str, title: str, about: str, *, when: str, axes: int, largest: bool) -> LayerRecord:
    """The record of pooling sequences (steps, channels), pictures (height, width, channels) or volumes (4 axes)."""

    def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
        """(N, H, W, C) → (N, OH, OW, C), sequences (N, T, C) → (N, OT, C) and volumes alike; no parameters."""
        need_rank(shape, axes + 1)
        return plan_pooling(values, shape, largest)

    return LayerRecord(
        name=name,
        title=title,
        family="pooling",
        about=about,
        when=when,
        traits=Traits(change="" if largest else "linear"),
        torch=title,
        twin=_twin(title, largest),
        fields=pooling_fields(("2", "2 or 2x3", "2 or 1x2x2")[axes - 1], largest),
        plan=plan,
        cases=_CASES[axes] + _MORE_CASES[axes, largest],
        refused=_REFUSED[axes],
    )


def pooling_fields(shape: str, largest: bool) -> tuple[Field, ...]:
    """Those of windows, where the stride is the kernel unless given; a mean says too what it counts."""
    alone = "" if largest else "; always 1 in PyTorch"
    fields = (
        integers("kernel", 2, f"size of the windows, {shape}", short="k"),
        integers("stride", "kernel", "step between neighbouring windows", choices=("kernel",), short="s"),
        padding_field("how far windows may reach over the border"),
        integers("dilation", 1, f"spacing between the values of a window{alone}", short="d"),
        flag("ceil_mode", False, "add a last window, cut off at the end, where there is a remainder"),
    )
    counting = flag("count_include_pad", False, "count padding as zeros in the mean; PyTorch's default is yes")
    return fields if largest else (*fields, counting)


def plan_pooling(values: Mapping[str, Any], shape: Shape, largest: bool) -> Plan:
    """(N, H, W, C) → (N, OH, OW, C), sequences (N, T, C) → (N, OT, C) and volumes alike; no parameters.

    Raises:
        InputError: windows that do not fit, or that lie outside the input altogether.
    """
    axes = pooled_axes(values, shape)
    outputs = tuple(axis.output for axis in axes)
    cost = prod(outputs) * shape[-1] * prod(axis.kernel for axis in axes) * 2
    counted = not largest and values["count_include_pad"]
    pool = volumes.pool_integers(axes, counted) if len(axes) == 3 else _pool_integers(axes, counted)
    rows = volumes if len(axes) == 3 else pictures
    forward, backward = (rows.MAX, rows.MAX_BACK) if largest else (rows.MEAN, rows.MEAN_BACK)
    return Plan(
        output=(*outputs, shape[-1]),
        forward=(Use(forward, pool, cost),),
        backward=(Use(backward, pool, cost),),
        saved={"which": ("N", *outputs, shape[-1])} if largest else {},
        note=left_over(axes),
    )


def pooled_axes(values: Mapping[str, Any], shape: Shape) -> tuple[Axis, ...]:
    """The windows along each axis.

    Raises:
        InputError: as of `plan_pooling`.
    """
    stride = values["kernel"] if values["stride"] == "kernel" else values["stride"]
    axes = windows_of({**values, "stride": stride}, shape[:-1])
    for axis in axes:
        if _sees_nothing(axis):
            padding = f"{axis.before}" if axis.before == axis.after else f"{axis.before}:{axis.after}"
            spaced = f" and dilation {axis.dilation}" if axis.dilation > 1 else ""
            what = f"padding {padding} with kernel {axis.kernel}{spaced}: a window would lie entirely outside the input"
            closer = "dilation 1 and " if axis.dilation > 1 else ""
            raise InputError(what, hint=f"use {closer}padding 0 … {axis.kernel - 1}")
    return axes


def _sees_nothing(axis: Axis) -> bool:
    """Whether some window has none of its numbers inside the input."""
    origins = np.arange(axis.output) * axis.stride - axis.before
    first = -(np.minimum(0, origins) // axis.dilation)
    end = np.minimum(axis.kernel, -((origins - axis.size) // axis.dilation))
    return bool((first >= end).any())


def _pool_integers(axes: tuple[Axis, ...], counted: bool) -> dict[str, int]:
    """The integers for pictures; a sequence is a picture of one line."""
    both = (Axis(1, 1, 1, 1, 0, 0, 1), *axes)[-2:]
    names = ("kernel", "stride", "before", "output", "size", "dilation")
    pool = dict(zip(kernels.POOL, (getattr(axis, name) for name in names for axis in both), strict=True))
    return pool | dict(zip(("AH", "AW"), (axis.after if counted else -1 for axis in both), strict=True))


def _twin(title: str, largest: bool) -> Twin:
    """PyTorch's module, which pads both ends alike and by half a kernel at most; only its maxima have holes."""

    def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
        stride = None if values["stride"] == "kernel" else values["stride"]
        same = ("dilation", "ceil_mode") if largest else ("ceil_mode", "count_include_pad")
        padding = even_padding(pooled_axes(values, shape))
        given = {"kernel_size": values["kernel"], "stride": stride, "padding": padding}
        return given | {name: values[name] for name in same}

    def covers(values: Mapping[str, Any], shape: Shape) -> bool:
        axes = pooled_axes(values, shape)
        at_most_half = all(2 * axis.before <= axis.kernel for axis in axes)
        dilated = any(axis.dilation > 1 for axis in axes)
        return even_padding(axes) is not None and at_most_half and (largest or not dilated)

    return Twin(f"nn.{title}", arguments, channels_first=True, covers=covers)


#: Cases of pooling along one axis to three: windows side by side, overlapping, with gaps, over the border.
_CASES = {
    1: (
        Case({}, (6, 3)),
        Case({"kernel": 3, "stride": 1}, (5, 2)),
        Case({"kernel": 3, "stride": 2}, (7, 3)),
        Case({"kernel": 3, "stride": 2, "padding": "same"}, (7, 17)),
        Case({"kernel": 3}, (3, 1)),
        Case({"padding": "same"}, (9, 2)),
        Case({"kernel": 3, "stride": 2, "padding": 1}, (5, 2)),
        Case({}, (7, 2)),
    ),
    2: (
        Case({}, (4, 6, 3)),
        Case({"kernel": 3, "stride": 1}, (5, 5, 2)),
        Case({"kernel": (3, 2), "stride": (2, 1)}, (7, 6, 3)),
        Case({"kernel": 3, "stride": 2, "padding": "same"}, (5, 7, 17)),
        Case({"kernel": 3}, (3, 3, 1)),
        Case({"padding": "same"}, (7, 9, 2)),
        Case({"kernel": 3, "stride": 2, "padding": 1}, (5, 5, 2)),
        Case({}, (7, 5, 2)),
    ),
    3: (
        Case({}, (2, 4, 6, 3)),
        Case({"kernel": (1, 2, 3), "stride": (2, 1, 2), "padding": "same"}, (3, 4, 5, 2)),
        Case({"kernel": (2, 3, 2), "stride": 1}, (3, 3, 4, 17)),
        Case({"kernel": 2, "stride": 3, "padding": 1}, (3, 3, 4, 1)),
    ),
}
#: The same for what only largest numbers, and what only means are tried with: the last window over the end, holes.
_MORE_CASES = {
    (1, True): (Case({"kernel": 3, "stride": 2, "dilation": 2, "padding": ((0, 2),), "ceil_mode": True}, (8, 2)),),
    (1, False): (Case({"kernel": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": True}, (6, 2)),),
    (3, True): (Case({"dilation": (1, 2, 1), "stride": 2, "ceil_mode": True}, (3, 4, 5, 2)),),
    (3, False): (
        Case({"kernel": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": True}, (4, 3, 5, 2)),
    ),
    (2, True): (
        Case({"kernel": 2, "dilation": 2}, (4, 6, 2)),
        Case({"kernel": 3, "stride": 2, "dilation": (2, 1), "padding": 1, "ceil_mode": True}, (8, 6, 2)),
        Case({"kernel": 2, "stride": 3, "padding": "same_lower"}, (5, 4, 2)),
    ),
    (2, False): (
        Case({"kernel": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": True}, (6, 5, 2)),
        Case({"dilation": 2, "padding": ((0, 1), 1), "count_include_pad": True, "ceil_mode": True}, (6, 7, 2)),
    ),
}
_REFUSED = {
    1: (
        Refused({"kernel": 3}, (2, 1), "spans 3, but the input has only 2"),
        Refused({"padding": 2}, (7, 1), "use padding 0 … 1"),
        Refused({"dilation": 2, "padding": 1}, (1, 1), "use dilation 1 and padding 0 … 1"),
        Refused({}, (9,), "needs a sequence"),
    ),
    2: (
        Refused({"kernel": 3}, (2, 2, 1), "spans 3, but the input has only 2"),
        Refused({"padding": ((0, 3), 0)}, (8, 8, 1), "use padding 0 … 1"),
        Refused({"padding": "0:1:2"}, (8, 8, 1), "ends like 0:1"),
        Refused({}, (9,), "needs an image"),
    ),
    3: (
        Refused({"kernel": 3}, (2, 4, 4, 1), "spans 3, but the input has only 2"),
        Refused({"padding": 2}, (8, 8, 8, 1), "use padding 0 … 1"),
        Refused({}, (2**21, 2, 2, 1), "2,097,152 along one axis is too much"),
        Refused({}, (16, 4, 1), "needs a volume or clip"),
    ),
}
