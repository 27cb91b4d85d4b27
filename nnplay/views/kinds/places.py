"""Where rows lie that were taught to lie near their class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes, has_numbers
from nnplay.views.rows import predict_rows
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class Places(Output):
    """The first two outputs of each row, (N, 2); with a single one the other is 0.

    Attributes:
        labels: of the rows, (N,).
        names: of the classes.
    """

    places: NDArray[np.float32]
    labels: NDArray[np.int64]
    names: tuple[str, ...]


def suits(trainer: Trainer) -> bool:
    """Labels that only say which rows belong together."""
    return not has_classes(trainer) and not has_numbers(trainer) and trainer.form.detect is None


def make_places(trainer: Trainer, asked: Asked) -> Places:
    """The first two coordinates of the rows."""
    _, y, answers = predict_rows(trainer)
    flat = answers.reshape(len(answers), -1)[:, :2]
    places = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1]))).astype(np.float32)
    return Places(places, y.astype(np.int64), trainer.split.class_names)


PLACES = View(
    "places",
    Places,
    suits,
    make_places,
    about="Rows where the network puts them: those that belong together should lie together.",
    group="inside",
)
