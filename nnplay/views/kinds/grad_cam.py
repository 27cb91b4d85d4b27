"""Grad-CAM: where in an image a convolution layer sees what speaks for an answer (Selvaraju et al., 2017).

αₖ = mean over places of ∂F/∂Aₖ, and the map is ReLU(Σₖ αₖ·Aₖ), for the layer's maps A behind its activation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.records.operation import Shape, shape_text
from nnplay.text import counted
from nnplay.training.trainer import Trainer
from nnplay.views.attribution import Attribution, ask, attribute, can_ask
from nnplay.views.input_form import as_picture, input_form, places_of
from nnplay.views.view import Asked, View
from nnplay.views.worst_example import find_worst_example

Array = NDArray[Any]


def suits(trainer: Trainer) -> bool:
    """Images or series that convolutions look at."""
    return bool(_convolutions(trainer)) and input_form(trainer) == "picture" and can_ask(trainer)


def _convolutions(trainer: Trainer) -> list[PlannedLayer]:
    """Layers of convolution whose maps have places as the input has them; the last one first, as that one sees most."""
    rank = len(places_of(trainer)) + 1
    layers = [each for each in trainer.plan.layers if each.layer.record.family == "convolution"]
    return [each for each in reversed(layers) if len(each.plan.output) == rank]


def place_names(trainer: Trainer) -> tuple[str, ...]:
    """The convolution layers by path and name."""
    return tuple(f"{each.path} {each.layer.record.name}" for each in _convolutions(trainer))


def make_grad_cam(trainer: Trainer, asked: Asked) -> Attribution:
    """The map of one layer for the answer that is given, at the size of the input."""
    layer = _convolutions(trainer)[asked.place]
    question = ask(trainer, asked, place=0)
    name = f"{_behind_activation(trainer, layer)}.output"
    probed = question.prober.slopes(question.given, question.answer.direction, [name])
    cam = weigh_maps(probed.values[name][0], probed.gradients[name][0])
    whole = as_picture(trainer, stretch(cam, places_of(trainer)))[..., 0]
    head = f"where layer {layer.path} sees {question.answer.name}"
    notes = (f"{shape_text(cam.shape)} places, {counted(layer.plan.output[-1], 'channel')}",)
    return attribute(trainer, asked, question, head, whole, signed=False, notes=notes)


def _behind_activation(trainer: Trainer, layer: PlannedLayer) -> str:
    """The path of the activation that alone reads a layer, or of the layer itself."""
    readers = [each for each in trainer.plan.layers if layer.output in each.inputs]
    if len(readers) == 1 and readers[0].layer.record.family == "activation":
        return readers[0].path
    return layer.path


def weigh_maps(maps: Array, slopes: Array) -> Array:
    """ReLU(Σₖ αₖ·Aₖ) of maps and slopes (…, K), where αₖ is the mean slope of channel k; (…)."""
    weights = slopes.astype(np.float64).reshape(-1, slopes.shape[-1]).mean(axis=0)
    return np.asarray(np.maximum(maps.astype(np.float64) @ weights, 0.0))


def stretch(cam: Array, shape: Shape) -> Array:
    """A map at another size, by linear interpolation along one axis after the other."""
    for axis, size in enumerate(shape):
        have = cam.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * have / size - 0.5, 0, have - 1)
        low = np.floor(at).astype(np.int64)
        high = np.minimum(low + 1, have - 1)
        share = (at - low).reshape(-1, *(1,) * (cam.ndim - axis - 1))
        cam = np.take(cam, low, axis) * (1 - share) + np.take(cam, high, axis) * share
    return cam


GRAD_CAM = View(
    "grad-cam",
    Attribution,
    suits,
    make_grad_cam,
    item="example",
    places=place_names,
    place="layer",
    find_worst=find_worst_example,
    about="Where in the image a convolution layer sees what speaks for the answer.",
    group="why",
    order=2,
)
