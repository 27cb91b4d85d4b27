"""What a network takes a picture for that somebody has just drawn."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.training.trainer import Trainer
from nnplay.views.chances import Chance, likeliest_classes
from nnplay.views.data_form import image_shape, one_class_per_row

#: Training images by which it is found how bright paper and ink are.
_SEEN: Final = 500


def askable_shape(trainer: Trainer) -> tuple[int, int]:
    """Height and width of the images that the network tells apart; zeros where it does not."""
    return image_shape(trainer)[:2] if one_class_per_row(trainer) else (0, 0)


def ask_image(trainer: Trainer, ink: NDArray[Any]) -> tuple[Chance, ...]:
    """The likeliest classes of an image.

    Args:
        ink: (height, width), 0 for paper and 1 for ink; it becomes as dark and as bright as the training images are.

    Raises:
        InputError: the network does not tell images of this size apart.
    """
    if ink.shape != askable_shape(trainer) or not ink.size:
        raise InputError("the network does not distinguish images of this size", hint="choose digits28: :data digits28")
    split, channels = trainer.split, image_shape(trainer)[2]
    seen = split.scaler.inverse(split.train.x[:_SEEN])
    low, high = float(seen.min()), float(seen.max())
    image = np.repeat((low + (high - low) * ink)[..., None], channels, axis=2)
    row = split.inputs(image.reshape(1, *split.feature_shape))
    return likeliest_classes(trainer, trainer.answers(row)[0])
