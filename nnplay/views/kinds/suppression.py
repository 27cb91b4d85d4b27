"""Non-maximum suppression of one picture, one box after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import clip, decode
from nnplay.detection.single_shot import place_boxes
from nnplay.detection.suppression import MOST_OVERLAP, Suppression, suppress
from nnplay.detection.two_stages import ANCHOR
from nnplay.tape.memory_layout import Slot
from nnplay.training.trainer import Trainer
from nnplay.views.found_objects import Boxes, has_objects, layers_of, picture_of
from nnplay.views.rows import shown_part
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
#: Boxes that are looked at one by one, and pictures of which.
_STEPS: Final = 40
_PICTURES: Final = 32


@dataclass(frozen=True, slots=True)
class Suppressed(Output):
    """The boxes that stay so far, and the one that is looked at.

    Attributes:
        image: (h, w) or (h, w, 3).
        kept: those that stay.
        own: the box that is looked at.
        by: the one that suppresses it; empty where it stays.
        words: what happens to it.
        labels: names of the classes.
    """

    image: NDArray[np.float32]
    kept: Boxes
    own: Boxes
    by: Boxes
    words: str
    labels: tuple[str, ...]


def make_suppression(trainer: Trainer, asked: Asked) -> Suppressed:
    """What becomes of one box of one picture."""
    row = asked.place % len(shown_part(trainer))
    boxes, scores, classes, overlap = _candidates(trainer, row)
    done = suppress(boxes, scores, overlap, classes)
    labels = trainer.split.class_names
    image = picture_of(trainer, row)
    if not len(boxes):
        empty = _some(np.zeros(0, np.int64), boxes, scores, classes, labels)
        return Suppressed(image, empty, empty, empty, "nothing is likely enough to be looked at", labels)
    step = min(asked.item, len(boxes) - 1)
    earlier = done.order[:step][done.by[:step] < 0]
    own, by = done.order[step : step + 1], done.by[step : step + 1]
    return Suppressed(
        image,
        _some(earlier, boxes, scores, classes, labels),
        _some(own, boxes, scores, classes, labels),
        _some(by[by >= 0], boxes, scores, classes, labels),
        _tell(done, step, overlap),
        labels,
    )


def _tell(done: Suppression, step: int, overlap: float) -> str:
    if step == 0:
        return "stays: no box is likelier"
    shared = float(done.overlaps[step])
    if done.by[step] >= 0:
        return f"goes: IoU {shared:.2f} with a better box (limit {overlap:g})"
    return f"stays: IoU ≤ {shared:.2f} with better ones (limit {overlap:g})"


def _some(chosen: Array, boxes: Array, scores: Array, classes: Array | None, labels: tuple[str, ...]) -> Boxes:
    own = np.full(len(chosen), -1, np.int64) if classes is None else classes[chosen]
    words = tuple(
        f"{labels[label] if label >= 0 else 'object'} {score:.2f}"
        for label, score in zip(own, scores[chosen], strict=True)
    )
    return Boxes(boxes[chosen], own, words)


def _candidates(trainer: Trainer, row: int) -> tuple[Array, Array, Array | None, float]:
    """Boxes, scores and classes of the most likely ones of a picture, and the overlap from which one goes.

    They are those of the anchors where the network proposes boxes, else those of its grid.
    """
    x = shown_part(trainer).x[row : row + 1]
    anchors = anchor_slot(trainer)
    if anchors is not None:
        said = trainer.forward(x, [anchors.name])[anchors.name][0].astype(np.float64)
        scores, boxes = 1 / (1 + np.exp(-np.clip(said[:, 0], -60, 60))), clip(decode(said[:, 1:5], said[:, 5:]))
        best = np.argsort(-scores, kind="stable")[:_STEPS]
        return boxes[best], scores[best], None, layers_of(trainer, "proposals")[0].layer.values["overlap"]
    outputs = trainer.answers(x)
    boxes = place_boxes(outputs)[0].reshape(-1, 4)
    scores = 1 / (1 + np.exp(-np.clip(outputs[0, ..., 4:].astype(np.float64), -60, 60))).reshape(len(boxes), -1)
    best = np.argsort(-scores.ravel(), kind="stable")[:_STEPS]
    best = best[scores.ravel()[best] > 0.05]
    return boxes[best // scores.shape[1]], scores.ravel()[best], best % scores.shape[1], MOST_OVERLAP


def anchor_slot(trainer: Trainer) -> Slot | None:
    """Where an evaluation has the rows of anchors that proposals are made of; None where it makes none."""
    proposals = layers_of(trainer, "proposals")
    if not proposals:
        return None
    number = proposals[0].inputs[0]
    wanted = {f"eval.{planned.path}.output" for planned in trainer.plan.layers if planned.output == number}
    slots = trainer.machine.tape.layout.slots["evaluation"]
    return next((slot for slot in slots if slot.name in wanted and slot.shape[-1] == ANCHOR), None)


def _name_pictures(trainer: Trainer) -> tuple[str, ...]:
    return tuple(f"example {row}" for row in range(min(_PICTURES, len(shown_part(trainer)))))


SUPPRESSION = View(
    "suppression",
    Suppressed,
    has_objects,
    make_suppression,
    group="inside",
    item="box",
    count=lambda trainer, place: _STEPS,
    places=_name_pictures,
    place="example",
    about="Boxes from the most likely one on, one a key: it stays, or a better one that it overlaps suppresses it.",
)
