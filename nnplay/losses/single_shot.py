"""The loss of a single-shot detector: at each place of a grid a class, by focal loss, and a box, by generalized IoU."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection import single_shot
from nnplay.detection.boxes import MOST_GROWTH
from nnplay.errors import InputError
from nnplay.fields import choice, number
from nnplay.kernels.box_costs import giou_cost, giou_slope, smooth_l1_cost, smooth_l1_slope
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.elementary import exp, log
from nnplay.kernels.focal import focal_cost, focal_slope
from nnplay.kernels.operands import cube, flat, grid, integer, rows_of, share
from nnplay.losses._terms import terms_plan
from nnplay.operations import focal
from nnplay.operations.place_boxes import BETA, MATCH, box_costs, box_slopes, box_term, true_distances
from nnplay.records.cuda_rows import PictureRow
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import LossPlan, LossRecord
from nnplay.records.operation import BATCH, Operation, Shape, Use, shape_text
from nnplay.records.worked import Named, Term, as_term, scalar, total

Array = NDArray[Any]
#: Outputs of a place before those of the classes: four distances.
SIDES: Final = 4
_MOST_GROWTH: Final = DTYPE(MOST_GROWTH)


SINGLE_SHOT = LossRecord(
    name="single_shot",
    title="Single shot (classes and boxes of a grid)",
    about="For boxes: each place of a grid says which class it sees and how far it is to the box's four sides.",
    when="Boxes, with a network that ends in a grid of 4 + classes channels.",
    formula="1/P · (Σ focal(z, class) + box_weight · Σ (1 − GIoU)),  P places in the middle of an object",
    target="boxes",
    plan=lambda values, shape: plan(values, shape),
    outputs=lambda count: SIDES + count,
    fields=(
        number("gamma", 2.0, "how much less easy places count; 0: log loss", low=0.0, high=20.0, live=True),
        number("alpha", 0.25, "what a class that is there counts; -1: all count alike", low=-1.0, high=1.0, live=True),
        choice(
            "box", "giou", "how far off a box is: generalized IoU, or smooth L1 of log distances", ("giou", "smooth_l1")
        ),
        number("box_weight", 1.0, "what boxes count beside classes", low=0.0, high=1e3),
        number("radius", 1.5, "cells around the middle of a box that are to find it", low=0.5, high=1e3, live=True),
    ),
    detect=lambda values, prediction: single_shot.detect(prediction),
    classes=lambda values, shape: shape[-1] - SIDES,
    torch="torchvision.models.detection.fcos, without its centre-ness",
    cases=(
        Case({}, (4, 5, 6)),
        Case({"gamma": 0.5, "box": "smooth_l1", "radius": 5.0}, (3, 3, 5)),
        Case({}, (8, 8, 7)),
    ),
    refused=(Refused({}, (4, 4, 4), "needs a grid"), Refused({}, (9,), "needs a grid")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> LossPlan:
    """Outputs z (N, H, W, 4 + C) and boxes (N, boxes, 5) → loss (1,), dz (N, H, W, 4 + C)."""
    if len(shape) != 3 or shape[2] <= SIDES:
        what = f"needs a grid of 4 distances and a logit for each class; the network outputs {shape_text(shape)}"
        raise InputError(what, where="single_shot", hint="end with conv2d, such as conv2d 7 1 for three classes")
    H, W, _ = shape
    work = 40 * int(np.prod(shape))
    box = {"giou": int(values["box"] == "giou")}
    return terms_plan(
        (Use(MATCH, {"height": H, "width": W}, 50 * H * W), Use(_costs_operation(), box, work)),
        (Use(_gradient_operation(), box, work),),
        {"classes": 1.0, "boxes": float(values["box_weight"])},
        {"matched": (BATCH, H, W), "costs": (BATCH, H, W, 2)},
    )


@cache
def _costs_operation() -> Operation:
    return Operation(
        name="costs of classes and boxes",
        kernel=costs,
        cuda=(PictureRow(costs),),
        reads=("prediction", "target", "matched", "gamma", "alpha"),
        writes=("costs", "parts", "counts"),
        reference=reference,
        formula="costs = Σ_c focal(z[4 + c], [c = class]), and 1 − GIoU(box, true box) where an object is matched",
        words="Every place pays for its classes; a place in the middle of an object pays for its box too.",
        element=_element,
        integers=("giou",),
        torch="torchvision.ops.sigmoid_focal_loss and generalized_box_iou_loss",
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of classes and boxes",
        kernel=gradient,
        cuda=(PictureRow(gradient),),
        reads=("prediction", "target", "matched", "gamma", "alpha", "term_weights", "divisors"),
        writes=("dprediction",),
        reference=reference_back,
        formula="dz = weight·d cost / d z / divisor, of the box cost for the four distances, else of focal loss",
        words="Distances are pushed where an object is matched. Logits of classes are pushed everywhere.",
        element=_element_back,
        integers=("giou",),
        torch="autograd",
    )


def _wanted(prediction: Array, target: Array, matched: Array) -> Array:
    """1 for the class of the matched object, else 0; (N, H, W, C)."""
    box = np.maximum(matched.astype(np.int64) - 1, 0)
    label = np.where(matched > 0, target[np.arange(len(target))[:, None, None], box, 0] - 1, -1)
    return np.asarray(label[..., None] == np.arange(prediction.shape[-1] - SIDES)).astype(np.float64)


def reference(
    prediction: Array, target: Array, matched: Array, gamma: Array, alpha: Array, giou: int
) -> tuple[Array, Array, Array]:
    wanted = _wanted(prediction, target, matched)
    classes = focal.cost(prediction[..., SIDES:], wanted, gamma, alpha).sum(axis=-1)
    boxes = np.where(matched > 0, box_costs(prediction, true_distances(target, matched), giou), 0.0)
    costs = np.stack([classes, boxes], axis=-1)
    found = (matched > 0).sum(axis=(1, 2)).astype(np.float64)
    return costs, costs.sum(axis=(1, 2)), np.stack([found, found], axis=1)


def reference_back(
    prediction: Array,
    target: Array,
    matched: Array,
    gamma: Array,
    alpha: Array,
    term_weights: Array,
    divisors: Array,
    giou: int,
) -> Array:
    classes = focal.slope(prediction[..., SIDES:], _wanted(prediction, target, matched), gamma, alpha)
    boxes = box_slopes(prediction, true_distances(target, matched), giou) * (matched > 0)[..., None]
    scale = term_weights / divisors
    return np.concatenate([boxes * scale[1], classes * scale[0]], axis=-1)


def _class_terms(at: Any, prediction: Named, target: Named, matched: Named) -> Any:
    wanted = _wanted(prediction.array, target.array, matched.array)
    return [(prediction[(*at, SIDES + c)], as_term(float(wanted[(*at, c)]))) for c in range(wanted.shape[-1])]


def _element(at: Any, prediction: Named, target: Named, matched: Named, gamma: Named, alpha: Named, giou: int) -> Term:
    place = tuple(at[:3])
    if at[3] == 0:
        settings = scalar("γ", gamma), scalar("α", alpha)
        return total(focal.term(z, t, *settings) for z, t in _class_terms(place, prediction, target, matched))
    if matched.array[place] == 0:
        return as_term(0.0)
    return box_term(place, prediction, target, matched, giou)


def _element_back(
    at: Any,
    prediction: Named,
    target: Named,
    matched: Named,
    gamma: Named,
    alpha: Named,
    term_weights: Named,
    divisors: Named,
    giou: int,
) -> Term:
    place, channel = tuple(at[:3]), int(at[3])
    if channel >= SIDES:
        z, t = _class_terms(place, prediction, target, matched)[channel - SIDES]
        return term_weights[0] * focal.term_back(z, t, scalar("γ", gamma), scalar("α", alpha)) / divisors[0]
    if matched.array[place] == 0:
        return as_term(0.0)
    true = true_distances(target.array, matched.array)
    slope = float(box_slopes(prediction.array, true, giou)[tuple(at)])
    return term_weights[1] * Term(slope, f"d box cost / d z[{channel}]", f"{slope:.4g}") / divisors[1]


@kernel
def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs = Σ_c focal(z[4 + c], [c = class]), box cost where matched; z (N, H, W, 4 + C), matched (N, H, W).

    target (N, boxes, 5), costs (N, H, W, 2), parts and counts (N, 2): their sums, and how many places are matched.
    """
    z, target, matched = grid(row, memory, 0), cube(row, memory, 1), cube(row, memory, 2)
    gamma, alpha = flat(row, memory, 3)[0], flat(row, memory, 4)[0]
    cost, parts, counts = grid(row, memory, 5), rows_of(row, memory, 6), rows_of(row, memory, 7)
    N, H, W, channels = z.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        classes, boxes, found = np.float64(0), np.float64(0), np.float64(0)
        for i in range(H):
            for j in range(W):
                k = int(matched[n, i, j]) - 1
                label = int(target[n, k, 0]) - 1 if k >= 0 else -1
                summed = np.float64(0)
                for c in range(SIDES, channels):
                    summed += focal_cost(z[n, i, j, c], 1.0 if c - SIDES == label else 0.0, gamma, alpha)
                cost[n, i, j, 0] = summed
                cost[n, i, j, 1] = box_cost(z, target, n, i, j, k, integer(row, 0)) if k >= 0 else DTYPE(0.0)
                classes += summed
                boxes += cost[n, i, j, 1]
                found += 1.0 if k >= 0 else 0.0
        parts[n, 0] = classes
        parts[n, 1] = boxes
        counts[n, 0] = found
        counts[n, 1] = found


@inline
def distance(target: Any, n: int, k: int, side: int, i: int, j: int, H: int, W: int) -> Any:
    """How far the middle of place (i, j) is from a side of box k, in cells."""
    if side == 0:
        return (j + 0.5) - target[n, k, 1] * W
    if side == 1:
        return (i + 0.5) - target[n, k, 2] * H
    if side == 2:
        return target[n, k, 3] * W - (j + 0.5)
    return target[n, k, 4] * H - (i + 0.5)


@inline
def away(z: Any) -> Any:
    """A predicted distance in cells."""
    return exp(min(z, _MOST_GROWTH))


@inline
def box_cost(z: Any, target: Any, n: int, i: int, j: int, k: int, giou: int) -> Any:
    """1 − GIoU with box k, or smooth L1 of the four logarithms."""
    H, W = z.shape[1], z.shape[2]
    L, T = distance(target, n, k, 0, i, j, H, W), distance(target, n, k, 1, i, j, H, W)
    R, B = distance(target, n, k, 2, i, j, H, W), distance(target, n, k, 3, i, j, H, W)
    Z = z[n, i, j]
    if giou != 0:
        return giou_cost(away(Z[0]), away(Z[1]), away(Z[2]), away(Z[3]), L, T, R, B)
    near = smooth_l1_cost(Z[0] - log(L), BETA) + smooth_l1_cost(Z[1] - log(T), BETA)
    return near + smooth_l1_cost(Z[2] - log(R), BETA) + smooth_l1_cost(Z[3] - log(B), BETA)


@inline
def box_slope(z: Any, target: Any, n: int, i: int, j: int, k: int, side: int, giou: int) -> Any:
    """The slope of that cost by one of the four logarithms."""
    H, W = z.shape[1], z.shape[2]
    L, T = distance(target, n, k, 0, i, j, H, W), distance(target, n, k, 1, i, j, H, W)
    R, B = distance(target, n, k, 2, i, j, H, W), distance(target, n, k, 3, i, j, H, W)
    Z = z[n, i, j]
    own = Z[side]
    if giou == 0:
        true = L if side == 0 else (T if side == 1 else (R if side == 2 else B))
        return smooth_l1_slope(own - log(true), BETA)
    l, t, r, b = away(Z[0]), away(Z[1]), away(Z[2]), away(Z[3])
    if side == 0:
        slope = giou_slope(l, t, r, b, L, T, R, B)
    elif side == 1:
        slope = giou_slope(t, l, b, r, T, L, B, R)
    elif side == 2:
        slope = giou_slope(r, t, l, b, R, T, L, B)
    else:
        slope = giou_slope(b, l, t, r, B, L, T, R)
    return slope * away(own) if own < _MOST_GROWTH else DTYPE(0.0)


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dz = weight·d cost / d z / divisor; z, dz (N, H, W, 4 + C), matched (N, H, W), target (N, boxes, 5).

    term_weights and divisors (2,): of classes, of boxes.
    """
    z, target, matched = grid(row, memory, 0), cube(row, memory, 1), cube(row, memory, 2)
    gamma, alpha = flat(row, memory, 3)[0], flat(row, memory, 4)[0]
    weights, divisors, dz = flat(row, memory, 5), flat(row, memory, 6), grid(row, memory, 7)
    N, H, W, channels = z.shape
    of_class, of_box = weights[0] / divisors[0], weights[1] / divisors[1]
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for i in range(H):
            for j in range(W):
                k = int(matched[n, i, j]) - 1
                label = int(target[n, k, 0]) - 1 if k >= 0 else -1
                for side in range(SIDES):
                    pushed = box_slope(z, target, n, i, j, k, side, integer(row, 0)) if k >= 0 else DTYPE(0.0)
                    dz[n, i, j, side] = of_box * pushed
                for c in range(SIDES, channels):
                    wanted = 1.0 if c - SIDES == label else 0.0
                    dz[n, i, j, c] = of_class * focal_slope(z[n, i, j, c], wanted, gamma, alpha)
