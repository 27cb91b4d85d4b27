"""The anchors of a region proposal network over a picture: how likely each holds an object, and where it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import clip, decode
from nnplay.training.trainer import Trainer
from nnplay.views.found_objects import Boxes, has_objects, picture_of
from nnplay.views.rows import shown_part
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
#: Anchors that are drawn: more hide the picture.
_DRAWN: Final = 8


@dataclass(frozen=True, slots=True)
class Anchors(Output):
    """A picture with anchors over it.

    Attributes:
        image: (h, w) or (h, w, 3).
        objectness: of each place (h, w) the likeliest anchor's, from 0 to 1.
        anchors: the likeliest ones, and where their deltas move them.
        moved: the same, moved.
        proposals: those that go on.
        sizes: all anchors of the place in the middle.
    """

    image: NDArray[np.float32]
    objectness: NDArray[np.float64]
    anchors: Boxes
    moved: Boxes
    proposals: Boxes
    sizes: Boxes


def suits(trainer: Trainer) -> bool:
    """The network has anchors, and proposals made of them."""
    kinds = {planned.layer.record.name for planned in trainer.plan.layers}
    return has_objects(trainer) and {"anchors", "proposals"} <= kinds


def make_anchors(trainer: Trainer, asked: Asked) -> Anchors:
    """The anchors of one picture."""
    row = asked.item
    names = {kind: f"eval.{_path(trainer, kind)}.output" for kind in ("anchors", "proposals")}
    found = trainer.forward(shown_part(trainer).x[row : row + 1], list(names.values()))
    said, proposals = (found[names[kind]][0].astype(np.float64) for kind in ("anchors", "proposals"))
    grid = next(planned for planned in trainer.plan.layers if planned.layer.record.name == "anchors")
    H, W, channels = trainer.plan.values[grid.inputs[0]]
    each = channels // 5
    scores = 1 / (1 + np.exp(-np.clip(said[:, 0], -60, 60)))
    best = np.argsort(-scores, kind="stable")[:_DRAWN]
    middle = ((H // 2) * W + W // 2) * each + np.arange(each)
    kept = proposals[(proposals[:, 2] > proposals[:, 0]) & (proposals[:, 3] > proposals[:, 1])]
    return Anchors(
        picture_of(trainer, row),
        scores.reshape(H, W, each).max(axis=-1),
        _boxes(said[best, 5:], [f"{score:.2f}" for score in scores[best]]),
        _boxes(clip(decode(said[best, 1:5], said[best, 5:])), [_deltas(line) for line in said[best, 1:5]]),
        _boxes(kept, [""] * len(kept)),
        _boxes(said[middle, 5:], [""] * each),
    )


def _deltas(line: Array) -> str:
    return " ".join(f"{value:+.2f}" for value in line)


def _boxes(places: Array, words: list[str]) -> Boxes:
    return Boxes(places, np.full(len(places), -1, np.int64), tuple(words))


def _path(trainer: Trainer, kind: str) -> str:
    return next(planned.path for planned in trainer.plan.layers if planned.layer.record.name == kind)


ANCHORS = View(
    "anchors",
    Anchors,
    suits,
    make_anchors,
    group="inside",
    item="example",
    about="Anchors over a picture: the sizes of one place, objectness, the likeliest ones, where they move, proposals.",
)
