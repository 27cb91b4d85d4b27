"""Crop: takes the border of pictures and sequences away."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import integers
from nnplay.geometry import need_places, per_axis
from nnplay.layer import Case, LayerRecord, Plan, Refused
from nnplay.operation import Shape, Use, shape_text
from nnplay.rows.framing import INSIDE, PAD, frame_of


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """Pictures (height, width, channels) and sequences (steps, channels).

    Raises:
        InputError: no places, or a border that takes everything.
    """
    need_places(shape)
    borders = per_axis(values["border"], len(shape) - 1, "border")
    output = (*(size - 2 * border for border, size in zip(borders, shape, strict=False)), shape[-1])
    if min(output) < 1:
        largest = "x".join(str((size - 1) // 2) for size in shape[:-1])
        what = f"a border of {shape_text(borders)} on both sides leaves nothing of {shape_text(shape[:-1])}"
        raise InputError(what, hint=f"use {largest} or less")
    inside = frame_of([(border, size, border) for border, size in zip(borders, output, strict=False)])
    cost = prod(shape)
    return Plan(
        output=output,
        forward=(Use(INSIDE, inside, cost),),
        backward=(Use(PAD, inside, cost, {"x": "dy", "y": "dx"}),),
    )


CROP = LayerRecord(
    name="crop",
    title="Crop",
    family="shape",
    about="Takes the same border away on both sides, so that branches of different sizes fit together.",
    torch="a slice, such as x[:, :, 1:-1, 1:-1]",
    fields=(integers("border", 1, "what is taken off at each border, 1 or 1x2", low=0),),
    plan=plan,
    cases=(
        Case({}, (3, 4, 2)),
        Case({"border": (2, 1)}, (5, 3, 3)),
        Case({"border": 2}, (7, 2)),
        Case({"border": (0, 1)}, (3, 5, 1)),
    ),
    refused=(
        Refused({}, (5,), "has no places besides its channels"),
        Refused({"border": (1, 1)}, (5, 2), "2 numbers for 1 axis"),
        Refused({"border": -1}, (5, 2), "≥ 0"),
        Refused({"border": 2}, (4, 5, 2), "leaves nothing of 4×5; use 1x2 or less"),
    ),
)
