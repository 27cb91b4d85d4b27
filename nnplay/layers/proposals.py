"""Proposals: the boxes that a region proposal network would look at, out of all its anchors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import integer, number
from nnplay.operations.proposals import KEEP, MEASURE, MOST_TRUE, MOVE, RANK, SAMPLE, SUPPRESS
from nnplay.operations.stopped import stopped
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import BATCH, Shape, Use, shape_text

PROPOSALS = LayerRecord(
    name="proposals",
    title="Proposals",
    family="boxes",
    about="Boxes worth a second look: anchors moved by their deltas, ranked, suppressed, and in training sampled.",
    when="Behind anchors, in front of RoI align.",
    plan=lambda values, shape: plan(values, shape),
    fields=(
        integer("rois", 16, "boxes of each picture that go on", high=512),
        integer("before", 64, "boxes that are looked at before suppression", high=4096),
        number("overlap", 0.7, "IoU from which a better box suppresses another", low=0.0, high=1.0, live=True),
        number("positive", 0.25, "largest share, in training, of boxes that are near a true one", low=0.0, high=1.0),
    ),
    torch="torchvision.models.detection.rpn.RegionProposalNetwork.filter_proposals, and sampling",
    cases=(
        Case({"rois": 3, "before": 5}, (7, 9), exact=False),
        Case({"rois": 6, "before": 9, "overlap": 0.0}, (4, 9), exact=False),
    ),
    refused=(
        Refused({}, (4, 4, 9), "needs rows of anchors"),
        Refused({}, (4, 5), "needs rows of anchors"),
        Refused({"overlap": 2}, (4, 9), "≤ 1"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """Anchors (N, K, 9) → boxes (N, rois, 4): left, top, right, bottom in shares of the picture; zeros are none.

    Raises:
        InputError: something else than the output of `anchors`.
    """
    if len(shape) != 2 or shape[1] != 9:
        hint = "put it behind anchors, as in conv2d 15 1, anchors 3,5,8, proposals 16"
        raise InputError(f"needs rows of anchors, not {shape_text(shape)}", hint=hint)
    K, rois = shape[0], values["rois"]
    ranked = min(values["before"], K)
    before = (
        Use(MOVE, cost=40 * K),
        Use(RANK, {"count": ranked}, ranked * K),
        Use(SUPPRESS, cost=10 * ranked * ranked),
    )
    drawn = {"rois": rois, "positive": int(rois * values["positive"])}
    return Plan(
        output=(rois, 4),
        forward=(*before, Use(MEASURE, cost=200 * ranked), Use(SAMPLE, drawn, 60 * ranked * rois)),
        evaluate=(*before, Use(KEEP, {"rois": rois}, ranked)),
        backward=(Use(stopped("x"), cost=9 * K),),
        saved={
            "boxes": (BATCH, K, 4),
            "order": (BATCH, ranked),
            "by": (BATCH, ranked),
            "best": (BATCH, ranked + MOST_TRUE),
            "keys": (BATCH, ranked + MOST_TRUE),
            "picked": (BATCH, rois),
        },
        multiply_adds=ranked * K,
    )
