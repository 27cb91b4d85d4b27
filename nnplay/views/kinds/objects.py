"""One picture with its objects, and with what the network found: boxes, masks, classes and scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.average_precision import count_mistakes
from nnplay.training.trainer import Trainer
from nnplay.views.found_objects import (
    Boxes,
    find_objects,
    found_objects,
    has_objects,
    picture_of,
    true_objects,
)
from nnplay.views.rows import predict_rows, shown_part
from nnplay.views.table import Table
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class Objects(Output):
    """A picture (h, w) or (h, w, 3), the objects in it, and those that were found; and the names of the classes."""

    image: NDArray[np.float32]
    true: Boxes
    found: Boxes
    labels: tuple[str, ...]


def make_objects(trainer: Trainer, asked: Asked) -> Objects:
    """One picture with what is there and what was found."""
    row = asked.item
    outputs = trainer.answers(shown_part(trainer).x[row : row + 1])
    return Objects(
        picture_of(trainer, row),
        true_objects(trainer, row),
        found_objects(trainer, row, outputs),
        trainer.split.class_names,
    )


def find_worst(trainer: Trainer) -> int:
    """The picture with the most mistakes."""
    _, y, outputs = predict_rows(trainer)
    return int(count_mistakes(y, find_objects(trainer, outputs)).argmax())


def list_objects(shown: Objects) -> Table:
    """A line for each object that is there, and for each that was found."""
    rows: list[tuple[str | float, ...]] = [
        (what, words, *(round(float(side), 4) for side in place))
        for what, boxes in (("true", shown.true), ("found", shown.found))
        for words, place in zip(boxes.words, boxes.places, strict=True)
    ]
    return Table(("which", "object", "left", "top", "right", "bottom"), rows)


OBJECTS = View(
    "objects",
    Objects,
    has_objects,
    make_objects,
    item="example",
    find_worst=find_worst,
    about="A picture with the boxes and masks of its objects, and those that the network found.",
    table=list_objects,
)
