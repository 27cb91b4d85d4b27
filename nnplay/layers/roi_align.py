"""RoIAlign: a small picture of features for each box, whatever its size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import flag, integer, number
from nnplay.layers._branches import MAX_BRANCHES
from nnplay.operations.roi_align import UNITS, align_back_operation, align_operation
from nnplay.operations.stopped import stopped
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape, Use, shape_text

ROI_ALIGN = LayerRecord(
    name="roi_align",
    title="RoI align",
    family="boxes",
    about="Features within each box of the last branch, as pictures of one size. The other branches hold the features: "
    "of one level, `roi_align 7[…|…]`, or of several, of which each box takes the one that suits its size.",
    when="Between the boxes that a network proposes and the layers that look at each of them.",
    plan=lambda values, shapes: plan(values, shapes),
    joins=True,
    fields=(
        integer("parts", 7, "into how many parts each side of a box is cut", high=64),
        integer("sampling", 2, "points along each side of a part", high=8),
        flag("aligned", True, "places lie in the middle of cells, as in torchvision's aligned=True"),
        number(
            "cells", 14.0, "of several levels: sides, in its cells, from which a box takes a level", low=0.1, high=1e3
        ),
    ),
    torch="torchvision's ops.roi_align and MultiScaleRoIAlign, of boxes in shares of the picture",
    cases=(
        Case({"parts": 2}, ((4, 5, 3), (2, 4)), branches=2, exact=False),
        Case({"parts": 3, "sampling": 1, "aligned": False}, ((3, 3, 17), (3, 4)), branches=2, exact=False),
        Case({"parts": 2, "cells": 1.0}, ((6, 6, 3), (3, 3, 3), (2, 2, 3), (4, 4)), branches=4, exact=False),
    ),
    refused=(
        Refused({}, ((4, 4, 2),), "takes features and boxes"),
        Refused({}, ((4, 4), (3, 4)), "branch 1 outputs 4×4, not a grid"),
        Refused({}, ((4, 4, 2), (3, 5)), "branch 2 outputs 3×5, not boxes"),
        Refused({}, ((4, 4, 2), (2, 2, 3), (3, 4)), "branch 2 has 3 channels, branch 1 has 2"),
        Refused({}, ((2, 2, 2), (4, 4, 2), (3, 4)), "branch 2 is finer than branch 1"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """Features (N, H, W, C) of each level and boxes (N, R, 4) → (N, R, parts, parts, C); no parameters.

    Raises:
        InputError: too few branches, other shapes, or levels in another order than from fine to coarse.
    """
    if not 2 <= len(shapes) <= MAX_BRANCHES:
        hint = "write roi_align 7[identity | …, proposals 16]"
        raise InputError(f"takes features and boxes, but has {len(shapes)} branches", where="roi_align", hint=hint)
    *features, boxes = shapes
    for place, shape in enumerate(features, 1):
        _refuse_level(place, shape, features[0], features[max(0, place - 2)])
    if len(boxes) != 2 or boxes[1] != 4:
        what = f"branch {len(shapes)} outputs {shape_text(boxes)}, not boxes"
        raise InputError(what, where="roi_align", hint="end it with proposals")
    (H, W, C), parts, levels = features[0], values["parts"], len(features)
    given = {name: int(values[name]) for name in ("parts", "sampling", "aligned")}
    given |= {"levels": levels, "cells": round(values["cells"] * UNITS)}
    cost = boxes[0] * parts * parts * values["sampling"] ** 2 * 4 * C
    backward = (
        Use(
            align_back_operation(level, levels),
            {**given, "level": level, "H0": H, "W0": W, "H": shape[0], "W": shape[1]},
            cost // levels,
        )
        for level, shape in enumerate(features)
    )
    return Plan(
        output=(boxes[0], parts, parts, C),
        forward=(Use(align_operation(levels), given, cost),),
        backward=(*backward, Use(stopped(f"x{levels}"), cost=boxes[0] * 4)),
        multiply_adds=cost,
    )


def _refuse_level(place: int, shape: Shape, first: Shape, finer: Shape) -> None:
    if len(shape) != 3:
        what = f"branch {place} outputs {shape_text(shape)}, not a grid of features"
        raise InputError(what, where="roi_align", hint="end it with a convolution")
    if shape[2] != first[2]:
        what = f"branch {place} has {shape[2]} channels, branch 1 has {first[2]}"
        raise InputError(what, where="roi_align", hint=f"end it with conv2d {first[2]} 1")
    if shape[0] > finer[0] or shape[1] > finer[1]:
        what = f"branch {place} is finer than branch {place - 1}"
        raise InputError(what, where="roi_align", hint="write levels from the finest to the coarsest, then boxes")
