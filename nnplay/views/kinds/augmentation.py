"""Augmentation: one training image, and the altered copies that the network is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.split import Split
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape
from nnplay.views.images import as_image
from nnplay.views.rows import count_drawn
from nnplay.views.view import Asked, Output, View

_DRAWS: Final = 9


@dataclass(frozen=True, slots=True)
class Augmentation(Output):
    """An image and altered copies of it.

    Attributes:
        image: (h, w) or (h, w, 3), as it was read.
        draws: as many such arrays, by the numbers of their copies.
        label: what it is; empty where that is no single class.
        labels: what each draw is taken to be; only `mixup` changes that.
        trained: how many of the draws are trained on; the others show what more copies would add.
        how: the recipe, as it is typed.
    """

    image: NDArray[np.float32]
    draws: tuple[NDArray[np.float32], ...]
    label: str
    labels: tuple[str, ...]
    trained: int
    how: str


def suits(trainer: Trainer) -> bool:
    """Images that are augmented."""
    return trainer.split.augmentation is not None and bool(image_shape(trainer)[0])


_recent: list[tuple[Split, int, Augmentation]] = []


def make_augmentation(trainer: Trainer, asked: Asked) -> Augmentation:
    """The training row with that number; remembered, as it does not change while the network learns."""
    row = asked.item
    for split, number, draws in _recent:
        if split is trainer.split and number == row:
            return draws
    made = _draw(trainer, row)
    _recent[:] = [(trainer.split, row, made)]
    return made


def _draw(trainer: Trainer, row: int) -> Augmentation:
    split, shape = trainer.split, image_shape(trainer)
    drawing = split.augmentation
    if drawing is None:
        raise ValueError("rows of this run are not augmented")
    count = count_drawn(split)
    x, y = split.scaler.inverse(split.train.x[:count]), split.train.y[:count]
    found = [drawing.draw_row(x, y, row, copy) for copy in range(1, _DRAWS + 1)]
    return Augmentation(
        as_image(x[row], shape),
        tuple(as_image(picture, shape) for picture, _ in found),
        _class_name(split, y[row]),
        tuple(_class_name(split, target) for _, target in found),
        min(drawing.copies, _DRAWS),
        drawing.text,
    )


def _class_name(split: Split, target: Any) -> str:
    one_class = split.task == "classification" and np.ndim(target) == 0
    return split.class_names[int(target)] if one_class else ""


AUGMENTATION = View(
    "augmentation",
    Augmentation,
    suits,
    make_augmentation,
    item="training row",
    order=1,
    about="One training image, and altered copies of it as training draws them.",
)
