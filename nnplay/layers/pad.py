"""Pad: a border around pictures and sequences: a constant, or the input's own numbers mirrored, repeated or wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.fields import choice, number
from nnplay.layers._borders import CASES, REFUSED, around, border_field, borders_of, widened
from nnplay.operations.border import INSIDE, border_of
from nnplay.operations.extension import EXTEND, EXTEND_BACK, MODE_WORDS, MODES, PAD_CONSTANT, check_extension
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape, Use
from nnplay.records.twin import Twin

PAD = LayerRecord(
    name="pad",
    title="Pad",
    family="shape",
    about="Adds a border around images and sequences: one value, or the input itself, mirrored, repeated or wrapped.",
    when="Where a border of zeros would show: textures, maps that wrap around, series that go on.",
    torch="functional.pad, or ReflectionPad, ReplicationPad, CircularPad and ConstantPad with 1d or 2d",
    twin=Twin("nn.functional.pad", lambda values, shape: _arguments(values, shape), channels_first=True),
    fields=(
        border_field("values added at each border"),
        choice("mode", "reflect", f"constant adds the value; {MODE_WORDS}", ("constant", *MODES)),
        number("value", 0.0, "what a constant border holds", live=True),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        CASES[0],
        Case({"border": ((2, 1), (0, 3)), "mode": "circular"}, (3, 4, 2)),
        Case({"border": ((0, 4),), "mode": "replicate"}, (3, 2)),
        Case({"border": (2, 1), "mode": "constant", "value": -1.5}, (3, 2, 3)),
        Case({"border": 2, "mode": "reflect"}, (3, 5)),
    ),
    refused=(
        *REFUSED,
        Refused({"border": (1, 3)}, (4, 3, 1), "reflect padding of 3 needs more than the 3 along that axis"),
        Refused({"border": 4, "mode": "circular"}, (3, 1), "pad by 3 or less, or use replicate"),
        Refused({"mode": "mirror"}, (3, 1), "one of constant, reflect"),
    ),
)


def _arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
    given = {"pad": around(borders_of(values, shape)), "mode": values["mode"]}
    return given | ({"value": values["value"]} if values["mode"] == "constant" else {})


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, HP, WP, C), or a sequence alike; no parameters.

    Raises:
        InputError: no places, or a border that the input is too small for.
    """
    borders, mode = borders_of(values, shape), values["mode"]
    sides = [(before, size, after) for (before, after), size in zip(borders, shape, strict=False)]
    check_extension(mode, sides)
    output = widened(shape, borders)
    integers, cost = border_of(sides), prod(output)
    if mode == "constant":
        forward, backward = Use(PAD_CONSTANT, integers, cost), Use(INSIDE, integers, cost, {"x": "dy", "y": "dx"})
    else:
        integers |= {"mode": MODES[mode]}
        forward, backward = Use(EXTEND, integers, cost), Use(EXTEND_BACK, integers, cost)
    return Plan(output=output, forward=(forward,), backward=(backward,))
