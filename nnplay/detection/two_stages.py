"""What the outputs of a two-stage detector mean: rows of proposed boxes with their heads, and rows of anchors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import area, clip, decode
from nnplay.detection.objects import Found, collect
from nnplay.detection.suppression import LEAST_SCORE, MOST_KEPT, MOST_OVERLAP, suppress

Array = NDArray[Any]
#: Numbers of an anchor: objectness, four deltas, left, top, right, bottom.
ANCHOR: Final = 9
#: As in torchvision: what deltas of proposals are multiplied by.
WEIGHTS: Final = (10.0, 10.0, 5.0, 5.0)


@dataclass(frozen=True, slots=True)
class Heads:
    """The parts of outputs (N, numbers), as views of them.

    Attributes:
        boxes: proposals (N, R, 4); one without an area is none.
        logits: of background and of each class (N, R, 1 + C).
        deltas: (N, R, C, 4).
        masks: logits (N, R, M, M, C); M is 0 without masks.
        anchors: (N, K, 9).
    """

    boxes: Array
    logits: Array
    deltas: Array
    masks: Array
    anchors: Array


def row_width(classes: int, mask: int) -> int:
    """Numbers of one proposal: four sides, a logit for background and each class, four deltas a class, and masks."""
    return 4 + (classes + 1) + 4 * classes + mask * mask * classes


def split_outputs(outputs: Array, rois: int, classes: int, mask: int) -> Heads:
    """The parts of outputs (N, rois·row_width + anchors·9)."""
    N, width = len(outputs), row_width(classes, mask)
    rows = outputs[:, : rois * width].reshape(N, rois, width)
    ends = np.cumsum([4, classes + 1, 4 * classes])
    return Heads(
        rows[..., :4],
        rows[..., 4 : ends[1]],
        rows[..., ends[1] : ends[2]].reshape(N, rois, classes, 4),
        rows[..., ends[2] :].reshape(N, rois, mask, mask, classes),
        outputs[:, rois * width :].reshape(N, -1, ANCHOR),
    )


def detect(outputs: Array, rois: int, classes: int, mask: int) -> Found:
    """The objects of pictures: likely boxes of each class that no better one suppresses, with their masks."""
    heads = split_outputs(outputs.astype(np.float64), rois, classes, mask)
    raised = np.exp(heads.logits - heads.logits.max(axis=-1, keepdims=True))
    scores = (raised / raised.sum(axis=-1, keepdims=True))[..., 1:] * (area(heads.boxes) > 0)[..., None]
    boxes = clip(decode(heads.deltas, np.broadcast_to(heads.boxes[:, :, None], heads.deltas.shape), WEIGHTS))
    found = []
    for n in range(len(outputs)):
        roi, label = np.nonzero(scores[n] > LEAST_SCORE)
        own = boxes[n, roi, label]
        kept = suppress(own, scores[n, roi, label], MOST_OVERLAP, label).kept[:MOST_KEPT]
        roi, label = roi[kept], label[kept]
        masks = 1 / (1 + np.exp(-np.clip(heads.masks[n, roi, :, :, label], -60, 60))) if mask else None
        found.append((label, scores[n, roi, label], own[kept], masks))
    return collect(found)
