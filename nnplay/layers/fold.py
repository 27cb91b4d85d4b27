"""Fold: the steps of a sequence become windows of a picture, which are added where they overlap."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integers
from nnplay.operations import unfolding
from nnplay.operations.window_geometry import need_rank, per_axis
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape, Use, shape_text
from nnplay.records.twin import Twin
from nnplay.text import counted

FOLD = LayerRecord(
    name="fold",
    title="Fold",
    family="shape",
    about="Puts the steps of a sequence back as patches of an image; where patches overlap, they are added.",
    when="At the end of a vision transformer that gives an image: undoes unfold.",
    torch="Fold",
    twin=Twin(
        "nn.Fold",
        lambda values, shape: unfolding.unfold_arguments(values) | {"output_size": per_axis(values["size"], 2, "size")},
        channels_first=True,
    ),
    fields=(integers("size", REQUIRED, "height and width of the image, 8 or 8x6"), *unfolding.unfold_fields()),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"size": (4, 6), "kernel": 2}, (6, 12)),
        Case({"size": (3, 5), "kernel": (2, 3), "stride": (1, 2), "padding": (1, 0)}, (8, 12)),
        Case({"size": 5, "kernel": 3, "stride": 1, "padding": 1}, (25, 9)),
    ),
    refused=(
        Refused({"size": 4, "kernel": 2}, (5, 4), "2×2 windows make up 4×4, the sequence has 5 steps"),
        Refused({"size": 4, "kernel": 2}, (4, 6), "6 features are no whole windows of 2×2"),
        Refused({"size": 4, "kernel": 2}, (4,), "needs a sequence"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, OH·OW, C·KH·KW) → (N, H, W, C); no parameters.

    Raises:
        InputError: windows that do not fit, or another count of steps or features than they have.
    """
    need_rank(shape, 2)
    axes = unfolding.unfolded_axes(values, per_axis(values["size"], 2, "size"))
    count, taps = prod(axis.output for axis in axes), prod(axis.kernel for axis in axes)
    size, windows = (axis.size for axis in axes), tuple(axis.output for axis in axes)
    if shape[0] != count:
        made = f"{shape_text(windows)} windows make up {shape_text(tuple(size))}"
        what = f"{made}, the sequence has {counted(shape[0], 'step')}"
        raise InputError(what, hint="change size, kernel or stride")
    if shape[1] % taps:
        kernel = shape_text(tuple(axis.kernel for axis in axes))
        what = f"{counted(shape[1], 'feature')} are no whole windows of {kernel}"
        raise InputError(what, hint=f"put linear {max(1, round(shape[1] / taps)) * taps} before it")
    given, cost = unfolding.unfold_integers(axes), 2 * prod(shape)
    return Plan(
        output=(axes[0].size, axes[1].size, shape[1] // taps),
        forward=(Use(unfolding.FOLD, given, cost),),
        backward=(Use(unfolding.UNFOLD, given, cost, {"x": "dy", "y": "dx"}),),
    )
