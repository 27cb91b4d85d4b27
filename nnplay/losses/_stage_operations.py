"""The rows of the loss of a two-stage detector: what each anchor and proposal costs, term by term, and its slopes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.losses._stage_kernels import (
    count_terms,
    draw_mask_targets,
    gradient,
    measure_anchors,
    measure_rois,
)
from nnplay.operations import stage_costs
from nnplay.operations.match_anchors import LAYOUT
from nnplay.operations.proposals import chosen_together
from nnplay.operations.stage_elements import anchor_cost, roi_cost, slope
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


def add_up(
    anchor_costs: Array, roi_costs: Array, anchor_match: Array, roi_match: Array, term_weights: Array
) -> tuple[Array, Array]:
    """Sums of the terms of each picture, and by how much there was to be right about each is divided (N, terms)."""
    terms = term_weights.size
    parts = np.concatenate([anchor_costs.sum(axis=1), roi_costs.sum(axis=1)], axis=1)[:, :terms]
    anchors, rois = (anchor_match >= 0).sum(axis=1), (roi_match >= 0).sum(axis=1)
    counts = np.stack([anchors, anchors, rois, rois, (roi_match > 0).sum(axis=1)], axis=1)[:, :terms]
    return parts, counts.astype(np.float64)


def _sum_of_term(
    at: tuple[int, ...],
    anchor_costs: Named,
    roi_costs: Named,
    anchor_match: Named,
    roi_match: Named,
    term_weights: Named,
) -> Term:
    """One term of one picture: of the anchors, or of the proposals, that are learned from."""
    n, term = at
    costs, matched, own = (anchor_costs, anchor_match, term) if term < 2 else (roi_costs, roi_match, term - 2)
    return total(costs[n, box, own] for box in np.flatnonzero(matched.array[n] >= 0).tolist())


MASK_TARGETS: Final = Operation(
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
)
ANCHOR_COSTS: Final = Operation(
    name="costs of anchors",
    kernel=measure_anchors,
    cuda=(CudaRow(measure_anchors),),
    reads=("prediction", "target", "anchor_match"),
    writes=("anchor_costs",),
    reference=stage_costs.anchor_costs,
    formula="costs = log loss of objectness;  smooth L1 of the deltas from those that lead to the object",
    words="Sampled anchors pay for their objectness. Those near an object pay for their deltas too.",
    element=anchor_cost,
    integers=LAYOUT,
    torch="torchvision's RegionProposalNetwork.compute_loss",
)
ROI_COSTS: Final = Operation(
    name="costs of proposals",
    kernel=measure_rois,
    cuda=(CudaRow(measure_rois),),
    reads=("prediction", "target", "roi_match", "mask_target"),
    writes=("roi_costs",),
    reference=stage_costs.roi_costs,
    formula="costs = cross-entropy of the class;  smooth L1 of its deltas;  mean log loss of its mask",
    words="Every proposal pays for its class. One that holds an object pays for its box too, and for its mask if any.",
    element=roi_cost,
    integers=LAYOUT,
    torch="torchvision's fastrcnn_loss and maskrcnn_loss",
)
ADD_UP: Final = Operation(
    name="costs added up",
    kernel=count_terms,
    cuda=(CudaRow(count_terms),),
    reads=("anchor_costs", "roi_costs", "anchor_match", "roi_match", "term_weights"),
    writes=("parts", "counts"),
    reference=add_up,
    formula="parts = Σ costs of each term;  counts = sampled anchors, proposals, proposals with an object",
    words="The cost of each picture, term by term, and how many anchors and proposals it is of.",
    element=_sum_of_term,
    torch="sums of losses",
)
GRADIENT: Final = Operation(
    name="gradient",
    kernel=gradient,
    cuda=(CudaRow(gradient),),
    reads=("prediction", "target", "anchor_match", "roi_match", "mask_target", "term_weights", "divisors"),
    writes=("dprediction",),
    reference=stage_costs.slopes,
    formula="dz = weight·d cost / d z / divisor, of each anchor and proposal that is learned from",
    words="Each number is pushed by its own term; the boxes and anchors themselves are not.",
    element=slope,
    integers=LAYOUT,
    torch="autograd",
)
