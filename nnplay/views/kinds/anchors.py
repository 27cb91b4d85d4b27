"""The anchors of a region proposal network over a picture: how likely each holds an object, and where it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import clip, decode
from nnplay.training.trainer import Trainer
from nnplay.views.found_objects import Boxes, has_objects, layers_of, picture_of
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
        objectness: of each place of each grid (h, w) the likeliest anchor's, from 0 to 1.
        anchors: the likeliest ones, and where their deltas move them.
        moved: the same, moved.
        proposals: those that go on.
        sizes: all anchors of the place in the middle of each grid.
    """

    image: NDArray[np.float32]
    objectness: tuple[NDArray[np.float64], ...]
    anchors: Boxes
    moved: Boxes
    proposals: Boxes
    sizes: Boxes


def suits(trainer: Trainer) -> bool:
    """The network has anchors, and proposals made of them."""
    return has_objects(trainer) and all(layers_of(trainer, kind) for kind in ("anchors", "proposals"))


def make_anchors(trainer: Trainer, asked: Asked) -> Anchors:
    """The anchors of one picture; of a feature pyramid, those of all its levels."""
    row = asked.item
    layers = {kind: layers_of(trainer, kind) for kind in ("anchors", "proposals")}
    names = {kind: [f"eval.{planned.path}.output" for planned in own] for kind, own in layers.items()}
    found = trainer.forward(shown_part(trainer).x[row : row + 1], [*names["anchors"], *names["proposals"]])
    levels = [found[name][0].astype(np.float64) for name in names["anchors"]]
    proposals = found[names["proposals"][0]][0].astype(np.float64)
    grids = [trainer.plan.values[planned.inputs[0]] for planned in layers["anchors"]]
    said = np.concatenate(levels)
    scores = _sigmoid(said[:, 0])
    best = np.argsort(-scores, kind="stable")[:_DRAWN]
    kept = proposals[(proposals[:, 2] > proposals[:, 0]) & (proposals[:, 3] > proposals[:, 1])]
    sizes = np.concatenate([_middle(own, grid) for own, grid in zip(levels, grids, strict=True)])
    return Anchors(
        picture_of(trainer, row),
        tuple(_sigmoid(own[:, 0]).reshape(*grid[:2], -1).max(axis=-1) for own, grid in zip(levels, grids, strict=True)),
        _boxes(said[best, 5:], [f"{score:.2f}" for score in scores[best]]),
        _boxes(clip(decode(said[best, 1:5], said[best, 5:])), [_deltas(line) for line in said[best, 1:5]]),
        _boxes(kept, [""] * len(kept)),
        _boxes(sizes, [""] * len(sizes)),
    )


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -60, 60))))


def _middle(said: Array, grid: tuple[int, ...]) -> Array:
    """The anchors (A, 4) of the place in the middle of a grid."""
    H, W, channels = grid
    each = channels // 5
    return said[((H // 2) * W + W // 2) * each + np.arange(each), 5:]


def _deltas(line: Array) -> str:
    return " ".join(f"{value:+.2f}" for value in line)


def _boxes(places: Array, words: list[str]) -> Boxes:
    return Boxes(places, np.full(len(places), -1, np.int64), tuple(words))


ANCHORS = View(
    "anchors",
    Anchors,
    suits,
    make_anchors,
    group="inside",
    item="example",
    about="Anchors over a picture: the sizes of one place, objectness, the likeliest ones, where they move, proposals.",
)
