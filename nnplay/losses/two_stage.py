"""The loss of a two-stage detector (Faster R-CNN, Mask R-CNN): of its anchors, and of the boxes that it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from nnplay.detection.two_stages import ANCHOR, detect, row_width
from nnplay.errors import InputError
from nnplay.fields import integer, number
from nnplay.losses._stage_operations import ADD_UP, ANCHOR_COSTS, GRADIENT, MASK_TARGETS, ROI_COSTS
from nnplay.losses._terms import terms_plan
from nnplay.operations.match_anchors import LABEL, MATCH_ROIS, SAMPLE
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import LossPlan, LossRecord
from nnplay.records.operation import BATCH, Shape, Use, shape_text

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
    drawn, masks = (Use(MASK_TARGETS, layout, 20 * rois * parts),), {"mask_target": (BATCH, rois, parts)}
    return terms_plan(
        (
            Use(LABEL, layout, 1500 * K),
            Use(SAMPLE, {"sampled": values["sampled"]}, 3 * values["sampled"] * K),
            Use(MATCH_ROIS, layout, 500 * rois),
            *(drawn if mask else ()),
            Use(ANCHOR_COSTS, layout, 60 * K),
            Use(ROI_COSTS, layout, 100 * rois * (1 + parts)),
            Use(ADD_UP, {}, 8 * K),
        ),
        (Use(GRADIENT, layout, 20 * shape[0]),),
        weights,
        {
            "anchor_labels": (BATCH, K),
            "keys": (BATCH, K),
            "anchor_match": (BATCH, K),
            "roi_match": (BATCH, rois),
            **(masks if mask else {}),
            "anchor_costs": (BATCH, K, 2),
            "roi_costs": (BATCH, rois, 3),
        },
        # Without masks no row works any out; those that would read them get one zero.
        {} if mask else {"mask_target": np.zeros((1, 1, 1))},
    )
