"""Crop: takes the border of pictures and sequences away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import integers
from nnplay.layers._borders import CASES, REFUSED, border_plan, borders_of
from nnplay.operations.border import INSIDE, PAD
from nnplay.records.layer import LayerRecord, Plan, Refused
from nnplay.records.operation import Shape, shape_text
from nnplay.records.twin import Twin

CROP = LayerRecord(
    name="crop",
    title="Crop",
    family="shape",
    about="Cuts the same border off both sides, so that branches of different sizes fit together.",
    when="When two branches of a U-Net differ by a border.",
    torch="a slice, such as x[:, :, 1:-1, 1:-1]",
    twin=Twin("nn.functional.pad", lambda values, shape: {"pad": _taken_off(values, shape)}, channels_first=True),
    fields=(integers("border", 1, "how much to cut off at each border, 1 or 1x2", low=0),),
    plan=lambda values, shape: plan(values, shape),
    cases=CASES,
    refused=(*REFUSED, Refused({"border": 2}, (4, 5, 2), "leaves nothing of 4×5; use 1x2 or less")),
)


def _taken_off(values: Mapping[str, Any], shape: Shape) -> tuple[int, ...]:
    """PyTorch's padding for it: less than nothing, on both sides of each axis of places, the last axis first."""
    return tuple(-border for border in reversed(borders_of(values, shape)) for _ in ("in front", "behind"))


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, H − 2·border, W − 2·border, C), or a sequence alike; no parameters.

    Raises:
        InputError: no places, or a border that takes everything.
    """
    borders = borders_of(values, shape)
    output = (*(size - 2 * border for border, size in zip(borders, shape, strict=False)), shape[-1])
    if min(output) < 1:
        largest = "x".join(str((size - 1) // 2) for size in shape[:-1])
        what = f"a border of {shape_text(borders)} on both sides leaves nothing of {shape_text(shape[:-1])}"
        raise InputError(what, hint=f"use {largest} or less")
    return border_plan(INSIDE, PAD, borders, inside=output, output=output, outside=shape)
