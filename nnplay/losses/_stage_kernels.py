"""The kernels of the loss of a two-stage detector; outputs are laid out as in `nnplay.detection.two_stages`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from nnplay.kernels.box_costs import smooth_l1_cost, smooth_l1_slope
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.elementary import exp, log, sigmoid, softplus
from nnplay.kernels.operands import cube, flat, integer, matrix, pointer, share, shifted
from nnplay.operations.match_anchors import row_size

_BETA: Final = DTYPE(1 / 9)


@inline
def wanted_delta(true: Any, base: Any, side: int, weight: Any) -> Any:
    """The delta that turns one box into the other: shift of the middle in sides, or logarithm of growth.

    Both point to left, top, right and bottom; sides 0 and 1 are shifts, 2 and 3 growths.
    """
    axis = side % 2
    size, own = base[axis + 2] - base[axis], true[axis + 2] - true[axis]
    if side < 2:
        return weight * ((true[axis] + true[axis + 2]) * 0.5 - (base[axis] + base[axis + 2]) * 0.5) / size
    return weight * log(own / size)


@inline
def roi_weight(side: int) -> Any:
    """What deltas of proposals are multiplied by."""
    return 10.0 if side < 2 else 5.0


@kernel
def draw_mask_targets(row: Any, clock: Any, memory: Any, part: int) -> None:
    """wanted[n,r,i·M + j] = share of 2×2 points of part (i, j) of proposal r that lie on its object; zeros without.

    prediction (N, R·row + K·9), target (N, boxes + size, size), roi_match (N, R), wanted (N, R, M·M).
    """
    prediction, target, matched = matrix(row, memory, 0), cube(row, memory, 1), matrix(row, memory, 2)
    wanted, M = cube(row, memory, 3), integer(row, 2)
    N, R, size = matched.shape[0], matched.shape[1], target.shape[2]
    count, width = target.shape[1] - size, row_size(integer(row, 1), M)
    start, stop = share(row, part, N * R)
    for box in range(start, stop):
        n, r = box // R, box % R
        for place in range(wanted.shape[2]):
            summed = DTYPE(0.0)
            if matched[n, r] > 0.0 and M > 0:
                own = shifted(pointer(row, memory, 0), n * prediction.shape[1] + r * width)
                for k in range(4):
                    down = (place // M * 2 + k // 2 + 0.5) / (M * 2)
                    across = (place % M * 2 + k % 2 + 0.5) / (M * 2)
                    i = int((own[1] + down * (own[3] - own[1])) * size)
                    j = int((own[0] + across * (own[2] - own[0])) * size)
                    seen = target[n, count + min(max(i, 0), size - 1), min(max(j, 0), size - 1)]
                    summed += 0.25 if seen == matched[n, r] else 0.0
            wanted[n, r, place] = summed


@kernel
def measure_anchors(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[n,a] = log loss of objectness, smooth L1 of deltas; 0 for what is not learned from.

    prediction (N, R·row + K·9), target (N, boxes, 5), anchor_match (N, K), costs (N, K, 2).
    """
    prediction, target, matched = matrix(row, memory, 0), cube(row, memory, 1), matrix(row, memory, 2)
    costs, begin = cube(row, memory, 3), integer(row, 0) * row_size(integer(row, 1), integer(row, 2))
    N, K = matched.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for a in range(K):
            z = shifted(pointer(row, memory, 0), n * prediction.shape[1] + begin + a * 9)
            k = int(matched[n, a]) - 1
            costs[n, a, 0] = 0.0
            costs[n, a, 1] = 0.0
            if k >= -1:
                costs[n, a, 0] = softplus(z[0]) - (z[0] if k >= 0 else 0.0)
            if k >= 0:
                true = shifted(pointer(row, memory, 1), (n * target.shape[1] + k) * target.shape[2] + 1)
                summed = DTYPE(0.0)
                for side in range(4):
                    summed += smooth_l1_cost(z[1 + side] - wanted_delta(true, shifted(z, 5), side, 1.0), _BETA)
                costs[n, a, 1] = summed


@kernel
def measure_rois(row: Any, clock: Any, memory: Any, part: int) -> None:
    """costs[n,r] = cross-entropy of the class, smooth L1 of its deltas, mean log loss of its mask.

    prediction (N, R·row + K·9), target (N, boxes, 5), roi_match (N, R), wanted (N, R, M·M), costs (N, R, 3).
    """
    prediction, target, matched = matrix(row, memory, 0), cube(row, memory, 1), matrix(row, memory, 2)
    wanted, costs = cube(row, memory, 3), cube(row, memory, 4)
    C, M = integer(row, 1), integer(row, 2)
    N, R, width = matched.shape[0], matched.shape[1], row_size(C, M)
    start, stop = share(row, part, N * R)
    for box in range(start, stop):
        n, r = box // R, box % R
        z = shifted(pointer(row, memory, 0), n * prediction.shape[1] + r * width)
        k = int(matched[n, r]) - 1
        label = int(target[n, k, 0]) if k >= 0 else 0
        for term in range(3):
            costs[n, r, term] = 0.0
        if k >= -1:
            top = largest(z, C)
            summed = np.float64(0)
            for c in range(C + 1):
                summed += exp(z[4 + c] - top)
            costs[n, r, 0] = log(DTYPE(summed)) - (z[4 + label] - top)
        if k >= 0:
            true = shifted(pointer(row, memory, 1), (n * target.shape[1] + k) * target.shape[2] + 1)
            moved = DTYPE(0.0)
            for side in range(4):
                error = z[5 + C + 4 * (label - 1) + side] - wanted_delta(true, z, side, roi_weight(side))
                moved += smooth_l1_cost(error, _BETA)
            costs[n, r, 1] = moved
            drawn = np.float64(0)
            for place in range(M * M):
                logit = z[5 + 5 * C + place * C + label - 1]
                drawn += softplus(logit) - logit * wanted[n, r, place]
            costs[n, r, 2] = drawn / max(1, M * M)


@inline
def largest(z: Any, C: int) -> Any:
    """The largest of the logits of background and classes."""
    top = z[4]
    for c in range(1, C + 1):
        top = max(top, z[4 + c])
    return top


@kernel
def count_terms(row: Any, clock: Any, memory: Any, part: int) -> None:
    """parts[n] = Σ costs of each term, counts[n] = sampled anchors (twice), proposals (twice), those with an object.

    anchor_costs (N, K, 2), roi_costs (N, R, 3), anchor_match (N, K), roi_match (N, R), parts and counts (N, T).
    """
    of_anchors, of_rois = cube(row, memory, 0), cube(row, memory, 1)
    anchors, rois = matrix(row, memory, 2), matrix(row, memory, 3)
    parts, counts = matrix(row, memory, 5), matrix(row, memory, 6)
    start, stop = share(row, part, anchors.shape[0])
    for n in range(start, stop):
        for t in range(parts.shape[1]):
            summed, count = np.float64(0), np.float64(0)
            if t < 2:
                for a in range(anchors.shape[1]):
                    summed += of_anchors[n, a, t]
                    count += 1.0 if anchors[n, a] >= 0.0 else 0.0
            else:
                for r in range(rois.shape[1]):
                    summed += of_rois[n, r, t - 2]
                    counted = rois[n, r] > 0.0 if t == 4 else rois[n, r] >= 0.0
                    count += 1.0 if counted else 0.0
            parts[n, t] = summed
            counts[n, t] = count


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dz = weight·d cost / d z / divisor: sigmoid − wanted, clipped error / β, softmax − hot; 0 for boxes and anchors.

    prediction and dz (N, R·row + K·9), target (N, boxes, 5), anchor_match (N, K), roi_match (N, R),
    wanted (N, R, M·M), term_weights and divisors (T,).
    """
    z, dz, target = pointer(row, memory, 0), pointer(row, memory, 7), cube(row, memory, 1)
    anchors, rois, wanted = matrix(row, memory, 2), matrix(row, memory, 3), cube(row, memory, 4)
    weights, divisors = flat(row, memory, 5), flat(row, memory, 6)
    C, M, size = integer(row, 1), integer(row, 2), matrix(row, memory, 0).shape[1]
    N, K, R, width = anchors.shape[0], anchors.shape[1], rois.shape[1], row_size(integer(row, 1), integer(row, 2))
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for place in range(n * size, (n + 1) * size):
            dz[place] = 0.0
        for a in range(K):
            at = n * size + R * width + a * 9
            k = int(anchors[n, a]) - 1
            if k >= -1:
                hot = 1.0 if k >= 0 else 0.0
                dz[at] = (sigmoid(z[at]) - hot) * (weights[0] / divisors[0])
            if k >= 0:
                true = shifted(pointer(row, memory, 1), (n * target.shape[1] + k) * target.shape[2] + 1)
                for side in range(4):
                    error = z[at + 1 + side] - wanted_delta(true, shifted(z, at + 5), side, 1.0)
                    dz[at + 1 + side] = smooth_l1_slope(error, _BETA) * (weights[1] / divisors[1])
        for r in range(R):
            k = int(rois[n, r]) - 1
            at = n * size + r * width
            if k >= -1:
                label = int(target[n, k, 0]) if k >= 0 else 0
                push_classes(shifted(z, at), shifted(dz, at), label, C, weights[2] / divisors[2])
            if k >= 0:
                true = shifted(pointer(row, memory, 1), (n * target.shape[1] + k) * target.shape[2] + 1)
                first = at + 5 + C + 4 * (int(target[n, k, 0]) - 1)
                for side in range(4):
                    error = z[first + side] - wanted_delta(true, shifted(z, at), side, roi_weight(side))
                    dz[first + side] = smooth_l1_slope(error, _BETA) * (weights[3] / divisors[3])
                for place in range(M * M):
                    own = at + 5 + 5 * C + place * C + int(target[n, k, 0]) - 1
                    scale = weights[4] / divisors[4] / (M * M)
                    dz[own] = (sigmoid(z[own]) - wanted[n, r, place]) * scale


@inline
def push_classes(z: Any, dz: Any, label: int, C: int, scale: Any) -> None:
    """dz[4 + c] = (softmax(z)[c] − [c = label])·scale, for background and C classes."""
    top = largest(z, C)
    summed = np.float64(0)
    for c in range(C + 1):
        summed += exp(z[4 + c] - top)
    for c in range(C + 1):
        hot = 1.0 if c == label else 0.0
        dz[4 + c] = (exp(z[4 + c] - top) / DTYPE(summed) - hot) * scale
