"""Non-maximum suppression: of boxes that overlap, only the one with the highest score stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import iou

Array = NDArray[Any]
#: As in torchvision: scores above which boxes are looked at, and the IoU above which one suppresses another.
LEAST_SCORE: Final = 0.05
MOST_OVERLAP: Final = 0.5
#: Boxes of a picture that are kept at the most.
MOST_KEPT: Final = 30


@dataclass(frozen=True, slots=True)
class Suppression:
    """What became of each box, in the order in which they were looked at.

    Attributes:
        order: numbers of the boxes (K,), the highest score first.
        by: for each of them the box that suppressed it, or -1 where it stays.
        overlaps: for each of them its IoU with that box; for those that stay, the largest with one that stays.
    """

    order: NDArray[np.int64]
    by: NDArray[np.int64]
    overlaps: NDArray[np.float64]

    @property
    def kept(self) -> NDArray[np.int64]:
        """Numbers of the boxes that stay, the highest score first."""
        return self.order[self.by < 0]


def suppress(boxes: Array, scores: Array, threshold: float, classes: Array | None = None) -> Suppression:
    """Looks at boxes by falling score; one that overlaps a kept one by more than the threshold is suppressed.

    Args:
        boxes: (K, 4).
        scores: (K,); of equal ones the first box goes first.
        threshold: IoU above which a box goes.
        classes: (K,), of which only equal ones suppress each other; None: all do.
    """
    order = np.argsort(-scores, kind="stable")
    overlaps = iou(boxes, boxes)
    if classes is not None:
        overlaps = np.where(classes[:, None] == classes[None, :], overlaps, 0.0)
    by, largest = np.full(len(order), -1, np.int64), np.zeros(len(order))
    kept: list[int] = []
    for place, box in enumerate(order.tolist()):
        if not kept:
            kept.append(box)
            continue
        own = overlaps[box, kept]
        above = np.flatnonzero(own > threshold)
        found = int(above[0]) if len(above) else int(own.argmax())
        largest[place] = own[found]
        if len(above):
            by[place] = kept[found]
        else:
            kept.append(box)
    return Suppression(order, by, largest)
