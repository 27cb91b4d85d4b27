"""RoIAlign: a small picture of features for each box, whatever its size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import flag, integer
from nnplay.operations.roi_align import ALIGN, ALIGN_BACK
from nnplay.operations.stopped import stopped
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape, Use, shape_text

ROI_ALIGN = LayerRecord(
    name="roi_align",
    title="RoI align",
    family="boxes",
    about="Features of the first branch within each box of the second, as pictures of one size: `roi_align 7[…|…]`.",
    when="Between the boxes that a network proposes and the layers that look at each of them.",
    plan=lambda values, shapes: plan(values, shapes),
    joins=True,
    fields=(
        integer("parts", 7, "into how many parts each side of a box is cut", high=64),
        integer("sampling", 2, "points along each side of a part", high=8),
        flag("aligned", True, "places lie in the middle of cells, as in torchvision's aligned=True"),
    ),
    torch="torchvision's ops.roi_align, of boxes in shares of the picture",
    cases=(
        Case({"parts": 2}, ((4, 5, 3), (2, 4)), branches=2, exact=False),
        Case({"parts": 3, "sampling": 1, "aligned": False}, ((3, 3, 17), (3, 4)), branches=2, exact=False),
    ),
    refused=(
        Refused({}, ((4, 4, 2),), "takes two branches"),
        Refused({}, ((4, 4), (3, 4)), "branch 1 outputs 4×4, not a grid"),
        Refused({}, ((4, 4, 2), (3, 5)), "branch 2 outputs 3×5, not boxes"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """Features (N, H, W, C) and boxes (N, R, 4) → (N, R, parts, parts, C); no parameters.

    Raises:
        InputError: not two branches, or other shapes.
    """
    if len(shapes) != 2:
        hint = "write roi_align 7[identity | …, proposals 16]"
        raise InputError(f"takes two branches, but has {len(shapes)}", where="roi_align", hint=hint)
    features, boxes = shapes
    if len(features) != 3:
        what = f"branch 1 outputs {shape_text(features)}, not a grid of features"
        raise InputError(what, where="roi_align", hint="end it with a convolution")
    if len(boxes) != 2 or boxes[1] != 4:
        what = f"branch 2 outputs {shape_text(boxes)}, not boxes"
        raise InputError(what, where="roi_align", hint="end it with proposals")
    (H, W, C), parts = features, values["parts"]
    given = {name: int(values[name]) for name in ("parts", "sampling", "aligned")}
    cost = boxes[0] * parts * parts * values["sampling"] ** 2 * 4 * C
    return Plan(
        output=(boxes[0], parts, parts, C),
        forward=(Use(ALIGN, given, cost),),
        backward=(Use(ALIGN_BACK, {**given, "H": H, "W": W}, cost), Use(stopped("x1"), cost=boxes[0] * 4)),
        multiply_adds=cost,
    )
