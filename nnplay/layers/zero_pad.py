"""ZeroPad: zeros around pictures and sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.fields import integers
from nnplay.layers._borders import CASES, REFUSED, border_plan, borders_of
from nnplay.operations.border import INSIDE, PAD
from nnplay.records.layer import LayerRecord, Plan
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

ZERO_PAD = LayerRecord(
    name="zero_pad",
    title="ZeroPad",
    family="shape",
    about="Adds zeros around images and sequences.",
    when="When a size must fit: before convolutions without padding, or in a U-Net.",
    torch="ZeroPad1d or ZeroPad2d, by the rank of the input",
    twin=Twin(
        "nn.ZeroPad{axes}d",
        lambda values, shape: {"padding": values["border"]},
        channels_first=True,
        covers=lambda values, shape: isinstance(values["border"], int),
    ),
    fields=(integers("border", 1, "zeros added at each border, 1 or 1x2", low=0),),
    plan=lambda values, shape: plan(values, shape),
    cases=CASES,
    refused=REFUSED,
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, H + 2·border, W + 2·border, C), or a sequence alike; no parameters.

    Raises:
        InputError: no places.
    """
    borders = borders_of(values, shape)
    output = (*(size + 2 * border for border, size in zip(borders, shape, strict=False)), shape[-1])
    return border_plan(PAD, INSIDE, borders, inside=shape, output=output, outside=output)
