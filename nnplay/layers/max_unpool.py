"""MaxUnpool: numbers go back to where the largest ones of each window stood, as in SegNet.

Badrinarayanan, Kendall and Cipolla: SegNet (2015). The second branch shows the places: it ends in what was pooled.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from nnplay.errors import InputError
from nnplay.layers._branches import refuse_branches
from nnplay.layers._pooling import pooled_axes, pooling_fields
from nnplay.operations import volume_pooling as volumes
from nnplay.operations.unpooling import NOTHING_BACK, UNPOOL, UNPOOL_BACK
from nnplay.operations.window_geometry import Axis
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import BATCH, Shape, Use, shape_text

_EXAMPLE = "max_unpool[max_pool2d, conv2d 8 padding=same | identity]"

MAX_UNPOOL = LayerRecord(
    name="max_unpool",
    title="MaxUnpool",
    family="combination",
    about="Puts the numbers of the first branch where the largest ones of the second branch stand, window by window.",
    when="To enlarge again what max pooling made small, with every number back in its place: for images of labels.",
    plan=lambda values, shapes: plan(values, shapes),
    joins=True,
    fields=pooling_fields("2 or 2x3, as the pooling that it undoes", True),
    torch="MaxUnpool1d, 2d or 3d, with the indices that a pooling of the second branch returns",
    cases=(
        Case({}, ((2, 3, 2), (4, 6, 2)), branches=2),
        Case({"kernel": 3, "stride": 1, "padding": 1}, ((3, 4, 17), (3, 4, 17)), branches=2),
        Case({"kernel": 3, "stride": 2, "dilation": 2, "ceil_mode": True}, ((4, 2), (10, 2)), branches=2),
        Case({"kernel": (1, 2, 2)}, ((2, 1, 2, 1), (2, 3, 4, 1)), branches=2),
    ),
    refused=(
        Refused({}, (), "needs at least two branches"),
        Refused({}, ((2, 2, 1), (4, 4, 1), (4, 4, 1)), "takes two branches, but has 3"),
        Refused({}, ((4,), (8,)), "branch 2 outputs 8, which has no places"),
        Refused({}, ((3, 2, 1), (4, 4, 1)), "branch 1 outputs 3×2×1, and windows of 4×4×1 are 2×2×1"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """(N, OH, OW, C) and (N, H, W, C) → (N, H, W, C), sequences and volumes alike; no parameters.

    Raises:
        InputError: not two branches, no places, or a first branch that does not fit the windows of the second.
    """
    axes = _axes(values, shapes)
    outside, inside = shapes
    line = Axis(1, 1, 1, 1, 0, 0, 1)
    pool = volumes.pool_integers((line, line, *axes)[-3:], counted=False)
    cost = prod(inside) * prod(axis.kernel for axis in axes) * 2
    return Plan(
        output=inside,
        forward=(
            Use(volumes.MAX, pool, cost, {"x": "x1", "y": "peaks"}),
            Use(UNPOOL, pool, prod(inside)),
        ),
        backward=(
            Use(UNPOOL_BACK, pool, prod(outside)),
            Use(NOTHING_BACK, {}, prod(inside)),
        ),
        saved={"peaks": (BATCH, *outside), "which": (BATCH, *outside), "writer": (BATCH, *inside)},
    )


def _axes(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> tuple[Axis, ...]:
    """The windows of the second branch along each axis."""
    refuse_branches("max_unpool", shapes, lambda shape: (), "", example=_EXAMPLE, way_out="")
    if len(shapes) > 2:
        what = f"takes two branches, but has {len(shapes)}"
        raise InputError(what, where="max_unpool", hint=f"write {_EXAMPLE}")
    outside, inside = shapes
    if not 2 <= len(inside) <= 4:
        what = f"branch 2 outputs {shape_text(inside)}, which has no places"
        raise InputError(what, where="max_unpool", hint=f"give it images, sequences or volumes, as in {_EXAMPLE}")
    axes = pooled_axes(values, inside)
    wanted = (*(axis.output for axis in axes), inside[-1])
    if outside != wanted:
        found = f"branch 1 outputs {shape_text(outside)}, and windows of {shape_text(inside)} are {shape_text(wanted)}"
        raise InputError(found, where="max_unpool", hint=f"begin branch 1 with the same pooling, as in {_EXAMPLE}")
    return axes
