"""What goes into a network, as a picture, a row of a table, or symbols; and where questions about it begin."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.records.operation import Shape, Use
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_symbols, image_shape

Array = NDArray[Any]
Form = Literal["columns", "symbols", "picture"]
#: A series of one number a step is drawn as a strip that is so many times as wide as high.
_STRIP: Final = 8


def input_form(trainer: Trainer) -> Form:
    """How an input is best shown."""
    if has_symbols(trainer):
        return "symbols"
    flat = len(trainer.split.feature_shape) == 1
    return "columns" if flat and not image_shape(trainer)[0] else "picture"


def first_slope(trainer: Trainer) -> int:
    """The number of the first value that an answer has a slope with respect to.

    It is the input, unless that are tokens: then it is what the embedding makes of them.
    """
    readers = [planned for planned in trainer.plan.layers if 0 in planned.inputs]
    if len(readers) == 1 and not any(_leads_back(use) for use in readers[0].plan.backward):
        return readers[0].output
    return 0


def _leads_back(use: Use) -> bool:
    """Whether a backward row makes the input's gradient out of another one; that of tokens is just 0."""
    reads, writes = (
        [use.names.get(name, name) for name in names] for names in (use.operation.reads, use.operation.writes)
    )
    return any(name in ("dx", "dx0") for name in writes) and any(name.startswith("d") for name in reads)


def value_of(trainer: Trainer, x: Array, value: int) -> Array:
    """A value of the network for rows x (N, …): the rows themselves for value 0."""
    if value == 0:
        return x
    path = next(planned.path for planned in trainer.plan.layers if planned.output == value)
    return trainer.forward(x, [f"eval.{path}.output"])[f"eval.{path}.output"]


def places_of(trainer: Trainer) -> Shape:
    """How many places there are along each axis of an input but that of the numbers at each of them."""
    image = image_shape(trainer)
    return image[:2] if image[0] else trainer.split.feature_shape[:-1]


def as_picture(trainer: Trainer, row: Array) -> NDArray[np.float32]:
    """A row, or what counts at each of its places, as a picture (h, w, channels).

    Images are as they are; frames of a clip and slices of a volume stand side by side; a series goes to the right.
    """
    places = places_of(trainer)
    numbers = np.asarray(row, np.float32).reshape(*places, -1)
    if len(places) == 1:
        strip = numbers.T[..., None]
        return np.repeat(strip, max(1, places[0] // _STRIP // len(strip)), axis=0)
    if image_shape(trainer)[0] or trainer.split.train.frames * len(places) == 2:
        return numbers
    frames = trainer.split.train.frames if len(places) == 2 else places[0]
    return np.concatenate(list(numbers.reshape(frames, -1, *numbers.shape[-2:])), axis=1)


def as_shown(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """A picture (h, w, channels) as screens have it: (h, w, 3), or (h, w) where there are other channels."""
    return picture if picture.shape[2] == 3 else picture.mean(axis=2)


def column_names(trainer: Trainer) -> tuple[str, ...]:
    """The names of a table's inputs."""
    names, count = trainer.split.train.feature_names, trainer.split.feature_shape[0]
    return names if len(names) == count else tuple(f"x{k + 1}" for k in range(count))


def in_units(trainer: Trainer, x: Array) -> Array:
    """Rows of a table (N, columns) in their own units."""
    return np.asarray(trainer.split.scaler.inverse(x), np.float64)
