"""From anchors to proposals: boxes moved by their deltas, ranked by objectness, suppressed, and in training sampled.

Source: Ren et al., Faster R-CNN, 2015; what is kept and sampled is as in torchvision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.detection.boxes import area, clip, decode, iou
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP
from nnplay.kernels.boxes import box_area, count_true, decode_box, nearest_true, next_drawn
from nnplay.kernels.boxes import iou as iou_of
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import cube, flat, integer, matrix, pointer, share, shifted
from nnplay.kernels.random import uniform
from nnplay.records.cuda_rows import PictureRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]
#: True boxes of a picture that join its proposals in training, at the most.
MOST_TRUE: Final = 16
#: Numbers of a row of `anchors`: objectness, four deltas, four sides.
_WIDTH: Final = 9


def move(x: Array) -> Array:
    return clip(decode(x[..., 1:5], x[..., 5:9]))


def rank(x: Array, count: int) -> Array:
    return np.argsort(-x[..., 0], axis=1, kind="stable")[:, :count].astype(np.float64)


def suppress(boxes: Array, order: Array, overlap: Array) -> Array:
    by = np.zeros(order.shape)
    for n, line in enumerate(order.astype(np.int64)):
        own = boxes[n, line]
        overlaps, sizes = iou(own, own), area(own)
        for place in range(len(line)):
            earlier = np.flatnonzero((by[n, :place] == 0) & (overlaps[place, :place] > overlap[0]))
            by[n, place] = -1 if sizes[place] <= 0 else earlier[0] + 1 if len(earlier) else 0
    return by


def keep(boxes: Array, order: Array, by: Array, rois: int) -> Array:
    kept = np.zeros((len(boxes), rois, 4))
    for n, line in enumerate(order.astype(np.int64)):
        chosen = line[by[n] == 0][:rois]
        kept[n, : len(chosen)] = boxes[n, chosen]
    return kept


def true_boxes(target: Array) -> Array:
    """The true boxes (k, 4) of one picture, as `nnplay.detection.objects` has them; none where it has no boxes."""
    rows, columns = target.shape[:2] if target.ndim > 1 else (0, 0)
    count = rows if columns == 5 else rows - columns if columns > 5 else 0
    boxes = target[: min(max(count, 0), MOST_TRUE)]
    return np.asarray(boxes[boxes[:, 0] > 0][:, 1:5]) if len(boxes) else np.zeros((0, 4))


def measure(
    boxes: Array, order: Array, by: Array, target: Array, stream: int, clock: Mapping[str, int]
) -> tuple[Array, Array]:
    count = order.shape[1]
    best = np.full((len(boxes), count + MOST_TRUE), -1.0)
    for n, line in enumerate(order.astype(np.int64)):
        true = true_boxes(target[n])
        kept = np.flatnonzero(by[n] == 0)
        best[n, kept] = iou(boxes[n, line[kept]], true).max(axis=1, initial=0.0)
        best[n, count : count + len(true)] = 1.0
    return best, draw_keys(best.shape, stream, clock)


def draw_keys(shape: tuple[int, ...], stream: int, clock: Mapping[str, int]) -> Array:
    """A random number from 0 to 1 for each box of this step; those with the smallest ones are taken."""
    return rng.uniform(clock["seed"], stream, clock["step"], shape)


def sample(
    boxes: Array, order: Array, best: Array, keys: Array, target: Array, rois: int, positive: int
) -> tuple[Array, Array]:
    N, count = best.shape
    taken, picked = np.zeros((N, rois, 4)), np.full((N, rois), -1.0)
    for n in range(N):
        ranked = np.argsort(keys[n], kind="stable")
        near = ranked[best[n, ranked] >= 0.5][:positive]
        far = ranked[(best[n, ranked] >= 0) & (best[n, ranked] < 0.5)][: rois - len(near)]
        chosen = np.concatenate([near, far])
        ranks = order.shape[1]
        every = np.zeros((count, 4))
        every[:ranks] = boxes[n, order[n].astype(np.int64)]
        true = true_boxes(target[n])
        every[ranks : ranks + len(true)] = true
        taken[n, : len(chosen)], picked[n, : len(chosen)] = every[chosen], chosen
    return taken, picked


def chosen_together(reference: Any) -> Any:
    """One element of a row that chooses: worked out with all others, since they decide together."""

    def element(at: Any, *operands: Named, **given: Any) -> Term:
        found = reference(*(operand.array for operand in operands), **given)
        return as_term(float((found[0] if isinstance(found, tuple) else found)[tuple(int(k) for k in at)]))

    return element


@kernel
def move_anchors(row: Any, clock: Any, memory: Any, part: int) -> None:
    """boxes[n,a] = the anchor, shifted and grown by its deltas and cut off; x (N, K, 9), boxes (N, K, 4)."""
    x, boxes, K = cube(row, memory, 0), pointer(row, memory, 1), cube(row, memory, 0).shape[1]
    start, stop = share(row, part, x.shape[0])
    for n in range(start, stop):
        for a in range(K):
            base = shifted(pointer(row, memory, 0), (n * K + a) * 9)
            decode_box(base[1], base[2], base[3], base[4], base, 5, boxes, (n * K + a) * 4)


@kernel
def rank_anchors(row: Any, clock: Any, memory: Any, part: int) -> None:
    """order[n] = anchors with the highest objectness x[n,a,0], of equal ones the first; x (N, K, 9), order (N, P)."""
    x, order = cube(row, memory, 0), matrix(row, memory, 1)
    N, K = x.shape[0], x.shape[1]
    start, stop = share(row, part, N)
    for n in range(start, stop):
        before = -1
        for place in range(order.shape[1]):
            found = -1
            for a in range(K):
                value = x[n, a, 0]
                behind = before < 0 or value < x[n, before, 0] or (value == x[n, before, 0] and a > before)
                if behind and (found < 0 or value > x[n, found, 0]):
                    found = a
            found = found if found >= 0 else place  # numbers that are not finite have no order
            order[n, place] = found
            before = found


@kernel
def suppress_boxes(row: Any, clock: Any, memory: Any, part: int) -> None:
    """by[n,p] = 0 where the box with rank p stays, −1 where it has no area, else 1 + the rank that suppresses it.

    boxes (N, K, 4), order and by (N, P), overlap (1,).
    """
    boxes, order, overlap = cube(row, memory, 0), matrix(row, memory, 1), flat(row, memory, 2)[0]
    by, every, K = matrix(row, memory, 3), pointer(row, memory, 0), cube(row, memory, 0).shape[1]
    limit = np.float64(overlap)
    start, stop = share(row, part, boxes.shape[0])
    for n in range(start, stop):
        for place in range(order.shape[1]):
            own = (n * K + int(order[n, place])) * 4
            found = 0 if box_area(every, own) > 0.0 else -1
            for earlier in range(place):
                if found == 0 and by[n, earlier] == 0.0:
                    other = (n * K + int(order[n, earlier])) * 4
                    if iou_of(every, own, every, other) > limit:
                        found = earlier + 1
            by[n, place] = found


@kernel
def keep_boxes(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n] = the first boxes that stay, zeros behind them; boxes (N, K, 4), order and by (N, P), y (N, R, 4)."""
    boxes, order, by = cube(row, memory, 0), matrix(row, memory, 1), matrix(row, memory, 2)
    y = cube(row, memory, 3)
    start, stop = share(row, part, boxes.shape[0])
    for n in range(start, stop):
        count = 0
        for place in range(order.shape[1]):
            if by[n, place] == 0.0 and count < y.shape[1]:
                for side in range(4):
                    y[n, count, side] = boxes[n, int(order[n, place]), side]
                count += 1
        for rest in range(count, y.shape[1]):
            for side in range(4):
                y[n, rest, side] = 0.0


@kernel
def measure_proposals(row: Any, clock: Any, memory: Any, part: int) -> None:
    """best[n,p] = largest IoU of the box of rank p with a true one, 1 for true boxes, −1 for what is no proposal.

    boxes (N, K, 4), order and by (N, P), target (N, boxes, 5), best and random keys (N, P + true boxes).
    """
    boxes, order, by, target = (
        cube(row, memory, 0),
        matrix(row, memory, 1),
        matrix(row, memory, 2),
        cube(row, memory, 3),
    )
    best, keys, P = matrix(row, memory, 4), matrix(row, memory, 5), order.shape[1]
    seed, step, stream = clock[CLOCK_SEED], clock[CLOCK_STEP], integer(row, 0)
    T, columns, K = target.shape[1], target.shape[2], boxes.shape[1]
    every, t, count = pointer(row, memory, 0), pointer(row, memory, 3), count_true(T, columns)
    start, stop = share(row, part, boxes.shape[0])
    for n in range(start, stop):
        true = 0
        for k in range(count):
            true += 1 if target[n, k, 0] > 0.0 else 0
        for place in range(P):
            found = np.float64(-1.0)
            if by[n, place] == 0.0:
                own = (n * K + int(order[n, place])) * 4
                shared, _ = nearest_true(every, own, t, n * T * columns, columns, count)
                found = max(shared, 0.0)
            best[n, place] = found
        for k in range(best.shape[1] - P):
            best[n, P + k] = 1.0 if k < true else -1.0
        for c in range(best.shape[1]):
            keys[n, c] = uniform(seed, stream, step, n * best.shape[1] + c)


@kernel
def sample_proposals(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n] = up to `positive` boxes with best ≥ 0.5, then others, those with the smallest keys first.

    boxes (N, K, 4), order (N, P), best and keys (N, P + true boxes), target (N, boxes, 5), y (N, R, 4), picked (N, R).
    """
    boxes, order, best = cube(row, memory, 0), matrix(row, memory, 1), matrix(row, memory, 2)
    keys, target, positive = matrix(row, memory, 3), cube(row, memory, 4), integer(row, 1)
    y, picked = cube(row, memory, 5), matrix(row, memory, 6)
    P = order.shape[1]
    start, stop = share(row, part, boxes.shape[0])
    for n in range(start, stop):
        filled, before = 0, -1
        near = True
        while filled < y.shape[1]:
            found = next_drawn(best, keys, n, before, near) if not near or filled < positive else -1
            if found < 0 and not near:
                break
            if found < 0:
                near, before = False, -1
                continue
            true = 0
            for k in range(target.shape[1]):
                if found >= P and target[n, k, 0] > 0.0 and true == found - P:
                    for side in range(4):
                        y[n, filled, side] = target[n, k, 1 + side]
                true += 1 if target[n, k, 0] > 0.0 else 0
            if found < P:
                for side in range(4):
                    y[n, filled, side] = boxes[n, int(order[n, found]), side]
            picked[n, filled] = found
            filled, before = filled + 1, found
        for rest in range(filled, y.shape[1]):
            picked[n, rest] = -1.0
            for side in range(4):
                y[n, rest, side] = 0.0


MOVE: Final = Operation(
    name="anchors moved by their deltas",
    kernel=move_anchors,
    cuda=(PictureRow(move_anchors),),
    reads=("x",),
    writes=("boxes",),
    reference=move,
    formula="middle = anchor's middle + (dx, dy)·its sides;  sides = its sides·exp(dw, dh);  cut off at the borders",
    words="Each anchor becomes the box that the network would rather see there.",
    element=chosen_together(move),
    torch="torchvision's BoxCoder.decode and clip_boxes_to_image",
)
RANK: Final = Operation(
    name="boxes ranked by objectness",
    kernel=rank_anchors,
    cuda=(PictureRow(rank_anchors),),
    reads=("x",),
    writes=("order",),
    reference=rank,
    formula="order = numbers of the anchors with the highest objectness, the highest first",
    words="Only the boxes that look most like an object go on.",
    element=chosen_together(rank),
    integers=("count",),
    torch="torch.topk",
)
SUPPRESS: Final = Operation(
    name="non-maximum suppression",
    kernel=suppress_boxes,
    cuda=(PictureRow(suppress_boxes),),
    reads=("boxes", "order", "overlap"),
    writes=("by",),
    reference=suppress,
    formula="by[p] = 0 where box p stays, else 1 + the rank of a better box that stays with IoU > overlap; −1: no area",
    words="Of boxes that overlap much only the best one stays. Boxes are looked at one by one, the best first.",
    element=chosen_together(suppress),
    torch="torchvision.ops.nms",
)
KEEP: Final = Operation(
    name="proposals",
    kernel=keep_boxes,
    cuda=(PictureRow(keep_boxes),),
    reads=("boxes", "order", "by"),
    writes=("y",),
    reference=keep,
    formula="y = the first boxes that stay",
    words="The best boxes that no better one suppresses; zeros where there are not so many.",
    element=chosen_together(keep),
    integers=("rois",),
    torch="boxes[keep[:post_nms_top_n]]",
)
MEASURE: Final = Operation(
    name="how near proposals are to true boxes",
    kernel=measure_proposals,
    cuda=(PictureRow(measure_proposals),),
    reads=("boxes", "order", "by", "target"),
    writes=("best", "keys"),
    reference=measure,
    formula="best[p] = max IoU(box p, true boxes); 1 for the true boxes, which join; −1 for what is suppressed",
    words="In training the true boxes are among the proposals, so that there is something to learn from at once.",
    element=chosen_together(measure),
    integers=("stream",),
    uses_clock=True,
    torch="torchvision's RoIHeads.add_gt_proposals and box_iou",
)
SAMPLE: Final = Operation(
    name="proposals, sampled",
    kernel=sample_proposals,
    cuda=(PictureRow(sample_proposals),),
    reads=("boxes", "order", "best", "keys", "target"),
    writes=("y", "picked"),
    reference=sample,
    formula="y = some boxes with best ≥ 0.5, at most `positive` of them, then some with best < 0.5, drawn at random",
    words="Objects are rare among proposals, so a fixed part of those that are learned from shall be near one.",
    element=chosen_together(sample),
    integers=("rois", "positive"),
    torch="torchvision's BalancedPositiveNegativeSampler, with its own random numbers",
)
