"""ZeroPad: zeros around pictures and sequences."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.fields import integers
from nnplay.geometry import need_places, per_axis
from nnplay.layer import Case, LayerRecord, Plan, Refused
from nnplay.operation import Shape, Use
from nnplay.rows.framing import INSIDE, PAD, frame_of


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """Pictures (height, width, channels) and sequences (steps, channels).

    Raises:
        InputError: no places.
    """
    need_places(shape)
    borders = per_axis(values["border"], len(shape) - 1, "border")
    inside = frame_of([(border, size, border) for border, size in zip(borders, shape, strict=False)])
    output = (*(size + 2 * border for border, size in zip(borders, shape, strict=False)), shape[-1])
    cost = prod(output)
    return Plan(
        output=output,
        forward=(Use(PAD, inside, cost),),
        backward=(Use(INSIDE, inside, cost, {"x": "dy", "y": "dx"}),),
    )


ZERO_PAD = LayerRecord(
    name="zero_pad",
    title="ZeroPad",
    family="shape",
    about="Puts zeros around pictures and sequences.",
    torch="ZeroPad1d or ZeroPad2d, by the rank of the input",
    fields=(integers("border", 1, "zeros at each border, 1 or 1x2", low=0),),
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
    ),
)
