"""Unfold: windows of pictures become the steps of a sequence, as a vision transformer reads them."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.operations import unfolding
from nnplay.operations.window_geometry import need_places
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape, Use
from nnplay.records.twin import Twin

UNFOLD = LayerRecord(
    name="unfold",
    title="Unfold",
    family="shape",
    about="Cuts images into patches: each becomes one step of a sequence, with all its pixels as features.",
    when="In front of linear and attention, for a vision transformer.",
    torch="Unfold",
    twin=Twin(
        "nn.Unfold",
        lambda values, shape: unfolding.unfold_arguments(values),
        channels_first=True,
        covers=lambda values, shape: len(shape) == 3,
    ),
    fields=unfolding.unfold_fields(),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"kernel": 2}, (4, 6, 3)),
        Case({"kernel": (2, 3), "stride": (1, 2), "padding": (1, 0)}, (3, 5, 2)),
        Case({"kernel": 2, "stride": 1, "dilation": 2, "padding": 3}, (3, 2, 1)),
        Case({"kernel": 3, "stride": 1, "padding": 1}, (5, 17)),
    ),
    refused=(
        Refused({"kernel": 5}, (4, 4, 1), "spans 5, but the input has only 4"),
        Refused({"kernel": (2, 2)}, (4, 1), "2 numbers for 1 axis"),
        Refused({"kernel": 2}, (9,), "has no axes besides its channels"),
        Refused({"kernel": 2, "padding": "same"}, (4, 4, 1), "is not an integer"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, OH·OW, C·KH·KW), or a sequence (N, T, C) → (N, OT, C·K); no parameters.

    Raises:
        InputError: windows that do not fit.
    """
    need_places(shape)
    axes = unfolding.unfolded_axes(values, shape[:-1])
    output = (prod(axis.output for axis in axes), shape[-1] * prod(axis.kernel for axis in axes))
    given, cost = unfolding.unfold_integers(axes), 2 * prod(output)
    return Plan(
        output=output,
        forward=(Use(unfolding.UNFOLD, given, cost),),
        backward=(Use(unfolding.FOLD, given, cost, {"x": "dy", "y": "dx"}),),
    )
