"""What the outputs of a single-shot detector mean: at each place of a grid four distances and a logit a class."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import MOST_GROWTH, clip
from nnplay.detection.objects import Found, collect
from nnplay.detection.suppression import LEAST_SCORE, MOST_KEPT, MOST_OVERLAP, suppress

Array = NDArray[Any]
#: Boxes of a picture that are looked at, the likeliest first.
_LOOKED_AT: Final = 100


def place_boxes(prediction: Array) -> Array:
    """Boxes (N, H, W, 4) in shares of the picture: from the middle of each place e^z cells left, up, right and down."""
    H, W = prediction.shape[1:3]
    away = np.exp(np.minimum(prediction[..., :4].astype(np.float64), MOST_GROWTH))
    across = (np.arange(W)[None, :] + 0.5) / W
    down = (np.arange(H)[:, None] + 0.5) / H
    ends = [across - away[..., 0] / W, down - away[..., 1] / H, across + away[..., 2] / W, down + away[..., 3] / H]
    return clip(np.stack(ends, axis=-1))


def detect(prediction: Array) -> Found:
    """The objects of pictures, from outputs (N, H, W, 4 + classes): likely boxes that no better one suppresses."""
    boxes = place_boxes(prediction).reshape(len(prediction), -1, 4)
    logits = prediction[..., 4:].reshape(len(prediction), boxes.shape[1], -1).astype(np.float64)
    scores = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    return collect([keep_best(*one) for one in zip(boxes, scores, strict=True)])


def keep_best(boxes: Array, scores: Array) -> tuple[Array, Array, Array, None]:
    """Classes, scores and boxes of one picture after suppression, from boxes (K, 4) and scores (K, classes)."""
    places = np.flatnonzero(scores.ravel() > LEAST_SCORE)
    places = places[np.argsort(-scores.ravel()[places], kind="stable")][:_LOOKED_AT]
    box, label = places // scores.shape[1], places % scores.shape[1]
    kept = suppress(boxes[box], scores.ravel()[places], MOST_OVERLAP, label).kept[:MOST_KEPT]
    return label[kept], scores.ravel()[places][kept], boxes[box[kept]], None
