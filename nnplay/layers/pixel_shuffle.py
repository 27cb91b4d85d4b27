"""PixelShuffle: channels become pixels, for a larger picture."""

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
from nnplay.text import counted

PIXEL_SHUFFLE = LayerRecord(
    name="pixel_shuffle",
    title="PixelShuffle",
    family="shape",
    about="Turns channels into pixels: 4 channels of an image become one of twice the width and height.",
    when="Behind a convolution, to enlarge images without the checkerboards of conv_transpose2d.",
    traits=Traits(change="linear"),
    torch="PixelShuffle",
    twin=Twin("nn.PixelShuffle", lambda values, shape: {"upscale_factor": values["factor"]}, channels_first=True),
    fields=(integer("factor", 2, "enlargement factor of width and height", high=1024),),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (2, 3, 4)),
        Case({"factor": 3}, (2, 1, 18)),
        Case({}, (1, 2, 68)),
        Case({"factor": 1}, (2, 2, 3)),
    ),
    refused=(
        Refused({}, (4, 4, 6), "6 channels cannot be split into blocks of 2×2"),
        Refused({}, (8,), "needs an image"),
        Refused({"factor": 0}, (4, 4, 4), "≥ 1"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C·R·R) → (N, H·R, W·R, C); no parameters.

    Raises:
        InputError: no picture, or channels that are no whole blocks.
    """
    need_rank(shape, 3)
    R, (H, W, channels) = values["factor"], shape
    block = R * R
    if channels % block:
        near = nearest_numbers(channels, (block * k for k in range(1, channels // block + 2)))
        what = f"{counted(channels, 'channel')} cannot be split into blocks of {shape_text((R, R))}"
        raise InputError(what, hint=f"use {near} channels in front of it")
    given, cost = {"H": H, "W": W, "R": R, "C": channels // block}, 2 * prod(shape)
    return Plan(
        output=(H * R, W * R, channels // block),
        forward=(Use(SHUFFLE, given, cost),),
        backward=(Use(UNSHUFFLE, given, cost, {"x": "dy", "y": "dx"}),),
    )
