"""ZeroPad: zeros around pictures and sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.layers._borders import CASES, REFUSED, around, border_field, border_plan, borders_of, widened
from nnplay.operations.border import INSIDE, PAD
from nnplay.records.layer import LayerRecord, Plan, Traits
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

ZERO_PAD = LayerRecord(
    name="zero_pad",
    title="ZeroPad",
    family="shape",
    about="Adds zeros around images and sequences.",
    when="When a size must fit: before convolutions without padding, or in a U-Net.",
    traits=Traits(change="linear"),
    torch="ZeroPad1d or ZeroPad2d, by the rank of the input",
    twin=Twin(
        "nn.ZeroPad{axes}d",
        lambda values, shape: {"padding": around(borders_of(values, shape))},
        channels_first=True,
    ),
    fields=(border_field("zeros added at each border"),),
    plan=lambda values, shape: plan(values, shape),
    cases=CASES,
    refused=REFUSED,
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, HP, WP, C), or a sequence alike; no parameters.

    Raises:
        InputError: no places.
    """
    borders = borders_of(values, shape)
    output = widened(shape, borders)
    return border_plan(PAD, INSIDE, borders, inside=shape, output=output, outside=output)
