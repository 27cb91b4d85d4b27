"""How good detections are: average precision as COCO defines it, and what is missed or taken for something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import iou
from nnplay.detection.objects import Found, paste_masks, split_target, true_masks

Array = NDArray[Any]
#: IoU from which a detection may count as right, in COCO's primary measure.
THRESHOLDS: Final = np.linspace(0.5, 0.95, 10)
_RECALLS: Final = np.linspace(0.0, 1.0, 101)
#: Detections of a class in one picture that are looked at.
_MOST: Final = 100
Overlaps = Callable[[int, Array, Array], Array]


@dataclass(frozen=True, slots=True)
class Matches:
    """All detections of one class, the highest score first.

    Attributes:
        scores: (D,).
        right: (thresholds, D): whether each found an object that no better one had found.
        objects: how many there are to be found.
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    objects: int

    def curve(self, threshold: int = 0) -> tuple[Array, Array]:
        """Precision and recall (D,) of the first 1, 2, … detections."""
        hits = np.cumsum(self.right[threshold])
        return hits / np.arange(1, len(hits) + 1), hits / max(1, self.objects)

    def average_precision(self) -> NDArray[np.float64]:
        """The mean precision at 101 recalls, for each threshold; NaN where there is no object."""
        if not self.objects:
            return np.full(len(self.right), np.nan)
        found = np.zeros(len(self.right))
        for number in range(len(self.right)):
            precision, recall = self.curve(number)
            best = np.maximum.accumulate(precision[::-1])[::-1]  # of all that reach this recall at least
            places = np.searchsorted(recall, _RECALLS, side="left")
            found[number] = np.append(best, 0.0)[places].mean()
        return found


def match_class(true: Array, found: Found, label: int, overlaps: Overlaps, thresholds: Array = THRESHOLDS) -> Matches:
    """Gives each detection of a class the object that it overlaps most, better ones first, as COCO does.

    Args:
        true: boxes (N, boxes, 5).
        overlaps: `(picture, numbers of detections, numbers of objects)` → IoU (detections, objects).
        thresholds: (T,), from which an overlap counts.
    """
    scores: list[Array] = [np.zeros(0)]
    right: list[Array] = [np.zeros((len(thresholds), 0), np.bool_)]
    objects = 0
    for row in range(len(true)):
        there = np.flatnonzero(true[row, :, 0] == label + 1)
        chosen = np.flatnonzero(found.classes[row] == label)
        chosen = chosen[np.argsort(-found.scores[row, chosen], kind="stable")][:_MOST]
        objects += len(there)
        if len(chosen):
            scores.append(found.scores[row, chosen])
            right.append(_match(overlaps(row, chosen, there), np.minimum(thresholds, 1 - 1e-10)))
    every = np.concatenate(scores)
    order = np.argsort(-every, kind="stable")
    return Matches(every[order], np.concatenate(right, axis=1)[:, order], objects)


def _match(overlaps: Array, thresholds: Array) -> Array:
    """Which of the detections (T, D) find an object of their own; overlaps (D, objects), best detection first."""
    detections, objects = overlaps.shape
    right = np.zeros((len(thresholds), detections), np.bool_)
    free = np.ones((len(thresholds), objects), np.bool_)
    for number in range(detections if objects else 0):
        fits = np.where(free & (overlaps[number] >= thresholds[:, None]), overlaps[number], -1.0)
        best = objects - 1 - fits[:, ::-1].argmax(axis=1)  # of equal ones the last, as pycocotools takes
        lines = np.flatnonzero(fits[np.arange(len(fits)), best] >= 0)
        right[lines, number] = True
        free[lines, best[lines]] = False
    return right


def box_overlaps(true: Array, found: Found) -> Overlaps:
    """IoU of boxes, for `match_class`."""
    return lambda row, chosen, there: iou(found.boxes[row, chosen], true[row, there, 1:].astype(np.float64))


def mask_overlaps(targets: Array, found: Found) -> Overlaps:
    """IoU of masks, pixel by pixel, for `match_class`; the targets have maps."""
    masks = found.masks
    if masks is None:
        raise ValueError("no masks were found")

    def overlaps(row: int, chosen: Array, there: Array) -> Array:
        boxes, _ = split_target(targets[row])
        order = np.searchsorted(np.flatnonzero(boxes[:, 0] > 0), there)
        true = true_masks(targets[row])[order]
        made = paste_masks(masks[row, chosen], found.boxes[row, chosen], true.shape[1:])
        pixels = made.shape[1] * made.shape[2]
        one, other = (part.reshape(len(part), pixels).astype(np.float32) for part in (made, true))
        shared = one @ other.T
        union = one.sum(axis=1)[:, None] + other.sum(axis=1)[None] - shared
        return np.asarray(np.divide(shared, union, out=np.zeros_like(union), where=union > 0))

    return overlaps


def detection_scores(targets: Array, found: Found, classes: int) -> dict[str, float]:
    """Mean average precision over the classes that occur: at IoU 0.5, and over IoU from 0.5 to 0.95.

    Args:
        targets: as `nnplay.detection.objects` describes them.
    """
    true, maps = split_target(targets)
    scores = {"map": _mean_precision(true, found, classes, box_overlaps(true, found))}
    if maps is not None and found.masks is not None:
        scores["mask_map"] = _mean_precision(true, found, classes, mask_overlaps(targets, found))
    return {
        f"{name}{end}": value
        for name, means in scores.items()
        for end, value in (("_50", float(means[0])), ("", float(means.mean())))
    }


def _mean_precision(true: Array, found: Found, classes: int, overlaps: Overlaps) -> NDArray[np.float64]:
    """For each threshold the mean over classes with an object; 0 where there is none at all."""
    every = [match_class(true, found, label, overlaps).average_precision() for label in range(classes)]
    there = [one for one in every if not np.isnan(one).any()]
    return np.mean(there, axis=0) if there else np.zeros(len(THRESHOLDS))


def confusion(true: Array, found: Found, classes: int, least_score: float = 0.5) -> NDArray[np.int64]:
    """Counts (classes + 1, classes + 1) of true by predicted class; the last row is background, the last column missed.

    Detections take, best first, the object that they overlap most, by one half at least, whatever its class.
    """
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    for row in range(len(true)):
        there = np.flatnonzero(true[row, :, 0] > 0)
        chosen = np.flatnonzero((found.classes[row] >= 0) & (found.scores[row] >= least_score))
        chosen = chosen[np.argsort(-found.scores[row, chosen], kind="stable")]
        overlaps = iou(found.boxes[row, chosen], true[row, there, 1:].astype(np.float64))
        missed = np.ones(len(there), np.bool_)
        for number, detection in enumerate(chosen):
            fits = np.where(missed, overlaps[number], -1.0) if len(there) else np.full(1, -1.0)
            best = int(fits.argmax())
            label = classes
            if fits[best] >= 0.5:
                missed[best] = False
                label = int(true[row, there[best], 0]) - 1
            counts[label, found.classes[row, detection]] += 1
        for place in there[missed]:
            counts[int(true[row, place, 0]) - 1, classes] += 1
    return counts


def count_mistakes(targets: Array, found: Found, least_score: float = 0.5) -> NDArray[np.float64]:
    """For each picture (N,) the objects that were missed, and the boxes that hold none of their class by one half."""
    true, _ = split_target(targets)
    mistakes = np.zeros(len(true))
    for row in range(len(true)):
        there = true[row, true[row, :, 0] > 0]
        kept = np.flatnonzero((found.classes[row] >= 0) & (found.scores[row] >= least_score))
        same = found.classes[row, kept][:, None] == there[None, :, 0] - 1
        right = (iou(found.boxes[row, kept], there[:, 1:].astype(np.float64)) >= 0.5) & same
        mistakes[row] = (~right.any(axis=0)).sum() + (~right.any(axis=1)).sum()
    return mistakes
