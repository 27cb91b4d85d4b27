"""Crop: takes the border of pictures and sequences away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.errors import InputError
from nnplay.layers._borders import CASES, REFUSED, around, border_field, border_plan, borders_of, widened
from nnplay.operations.border import INSIDE, PAD
from nnplay.records.layer import LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape, shape_text
from nnplay.records.twin import Twin

CROP = LayerRecord(
    name="crop",
    title="Crop",
    family="shape",
    about="Cuts a border off, so that branches of different sizes fit together.",
    when="When two branches of a U-Net differ by a border.",
    traits=Traits(change="linear"),
    torch="a slice, such as x[:, :, 1:-1, 1:-1]",
    twin=Twin("nn.functional.pad", lambda values, shape: {"pad": _taken_off(values, shape)}, channels_first=True),
    fields=(border_field("how much to cut off at each border"),),
    plan=lambda values, shape: plan(values, shape),
    cases=CASES,
    refused=(*REFUSED, Refused({"border": 2}, (4, 5, 2), "leaves nothing of 4×5; use 1x2 or less")),
)


def _taken_off(values: Mapping[str, Any], shape: Shape) -> tuple[int, ...]:
    """PyTorch's padding for it: less than nothing."""
    return tuple(-end for end in around(borders_of(values, shape)))


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, HC, WC, C), or a sequence alike; no parameters.

    Raises:
        InputError: no places, or a border that takes everything.
    """
    borders = borders_of(values, shape)
    output = widened(shape, borders, -1)
    if min(output) < 1:
        largest = "x".join(str((size - 1) // 2) for size in shape[:-1])
        taken = "x".join(f"{before}" if before == after else f"{before}:{after}" for before, after in borders)
        what = f"a border of {taken} leaves nothing of {shape_text(shape[:-1])}"
        raise InputError(what, hint=f"use {largest} or less")
    return border_plan(INSIDE, PAD, borders, inside=output, output=output, outside=shape)
