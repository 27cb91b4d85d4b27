"""What each anchor and each proposal is to learn: an object, background, or nothing.

Source: Ren et al., Faster R-CNN, 2015; thresholds and sampling as in torchvision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.detection.boxes import area, iou
from nnplay.detection.two_stages import split_outputs
from nnplay.kernels.abi import CLOCK_SEED, CLOCK_STEP
from nnplay.kernels.boxes import box_area, count_true, nearest_true, next_drawn
from nnplay.kernels.boxes import iou as iou_of
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import cube, integer, matrix, pointer, share
from nnplay.kernels.random import uniform
from nnplay.operations.proposals import chosen_together, true_boxes
from nnplay.records.cuda_rows import PictureRow
from nnplay.records.operation import Operation

Array = NDArray[Any]
#: IoU from which an anchor is near an object, below which it is background; and from which a proposal is.
NEAR: Final = 0.7
FAR: Final = 0.3
HALF: Final = 0.5
#: By how much an overlap may miss the largest one and count as it.
_ROUNDING: Final = 1e-6
#: Integers that say how the outputs are laid out.
LAYOUT: Final = ("rois", "classes", "mask")
#: The stream of random numbers of losses: behind those of any layer.
_STREAM: Final = rng.LAYER + 0x100000


def label_anchors(
    prediction: Array, target: Array, rois: int, classes: int, mask: int, clock: Mapping[str, int]
) -> tuple[Array, Array]:
    anchors = split_outputs(prediction, rois, classes, mask).anchors[..., 5:]
    labels = np.zeros(anchors.shape[:2])
    for n, boxes in enumerate(anchors):
        true = true_boxes(target[n])
        if not len(true):
            continue
        overlaps = iou(boxes, true)
        best = overlaps.max(axis=1)
        closest = overlaps.max(axis=0)
        own = (overlaps >= closest - _ROUNDING) & (closest > 0)
        near = (best >= NEAR) | own.any(axis=1)
        labels[n] = np.where(near, overlaps.argmax(axis=1) + 1, np.where(best < FAR, 0, -1))
    return labels, rng.uniform(clock["seed"], _STREAM, clock["step"], labels.shape)


def sample_anchors(labels: Array, keys: Array, sampled: int) -> Array:
    matched = np.full(labels.shape, -1.0)
    for n, line in enumerate(labels):
        ranked = np.argsort(keys[n], kind="stable")
        near = ranked[line[ranked] > 0][: sampled // 2]
        chosen = np.concatenate([near, ranked[line[ranked] == 0][: sampled - len(near)]])
        matched[n, chosen] = line[chosen]
    return matched


def match_rois(prediction: Array, target: Array, rois: int, classes: int, mask: int) -> Array:
    boxes = split_outputs(prediction, rois, classes, mask).boxes
    matched = np.full(boxes.shape[:2], -1.0)
    for n, own in enumerate(boxes):
        true = true_boxes(target[n])
        overlaps = iou(own, true) if len(true) else np.zeros((len(own), 1))
        found = np.where(overlaps.max(axis=1) >= HALF, overlaps.argmax(axis=1) + 1, 0)
        matched[n] = np.where(area(own) > 0, found, -1)
    return matched


@inline
def row_size(classes: int, mask: int) -> int:
    """Numbers of one proposal."""
    return 5 + 5 * classes + mask * mask * classes


@kernel
def label(row: Any, clock: Any, memory: Any, part: int) -> None:
    """labels[n,a] = the box that anchor a is near (from 1), 0 for background, −1 between; keys are random.

    prediction (N, R·row + K·9), target (N, boxes, 5), labels and keys (N, K).
    """
    prediction, target = matrix(row, memory, 0), cube(row, memory, 1)
    labels, keys = matrix(row, memory, 2), matrix(row, memory, 3)
    (N, K), T, columns = labels.shape, target.shape[1], target.shape[2]
    count, begin = count_true(T, columns), integer(row, 0) * row_size(integer(row, 1), integer(row, 2))
    seed, step = clock[CLOCK_SEED], clock[CLOCK_STEP]
    z, t = pointer(row, memory, 0), pointer(row, memory, 1)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        first, true = n * prediction.shape[1] + begin + 5, n * T * columns
        for a in range(K):
            best, found = nearest_true(z, first + a * 9, t, true, columns, count)
            labels[n, a] = found if best >= NEAR else (0.0 if best < FAR else -1.0)
            keys[n, a] = uniform(seed, _STREAM, step, n * K + a)
        for k in range(count):
            if target[n, k, 0] > 0.0:
                mark_closest(z, t, labels, n, first, true, k, count, columns)


@inline
def mark_closest(
    z: Any, t: Any, labels: Any, n: int, first: int, true: int, k: int, count: int, columns: int
) -> None:  # fmt: skip
    """Anchors that overlap box k most are near an object, the one that each overlaps most, however little that is."""
    closest, own = np.float64(0.0), true + k * columns + 1
    for a in range(labels.shape[1]):
        closest = max(closest, iou_of(z, first + a * 9, t, own))
    for a in range(labels.shape[1]):
        if closest > 0.0 and iou_of(z, first + a * 9, t, own) >= closest - _ROUNDING:
            labels[n, a] = nearest_true(z, first + a * 9, t, true, columns, count)[1]


@kernel
def sample(row: Any, clock: Any, memory: Any, part: int) -> None:
    """matched = labels of up to half of `sampled` anchors near objects, then of background ones, by smallest keys.

    labels, keys and matched (N, K); −1 for all others.
    """
    labels, keys, matched = matrix(row, memory, 0), matrix(row, memory, 1), matrix(row, memory, 2)
    N, K = labels.shape
    sampled = integer(row, 0)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for a in range(K):
            matched[n, a] = -1.0
        taken = take_smallest(labels, keys, matched, n, sampled // 2, True)
        take_smallest(labels, keys, matched, n, sampled - taken, False)


@inline
def take_smallest(labels: Any, keys: Any, matched: Any, n: int, most: int, near: bool) -> int:
    """Copies the labels of up to `most` anchors, near objects or of background; returns of how many."""
    before, taken = -1, 0
    for _ in range(most):
        before = next_drawn(labels, keys, n, before, near)
        if before < 0:
            break
        matched[n, before] = labels[n, before]
        taken += 1
    return taken


@kernel
def match_proposals(row: Any, clock: Any, memory: Any, part: int) -> None:
    """matched[n,r] = the box that proposal r overlaps by one half (from 1), else 0; −1 where it has no area.

    prediction (N, R·row + K·9), target (N, boxes, 5), matched (N, R).
    """
    prediction, target, matched = matrix(row, memory, 0), cube(row, memory, 1), matrix(row, memory, 2)
    N, R = matched.shape
    T, columns, width = target.shape[1], target.shape[2], row_size(integer(row, 1), integer(row, 2))
    z, t, count = pointer(row, memory, 0), pointer(row, memory, 1), count_true(target.shape[1], target.shape[2])
    start, stop = share(row, part, N)
    for n in range(start, stop):
        for r in range(R):
            own = n * prediction.shape[1] + r * width
            best, found = nearest_true(z, own, t, n * T * columns, columns, count)
            matched[n, r] = -1.0 if box_area(z, own) <= 0.0 else (found if best >= HALF else 0)


LABEL: Final = Operation(
    name="what each anchor is near",
    kernel=label,
    cuda=(PictureRow(label),),
    reads=("prediction", "target"),
    writes=("anchor_labels", "keys"),
    reference=label_anchors,
    formula="label = object that the anchor overlaps most, if by 0.7 or more than all others do; 0 below 0.3; else −1",
    words="Anchors near an object are to find it, those far from all are background, and those between learn nothing.",
    element=chosen_together(label_anchors),
    integers=LAYOUT,
    uses_clock=True,
    torch="torchvision's Matcher(0.7, 0.3, allow_low_quality_matches=True)",
)
SAMPLE: Final = Operation(
    name="anchors, sampled",
    kernel=sample,
    cuda=(PictureRow(sample),),
    reads=("anchor_labels", "keys"),
    writes=("anchor_match",),
    reference=sample_anchors,
    formula="match = label of some anchors near objects, at most half of all, and some of background; else −1",
    words="There is far more background than anything else, so only a few anchors of each picture are learned from.",
    element=chosen_together(sample_anchors),
    integers=("sampled",),
    torch="torchvision's BalancedPositiveNegativeSampler(256, 0.5), with its own random numbers",
)
MATCH_ROIS: Final = Operation(
    name="what each proposal is",
    kernel=match_proposals,
    cuda=(PictureRow(match_proposals),),
    reads=("prediction", "target"),
    writes=("roi_match",),
    reference=match_rois,
    formula="match = the object that the proposal overlaps most, if by 0.5; else 0, background",
    words="A proposal is to name the object that it overlaps by one half at least, and background otherwise.",
    element=chosen_together(match_rois),
    integers=LAYOUT,
    torch="torchvision's Matcher(0.5, 0.5)",
)
