"""A picture that is wanted, beside the one that an autoencoder gives back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_numbers, image_shape
from nnplay.views.images import as_image
from nnplay.views.rows import predict_rows, shown_part
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class Pair(Output):
    """A picture that is wanted, and the one that the network gives, both (h, w) or (h, w, 3), in original units."""

    wanted: NDArray[np.float32]
    given: NDArray[np.float32]


def suits(trainer: Trainer) -> bool:
    """The target is a picture of the same size as the input."""
    size = math.prod(image_shape(trainer))
    return has_numbers(trainer) and size > 0 and trainer.split.train.y.shape[1] == size


def make_pair(trainer: Trainer, asked: Asked) -> Pair:
    """The picture that is wanted, and the one that the network gives."""
    row = asked.item
    part, shape = shown_part(trainer), image_shape(trainer)
    unscale = trainer.split.scaler.inverse_target
    answer = trainer.form.estimate(trainer.answers(part.x[row : row + 1])).reshape(1, -1)
    return Pair(as_image(unscale(part.y[row : row + 1])[0], shape), as_image(unscale(answer)[0], shape))


def find_worst(trainer: Trainer) -> int:
    """The row whose picture is missed by most, in the mean of squares."""
    _, y, answers = predict_rows(trainer)
    return int((((trainer.form.estimate(answers).reshape(y.shape) - y) ** 2).mean(axis=1)).argmax())


PAIR = View(
    "reconstruction",
    Pair,
    suits,
    make_pair,
    item="example",
    find_worst=find_worst,
    about="An image and what the network makes of it, side by side.",
)
