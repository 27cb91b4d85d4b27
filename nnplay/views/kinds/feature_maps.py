"""What a layer of an image network gives for one example: a map for each channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape
from nnplay.views.images import as_image
from nnplay.views.layer_places import as_maps, mapped_layers, name_layers
from nnplay.views.rows import shown_part
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class FeatureMaps(Output):
    """All channels of a layer for one example.

    Attributes:
        maps: (channels, height, width).
        image: the example, (h, w) or (h, w, 3); empty where it is none.
        depth: of a volume, the number of the slice that is shown.
    """

    maps: NDArray[np.float32]
    image: NDArray[np.float32]
    depth: int | None = None


def suits(trainer: Trainer) -> bool:
    """Some layer gives maps."""
    return bool(mapped_layers(trainer))


def make_feature_maps(trainer: Trainer, asked: Asked) -> FeatureMaps:
    """One forward pass of one example, up to the layer that is asked for."""
    planned = mapped_layers(trainer)[asked.place]
    x = shown_part(trainer).x[asked.item : asked.item + 1]
    name = f"eval.{planned.path}.output"
    values = trainer.forward(x, [name])[name][0]
    shape, depth = image_shape(trainer), len(values) // 2 if values.ndim == 4 else None
    image = as_image(x[0], shape) if shape[0] else np.empty((0, 0), np.float32)
    return FeatureMaps(as_maps(values), image, depth)


FEATURE_MAPS = View(
    "feature maps",
    FeatureMaps,
    suits,
    make_feature_maps,
    item="example",
    places=lambda trainer: name_layers(mapped_layers(trainer)),
    place="layer",
    opens_layers=True,
    order=4,
    about="All channels of a layer for one example: where in the image each has found something.",
    group="inside",
)
