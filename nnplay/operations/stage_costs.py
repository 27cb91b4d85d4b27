"""What the anchors and the proposals of a two-stage detector cost, and the slopes of that, in NumPy."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import encode
from nnplay.detection.two_stages import WEIGHTS, Heads, split_outputs
from nnplay.operations.scoring import sigmoid, softmax

Array = NDArray[Any]
#: The error of a delta from which its cost is absolute, as in torchvision.
BETA: Final = 1 / 9
#: Points along each side of a part of a mask that are looked at in the picture.
POINTS: Final = 2


def smooth_l1(error: Array) -> Array:
    size = np.abs(error)
    return np.where(size < BETA, 0.5 * size**2 / BETA, size - 0.5 * BETA)


def binary_cost(z: Array, wanted: Array) -> Array:
    return np.asarray(np.logaddexp(0, z) - z * wanted)


def _true(target: Array, matched: Array) -> tuple[Array, Array]:
    """Class + 1 (N, M) and box (N, M, 4) of what each of M boxes is matched with; some box where there is none."""
    at = np.arange(len(target))[:, None], np.maximum(matched.astype(np.int64) - 1, 0)
    own = target[at]
    return own[..., 0], own[..., 1:5]


def wanted_deltas(boxes: Array, target: Array, matched: Array, weights: Any = (1, 1, 1, 1)) -> Array:
    """The deltas (N, M, 4) that turn boxes into the objects that they are matched with; zeros where there is none."""
    _, true = _true(target, matched)
    found = (matched > 0)[..., None]
    unit = np.array([0.0, 0.0, 1.0, 1.0])
    return np.where(found, encode(np.where(found, true, unit), np.where(found, boxes, unit), weights), 0.0)


def mask_targets(prediction: Array, target: Array, roi_match: Array, rois: int, classes: int, mask: int) -> Array:
    """How much of each part of a proposal belongs to its object (N, R, mask·mask); zeros without masks."""
    boxes = split_outputs(prediction, rois, classes, mask).boxes
    made = np.zeros((len(boxes), rois, max(1, mask * mask)))
    size = target.shape[2]
    count = target.shape[1] - size
    steps = (np.arange(mask * POINTS) + 0.5) / max(1, mask * POINTS)
    for n, r in np.argwhere(roi_match > 0) if mask else ():
        left, top, right, bottom = boxes[n, r]
        across, down = (
            np.clip(((low + steps * (high - low)) * size).astype(np.int64), 0, size - 1)
            for low, high in ((left, right), (top, bottom))
        )
        inside = target[n, count + down[:, None], across[None, :]] == roi_match[n, r]
        made[n, r] = inside.reshape(mask, POINTS, mask, POINTS).mean(axis=(1, 3)).ravel()
    return made


def anchor_costs(prediction: Array, target: Array, anchor_match: Array, rois: int, classes: int, mask: int) -> Array:
    """Objectness and deltas of each anchor that is learned from (N, K, 2)."""
    anchors = split_outputs(prediction, rois, classes, mask).anchors
    found = anchor_match > 0
    objectness = binary_cost(anchors[..., 0], found.astype(float)) * (anchor_match >= 0)
    error = anchors[..., 1:5] - wanted_deltas(anchors[..., 5:], target, anchor_match)
    return np.stack([objectness, smooth_l1(error).sum(axis=-1) * found], axis=-1)


def _own(heads: Heads, target: Array, roi_match: Array) -> tuple[Array, Array]:
    """Class of each proposal, 0 for background (N, R), and the place of its own deltas and masks."""
    label = np.where(roi_match > 0, _true(target, roi_match)[0], 0).astype(np.int64)
    return label, np.maximum(label - 1, 0)


def roi_costs(
    prediction: Array, target: Array, roi_match: Array, mask_target: Array, rois: int, classes: int, mask: int
) -> Array:
    """Class, deltas and mask of each proposal (N, R, 3)."""
    heads = split_outputs(prediction, rois, classes, mask)
    label, own = _own(heads, target, roi_match)
    there, found = roi_match >= 0, roi_match > 0
    z = heads.logits - heads.logits.max(axis=-1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    named = -np.take_along_axis(logs, label[..., None], axis=-1)[..., 0] * there
    deltas = np.take_along_axis(heads.deltas, own[..., None, None], axis=2)[:, :, 0]
    moved = smooth_l1(deltas - wanted_deltas(heads.boxes, target, roi_match, WEIGHTS)).sum(axis=-1) * found
    drawn = np.zeros(label.shape)
    if mask:
        flat = heads.masks.reshape(*label.shape, mask * mask, classes)
        logits = np.take_along_axis(flat, own[..., None, None], axis=3)[..., 0]
        drawn = binary_cost(logits, mask_target).mean(axis=-1) * found
    return np.stack([named, moved, drawn], axis=-1)


def slopes(
    prediction: Array,
    target: Array,
    anchor_match: Array,
    roi_match: Array,
    mask_target: Array,
    term_weights: Array,
    divisors: Array,
    rois: int,
    classes: int,
    mask: int,
) -> Array:
    """The slopes of the weighted terms by all outputs (N, numbers)."""
    made = np.zeros(prediction.shape)
    heads, out = split_outputs(prediction, rois, classes, mask), split_outputs(made, rois, classes, mask)
    scale = term_weights / divisors
    near, there, found = anchor_match > 0, roi_match >= 0, roi_match > 0
    out.anchors[..., 0] = (sigmoid(heads.anchors[..., 0]) - near) * (anchor_match >= 0) * scale[0]
    error = heads.anchors[..., 1:5] - wanted_deltas(heads.anchors[..., 5:], target, anchor_match)
    out.anchors[..., 1:5] = np.clip(error / BETA, -1, 1) * near[..., None] * scale[1]
    label, own = _own(heads, target, roi_match)
    hot = label[..., None] == np.arange(classes + 1)
    out.logits[...] = (softmax(heads.logits) - hot) * there[..., None] * scale[2]
    mine = (own[..., None] == np.arange(classes)) & found[..., None]
    error = heads.deltas - wanted_deltas(heads.boxes, target, roi_match, WEIGHTS)[:, :, None]
    out.deltas[...] = np.clip(error / BETA, -1, 1) * mine[..., None] * scale[3]
    if mask:
        wanted = mask_target.reshape(*label.shape, mask, mask, 1)
        out.masks[...] = (sigmoid(heads.masks) - wanted) * mine[:, :, None, None] * (scale[4] / (mask * mask))
    return made
