"""The weights of a dense layer at full size: a picture for each unit where its inputs are pixels, else the matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape
from nnplay.views.input_form import column_names, input_form
from nnplay.views.layer_places import name_layers
from nnplay.views.parameter_part import ParameterPart
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Weights(Output):
    """The weights of a layer that multiplies its input by a matrix.

    Attributes:
        maps: (units, height, width) of one channel of what comes in; (1, inputs, units) where that is no image.
        part: where each of them is in its parameter.
        channel, channels: which channel of what comes in, of how many.
        inputs: names of the inputs of a matrix that are columns of a table, else empty.
    """

    maps: NDArray[np.float32]
    part: ParameterPart
    channel: int = 0
    channels: int = 1
    inputs: tuple[str, ...] = ()

    @property
    def is_matrix(self) -> bool:
        """Whether inputs go down and units across."""
        return len(self.maps) == 1 and self.maps.shape[1:] == self.part.shape


def suits(trainer: Trainer) -> bool:
    """Some layer has a matrix of weights."""
    return bool(_layers(trainer))


def _layers(trainer: Trainer) -> tuple[PlannedLayer, ...]:
    """Layers whose weight is a matrix (inputs, units), and that work on each row alone."""
    parameters = trainer.parameters()
    return tuple(
        planned
        for planned in trainer.plan.layers
        if "weight" in planned.parameters
        and "kernel" not in planned.layer.values
        and parameters[planned.parameters["weight"]].ndim == 2
        and planned.plan.output[-1:] == parameters[planned.parameters["weight"]].shape[-1:]
    )


def _image_before(trainer: Trainer, planned: PlannedLayer) -> tuple[int, int, int] | None:
    """Height, width and channels of what the layer reads, if that is an image that was only flattened before it."""
    value = planned.inputs[0]
    if value == 0:
        shape = image_shape(trainer)
        return shape if shape[0] and len(trainer.split.feature_shape) == 1 else None
    before = next((each for each in trainer.plan.layers if each.output == value), None)
    if before is None or before.layer.record.name != "flatten" or len(before.inputs) != 1:
        return None
    sizes = {0: trainer.split.feature_shape, **{each.output: each.plan.output for each in trainer.plan.layers}}
    tall, *others = sizes[before.inputs[0]]
    broad, channels = (*others, 1, 1)[:2]
    return (tall, broad, channels) if len(others) in (1, 2) and min(tall, broad) > 1 else None


def make_weights(trainer: Trainer, asked: Asked) -> Weights:
    """The weights as they are now."""
    planned = _layers(trainer)[asked.place]
    name, parameters = planned.parameters["weight"], trainer.parameters()
    weight = parameters[name]
    image, places = _image_before(trainer, planned), np.arange(weight.size).reshape(weight.shape)
    if image is None or math.prod(image) != len(weight):
        part = ParameterPart(name, weight.shape, places[None])
        return Weights(weight[None].astype(np.float32), part, inputs=_names_of_inputs(trainer, planned))
    part = ParameterPart(name, weight.shape, _cut(places, image, asked.item))
    return Weights(_cut(weight, image, asked.item).astype(np.float32), part, asked.item, image[2])


def _cut(weight: Array, image: tuple[int, int, int], channel: int) -> Array:
    """The weights (inputs, units) of one channel as (units, height, width)."""
    return np.ascontiguousarray(np.moveaxis(weight.reshape(*image, -1)[:, :, channel], -1, 0))


def _names_of_inputs(trainer: Trainer, planned: PlannedLayer) -> tuple[str, ...]:
    """Names of a table's columns, where the layer reads these."""
    return column_names(trainer) if planned.inputs[0] == 0 and input_form(trainer) == "columns" else ()


def _count(trainer: Trainer, place: int) -> int:
    """Channels of what comes in, shown one after the other."""
    image = _image_before(trainer, _layers(trainer)[place])
    return image[2] if image is not None else 1


WEIGHTS = View(
    "weights",
    Weights,
    suits,
    make_weights,
    item="input channel",
    places=lambda trainer: name_layers(_layers(trainer)),
    place="layer",
    count=_count,
    opens_layers=True,
    order=7,
    about="The weights of a dense layer: as pictures where it sees an image, else as a matrix; c reads single numbers.",
    group="inside",
)
