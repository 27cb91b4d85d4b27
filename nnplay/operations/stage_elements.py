"""What one anchor or proposal of a two-stage detector costs, and one slope, worked out with their numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnplay.detection.boxes import encode
from nnplay.detection.two_stages import ANCHOR, WEIGHTS, row_width
from nnplay.operations.stage_costs import BETA, smooth_l1
from nnplay.records.worked import Named, Term, apply, as_term, total

Index = tuple[int, ...]


def softplus(z: float) -> float:
    """log(1 + exp z)."""
    return float(np.logaddexp(0, z))


def log_sum_exp(*logits: float) -> float:
    """log Σ exp z."""
    return float(np.logaddexp.reduce(logits))


def sigmoid(z: float) -> float:
    """1 / (1 + exp(−z))."""
    return math.exp(-float(np.logaddexp(0, -z)))


def _delta_errors(z: Named, n: int, first: int, true: Any, base: Any, weights: Any) -> list[Term]:
    """By how much four deltas from `first` on miss those that turn one box into the other."""
    wanted = encode(true, base, weights)
    return [z[n, first + side] - float(wanted[side]) for side in range(4)]


def _smooth_l1(errors: list[Term]) -> Term:
    return total(apply("smooth_l1", lambda error: float(smooth_l1(np.array(error))), error) for error in errors)


def anchor_cost(
    at: Index, prediction: Named, target: Named, anchor_match: Named, rois: int, classes: int, mask: int
) -> Term:
    """Objectness (term 0) or deltas (term 1) of one anchor."""
    n, anchor, term = at
    first = rois * row_width(classes, mask) + anchor * ANCHOR
    label = int(anchor_match.array[n, anchor])
    if label < 0 or (term == 1 and label == 0):
        return as_term(0.0)
    if term == 0:
        z = prediction[n, first]
        return apply("softplus", softplus, z) - z if label else apply("softplus", softplus, z)
    base = prediction.array[n, first + 5 : first + ANCHOR]
    true = target.array[n, label - 1, 1:5]
    return _smooth_l1(_delta_errors(prediction, n, first + 1, true, base, (1, 1, 1, 1)))


def roi_cost(
    at: Index,
    prediction: Named,
    target: Named,
    roi_match: Named,
    mask_target: Named,
    rois: int,
    classes: int,
    mask: int,
) -> Term:
    """Class (term 0), deltas (term 1) or mask (term 2) of one proposal."""
    n, roi, term = at
    first = roi * row_width(classes, mask)
    matched = int(roi_match.array[n, roi])
    if matched < 0 or (term > 0 and matched == 0):
        return as_term(0.0)
    label = int(target.array[n, matched - 1, 0]) if matched else 0
    if term == 0:
        logits = [prediction[n, first + 4 + c] for c in range(classes + 1)]
        return apply("log_sum_exp", log_sum_exp, *logits) - logits[label]
    if term == 1:
        base, true = prediction.array[n, first : first + 4], target.array[n, matched - 1, 1:5]
        deltas = first + 5 + classes + 4 * (label - 1)
        return _smooth_l1(_delta_errors(prediction, n, deltas, true, base, WEIGHTS))
    places = range(mask * mask)
    masks = first + 5 + 5 * classes + label - 1
    costs = (_drawn(prediction[n, masks + place * classes], mask_target[n, roi, place]) for place in places)
    return total(costs) / max(1, mask * mask)


def _drawn(z: Term, wanted: Term) -> Term:
    return apply("softplus", softplus, z) - z * wanted


def slope(
    at: Index,
    prediction: Named,
    target: Named,
    anchor_match: Named,
    roi_match: Named,
    mask_target: Named,
    term_weights: Named,
    divisors: Named,
    rois: int,
    classes: int,
    mask: int,
) -> Term:
    """The slope of the loss by one output: of an anchor, or of a proposal."""
    n, place = at
    begin = rois * row_width(classes, mask)
    if place >= begin:
        anchor, own = divmod(place - begin, ANCHOR)
        pushed = _anchor_push(prediction, target, n, place - own, own, int(anchor_match.array[n, anchor]))
        term = min(own, 1)
    else:
        term, pushed = _roi_push(prediction, target, roi_match, mask_target, n, place, classes, mask)
    return as_term(0.0) if pushed is None else pushed * term_weights[term] / divisors[term]


def _anchor_push(z: Named, target: Named, n: int, first: int, own: int, label: int) -> Term | None:
    """The slope of an anchor's cost by one of its numbers, which begin at `first`; None where there is none."""
    if label < 0 or own > 4 or (own > 0 and label == 0):
        return None
    if own == 0:
        return apply("sigmoid", sigmoid, z[n, first]) - (1.0 if label else 0.0)
    base, true = z.array[n, first + 5 : first + ANCHOR], target.array[n, label - 1, 1:5]
    return _clipped(_delta_errors(z, n, first + 1, true, base, (1, 1, 1, 1))[own - 1])


def _roi_push(
    z: Named, target: Named, roi_match: Named, mask_target: Named, n: int, place: int, classes: int, mask: int
) -> tuple[int, Term | None]:
    """Of which term an output of a proposal is, and the slope of its cost; None where there is none."""
    roi, own = divmod(place, row_width(classes, mask))
    first, matched = place - own, int(roi_match.array[n, roi])
    if matched < 0 or own < 4:
        return 2, None
    label = int(target.array[n, matched - 1, 0]) if matched else 0
    if own < 5 + classes:
        logits = [z[n, first + 4 + c] for c in range(classes + 1)]
        likely = apply("exp", math.exp, logits[own - 4] - apply("log_sum_exp", log_sum_exp, *logits))
        return 2, likely - (1.0 if own - 4 == label else 0.0)
    if own < 5 + 5 * classes:
        head, side = divmod(own - 5 - classes, 4)
        if head != label - 1:
            return 3, None
        base, true = z.array[n, first : first + 4], target.array[n, matched - 1, 1:5]
        return 3, _clipped(_delta_errors(z, n, place - side, true, base, WEIGHTS)[side])
    part, head = divmod(own - 5 - 5 * classes, classes)
    if head != label - 1:
        return 4, None
    return 4, (apply("sigmoid", sigmoid, z[n, place]) - mask_target[n, roi, part]) / (mask * mask)


def _clipped(error: Term) -> Term:
    """The slope of smooth L1."""
    return apply("clip", lambda ratio: min(max(ratio, -1.0), 1.0), error / BETA)
