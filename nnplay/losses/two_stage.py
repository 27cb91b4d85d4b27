"""The loss of a two-stage detector (Faster R-CNN, Mask R-CNN): of its anchors, and of the boxes that it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.two_stages import ANCHOR, detect, row_width
from nnplay.errors import InputError
from nnplay.fields import integer, number
from nnplay.losses._stage_kernels import (
    count_terms,
    draw_mask_targets,
    gradient,
    measure_anchors,
    measure_rois,
)
from nnplay.losses._terms import terms_plan
from nnplay.operations import stage_costs
from nnplay.operations.match_anchors import LABEL, LAYOUT, MATCH_ROIS, SAMPLE
from nnplay.operations.proposals import chosen_together
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import LossPlan, LossRecord
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]
#: The terms, in order; without masks the last one is left out.
TERMS: Final = ("objectness", "anchor_boxes", "classes", "boxes", "masks")


TWO_STAGE = LossRecord(
    name="two_stage",
    title="Two stages (Faster R-CNN, Mask R-CNN)",
    about="For boxes, and masks: where objects may be, of anchors; which they are, where and how, of proposals.",
    when="Boxes and masks, with a network that proposes boxes and looks at each of them.",
    formula="objectness + anchor_boxes + classes + boxes + masks: log losses, and smooth L1 of deltas",
    target="boxes",
    plan=lambda values, shape: plan(values, shape),
    outputs=lambda count: 1 + count,
    fields=(
        integer("rois", 16, "boxes that the network proposes in each picture", high=512),
        integer("class_count", 3, "classes of objects, without background", high=1000),
        integer("mask", 0, "rows and columns of a mask; 0: boxes only", low=0, high=56),
        integer("sampled", 32, "anchors of each picture that are learned from, half of them near objects", high=4096),
        number("box_weight", 1.0, "what boxes count beside classes", low=0.0, high=1e3),
    ),
    detect=lambda values, outputs: detect(outputs, values["rois"], values["class_count"], values["mask"]),
    classes=lambda values, shape: int(values["class_count"]),
    torch="the losses of torchvision.models.detection.FasterRCNN and MaskRCNN",
    cases=(
        Case({"rois": 3, "class_count": 2, "sampled": 6}, (3 * row_width(2, 0) + 9 * ANCHOR,), exact=False),
        Case({"rois": 2, "class_count": 1, "sampled": 4, "mask": 3}, (2 * row_width(1, 3) + 5 * ANCHOR,), exact=False),
    ),
    refused=(Refused({}, (100,), "needs 16 proposals"), Refused({"class_count": 0}, (1000,), "≥ 1")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> LossPlan:
    """Outputs z (N, rois·row + anchors·9) and objects (N, …) → loss (1,), dz.

    A row is left, top, right, bottom; 1 + classes logits; 4 deltas for each class; mask·mask·classes logits.
    """
    rois, classes, mask = (int(values[name]) for name in ("rois", "class_count", "mask"))
    width = row_width(classes, mask)
    rest = shape[0] - rois * width if len(shape) == 1 else -1
    if rest <= 0 or rest % ANCHOR:
        outputs = shape_text(shape)
        what = f"needs {rois} proposals of {width} numbers and anchors of {ANCHOR}; the network outputs {outputs}"
        hint = "end with concat[recall rois | linear … | …], flatten, concat[identity | recall rpn, flatten]"
        raise InputError(what, where="two_stage", hint=hint)
    K = rest // ANCHOR
    layout = {"rois": rois, "classes": classes, "mask": mask}
    names = TERMS if mask else TERMS[:-1]
    weights = {name: float(values["box_weight"]) if "boxes" in name else 1.0 for name in names}
    parts = mask * mask
    return terms_plan(
        (
            Use(LABEL, layout, 1500 * K),
            Use(SAMPLE, {"sampled": values["sampled"]}, 3 * values["sampled"] * K),
            Use(MATCH_ROIS, layout, 500 * rois),
            Use(_operations()["mask targets"], layout, 20 * rois * max(1, parts)),
            Use(_operations()["costs of anchors"], layout, 60 * K),
            Use(_operations()["costs of proposals"], layout, 100 * rois * (1 + parts)),
            Use(_operations()["costs added up"], {}, 8 * K),
        ),
        (Use(_operations()["gradient"], layout, 20 * shape[0]),),
        weights,
        {
            "anchor_labels": (BATCH, K),
            "keys": (BATCH, K),
            "anchor_match": (BATCH, K),
            "roi_match": (BATCH, rois),
            "mask_target": (BATCH, rois, max(1, parts)),
            "anchor_costs": (BATCH, K, 2),
            "roi_costs": (BATCH, rois, 3),
        },
    )


def add_up(anchor_costs: Array, roi_costs: Array, anchor_match: Array, roi_match: Array, terms: int) -> Any:
    """Sums of the terms of each picture, and by how much there was to be right about each is divided (N, terms)."""
    parts = np.concatenate([anchor_costs.sum(axis=1), roi_costs.sum(axis=1)], axis=1)[:, :terms]
    anchors, rois = (anchor_match >= 0).sum(axis=1), (roi_match >= 0).sum(axis=1)
    counts = np.stack([anchors, anchors, rois, rois, (roi_match > 0).sum(axis=1)], axis=1)[:, :terms]
    return parts, counts.astype(np.float64)


def _add_up(anchor_costs: Array, roi_costs: Array, anchor_match: Array, roi_match: Array, term_weights: Array) -> Any:
    return add_up(anchor_costs, roi_costs, anchor_match, roi_match, term_weights.size)


def _slope_element(at: Any, *operands: Named, **layout: int) -> Term:
    slopes: Any = stage_costs.slopes
    made = slopes(*(operand.array for operand in operands), **layout)
    return as_term(float(made[tuple(int(k) for k in at)]))


@cache
def _operations() -> dict[str, Operation]:
    found = (
        Operation(
            name="mask targets",
            kernel=draw_mask_targets,
            cuda=(CudaRow(draw_mask_targets),),
            reads=("prediction", "target", "roi_match"),
            writes=("mask_target",),
            reference=stage_costs.mask_targets,
            formula="wanted[i,j] = share of 2×2 points of part (i, j) of the proposal that lie on its object",
            words="The object's own pixels, seen through the proposal: what its mask is to be.",
            element=chosen_together(stage_costs.mask_targets),
            integers=LAYOUT,
            torch="torchvision's project_masks_on_boxes",
        ),
        Operation(
            name="costs of anchors",
            kernel=measure_anchors,
            cuda=(CudaRow(measure_anchors),),
            reads=("prediction", "target", "anchor_match"),
            writes=("anchor_costs",),
            reference=stage_costs.anchor_costs,
            formula="costs = log loss of objectness;  smooth L1 of the deltas from those that lead to the object",
            words="Sampled anchors pay for their objectness. Those near an object pay for their deltas too.",
            element=chosen_together(stage_costs.anchor_costs),
            integers=LAYOUT,
            torch="torchvision's RegionProposalNetwork.compute_loss",
        ),
        Operation(
            name="costs of proposals",
            kernel=measure_rois,
            cuda=(CudaRow(measure_rois),),
            reads=("prediction", "target", "roi_match", "mask_target"),
            writes=("roi_costs",),
            reference=stage_costs.roi_costs,
            formula="costs = cross-entropy of the class;  smooth L1 of its deltas;  mean log loss of its mask",
            words="Every proposal pays for its class. One that holds an object pays for its box and its mask too.",
            element=chosen_together(stage_costs.roi_costs),
            integers=LAYOUT,
            torch="torchvision's fastrcnn_loss and maskrcnn_loss",
        ),
        Operation(
            name="costs added up",
            kernel=count_terms,
            cuda=(CudaRow(count_terms),),
            reads=("anchor_costs", "roi_costs", "anchor_match", "roi_match", "term_weights"),
            writes=("parts", "counts"),
            reference=_add_up,
            formula="parts = Σ costs of each term;  counts = sampled anchors, proposals, proposals with an object",
            words="The cost of each picture, term by term, and how many anchors and proposals it is of.",
            element=chosen_together(_add_up),
            torch="sums of losses",
        ),
        Operation(
            name="gradient",
            kernel=gradient,
            cuda=(CudaRow(gradient),),
            reads=("prediction", "target", "anchor_match", "roi_match", "mask_target", "term_weights", "divisors"),
            writes=("dprediction",),
            reference=stage_costs.slopes,
            formula="dz = weight·d cost / d z / divisor, of each anchor and proposal that is learned from",
            words="Each number is pushed by its own term; the boxes and anchors themselves are not.",
            element=_slope_element,
            integers=LAYOUT,
            torch="autograd",
        ),
    )
    return {operation.name: operation for operation in found}
