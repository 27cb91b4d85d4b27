"""PixelUnshuffle: pixels become channels, for a smaller picture that keeps every number."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import integer
from nnplay.operations.pixel_shuffle import SHUFFLE, UNSHUFFLE
from nnplay.operations.window_geometry import nearest_numbers, need_rank
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Shape, Use, shape_text
from nnplay.records.twin import Twin

PIXEL_UNSHUFFLE = LayerRecord(
    name="pixel_unshuffle",
    title="PixelUnshuffle",
    family="shape",
    about="Turns pixels into channels: each block of 2×2 pixels becomes one pixel with four times the channels.",
    when="To shrink images without losing a value, unlike pooling.",
    traits=Traits(change="linear"),
    torch="PixelUnshuffle",
    twin=Twin("nn.PixelUnshuffle", lambda values, shape: {"downscale_factor": values["factor"]}, channels_first=True),
    fields=(integer("factor", 2, "how much smaller width and height become", high=1024),),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (4, 6, 1)),
        Case({"factor": 3}, (6, 3, 2)),
        Case({}, (2, 4, 17)),
    ),
    refused=(
        Refused({}, (7, 8, 1), "7×8 cannot be cut into blocks of 2×2; use factor 1"),
        Refused({"factor": 4}, (6, 12, 1), "use factor 2 or 3"),
        Refused({}, (8,), "needs an image"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H·R, W·R, C) → (N, H, W, C·R·R); no parameters.

    Raises:
        InputError: no picture, or one that is no whole blocks.
    """
    need_rank(shape, 3)
    R, (height, width, channels) = values["factor"], shape
    if height % R or width % R:
        fitting = (k for k in range(1, min(height, width) + 1) if height % k == 0 == width % k)
        what = f"{shape_text((height, width))} cannot be cut into blocks of {shape_text((R, R))}"
        raise InputError(what, hint=f"use factor {nearest_numbers(R, fitting)}")
    H, W = height // R, width // R
    given, cost = {"H": H, "W": W, "R": R, "C": channels}, 2 * prod(shape)
    return Plan(
        output=(H, W, channels * R * R),
        forward=(Use(UNSHUFFLE, given, cost),),
        backward=(Use(SHUFFLE, given, cost, {"x": "dy", "y": "dx"}),),
    )
