"""The kernels of a convolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.training.trainer import Trainer
from nnplay.views.layer_places import name_layers
from nnplay.views.parameter_part import ParameterPart
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
#: Of transposed convolutions the last two axes are the other way round.
_TRANSPOSED: Final = "ConvTranspose"


@dataclass(frozen=True, slots=True)
class Filters(Output):
    """What a convolution looks for.

    Attributes:
        kernels: (filters, height, width): of one input channel; of a convolution over time (filters, inputs, taps);
            of 1×1 kernels (1, inputs, filters), as there is one number for each pair.
        part: where each number is in its parameter.
        channel, channels: which input channel of how many.
        axes: what goes down and across in a kernel, in words; empty for places of an image.
    """

    kernels: NDArray[np.float32]
    part: ParameterPart
    channel: int = 0
    channels: int = 1
    axes: str = ""


def suits(trainer: Trainer) -> bool:
    """Some layer has kernels."""
    return bool(_layers(trainer))


def _layers(trainer: Trainer) -> tuple[PlannedLayer, ...]:
    """Layers with a window and a weight for each of its places."""
    return tuple(
        planned
        for planned in trainer.plan.layers
        if "kernel" in planned.layer.values and "weight" in planned.parameters
    )


def _in_order(planned: PlannedLayer, weight: Array) -> Array:
    """(…, inputs, filters), also of a transposed convolution."""
    return np.swapaxes(weight, -1, -2) if planned.layer.record.torch.startswith(_TRANSPOSED) else weight


def make_filters(trainer: Trainer, asked: Asked) -> Filters:
    """The weights as they are now."""
    planned = _layers(trainer)[asked.place]
    name = planned.parameters["weight"]
    weight = trainer.parameters()[name]
    kernels, axes = _cut(_in_order(planned, weight), asked.item)
    places, _ = _cut(_in_order(planned, np.arange(weight.size).reshape(weight.shape)), asked.item)
    channel, channels = (0, 1) if axes else (asked.item, _count(trainer, asked.place))
    return Filters(kernels.astype(np.float32), ParameterPart(name, weight.shape, places), channel, channels, axes)


def _cut(weight: Array, channel: int) -> tuple[Array, str]:
    """The part of a weight (…, inputs, filters) that is shown, (filters, height, width), and its axes in words."""
    if weight.ndim == 3:  # a sequence: taps, inputs, filters
        return weight.transpose(2, 1, 0), "inputs down, steps across"
    if int(np.prod(weight.shape[:-2])) == 1:
        return weight.reshape(1, *weight.shape[-2:]), "input channels down, filters across"
    if weight.ndim == 5:  # a volume: the slice in the middle of the depth
        weight = weight[len(weight) // 2]
    return np.ascontiguousarray(np.moveaxis(weight[:, :, channel], -1, 0)), ""


def _count(trainer: Trainer, place: int) -> int:
    """Input channels whose kernels are shown one after the other."""
    planned = _layers(trainer)[place]
    shape = _in_order(planned, trainer.parameters()[planned.parameters["weight"]]).shape
    return shape[-2] if len(shape) > 3 and int(np.prod(shape[:-2])) > 1 else 1


FILTERS = View(
    "filters",
    Filters,
    suits,
    make_filters,
    item="input channel",
    places=lambda trainer: name_layers(_layers(trainer)),
    place="layer",
    count=_count,
    order=6,
    about="The kernels of a convolution: what each filter looks for in one channel of its input.",
    group="inside",
)
