"""One clip as a film strip, with its predicted class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import one_class_per_row
from nnplay.views.images import as_image
from nnplay.views.rows import decide_classes, shown_part
from nnplay.views.view import Asked, Output, View
from nnplay.views.worst_example import find_worst_example

_MOST_FRAMES: Final = 24


@dataclass(frozen=True, slots=True)
class Clip(Output):
    """Frames (h, w) or (h, w, 3) in their order, with true and predicted class; `numbers` of the frames from 1 on."""

    frames: tuple[NDArray[np.float32], ...]
    numbers: tuple[int, ...]
    label: str
    predicted: str


def suits(trainer: Trainer) -> bool:
    """Clips with one class each."""
    train = trainer.split.train
    return train.frames > 1 and train.feature_shape[2] in (1, 3) and one_class_per_row(trainer)


def make_clip(trainer: Trainer, asked: Asked) -> Clip:
    """The clip with that number among those that are shown."""
    row = asked.item
    part = shown_part(trainer)
    x = part.x[row : row + 1]
    height, width, channels = part.feature_shape[0] // part.frames, *part.feature_shape[1:]
    strip = trainer.split.scaler.inverse(x)[0].reshape(part.frames, -1)
    chosen = np.unique(np.linspace(0, part.frames - 1, min(part.frames, _MOST_FRAMES)).round().astype(int)).tolist()
    names = trainer.split.class_names
    predicted = names[int(decide_classes(trainer, trainer.answers(x))[0])]
    frames = tuple(as_image(strip[frame], (height, width, channels)) for frame in chosen)
    return Clip(frames, tuple(frame + 1 for frame in chosen), names[int(part.y[row])], predicted)


CLIP = View(
    "clip",
    Clip,
    suits,
    make_clip,
    item="example",
    find_worst=find_worst_example,
    order=0,
    about="The frames of one clip, and the predicted class.",
)
