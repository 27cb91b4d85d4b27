"""A grid of pictures each with its predicted class, mistakes first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape, one_class_per_row
from nnplay.views.images import as_image
from nnplay.views.rows import decide_classes, describe_rows, predict_rows
from nnplay.views.view import Asked, Output, View

_MOST_IMAGES = 64


@dataclass(frozen=True, slots=True)
class Images(Output):
    """Pictures (n, h, w) or (n, h, w, 3) with true and predicted classes, mistakes first.

    Attributes:
        wrong: how many mistakes there are.
        rows: among which rows of the data they were counted, in words.
    """

    images: NDArray[np.float32]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    wrong: int = 0
    rows: str = ""


def suits(trainer: Trainer) -> bool:
    """Pictures with one class each."""
    return one_class_per_row(trainer) and bool(image_shape(trainer)[0])


def make_images(trainer: Trainer, asked: Asked) -> Images:
    """Pictures from the one with number `first` on, mistakes before the others."""
    first = asked.item
    x, y, answers = predict_rows(trainer)
    predicted, labels = decide_classes(trainer, answers), trainer.split.class_names
    wrong = predicted != y
    order = np.argsort(~wrong, kind="stable")[first : first + _MOST_IMAGES]
    shape = image_shape(trainer)
    return Images(
        np.stack([as_image(x[row], shape) for row in order]),
        tuple(labels[int(label)] for label in y[order]),
        tuple(labels[int(label)] for label in predicted[order]),
        int(wrong.sum()),
        describe_rows(trainer),
    )


IMAGES = View(
    "images",
    Images,
    suits,
    make_images,
    item="image",
    about="Images with what the network takes them for; mistakes stand out.",
)
