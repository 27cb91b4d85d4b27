"""The rows in every layer, on the plane on which they differ most."""

from __future__ import annotations

from nnplay.training.trainer import Trainer
from nnplay.views.clouds import Clouds, make_clouds
from nnplay.views.layer_values import compared_rows, name_layers, read_layers
from nnplay.views.row_groups import group_rows
from nnplay.views.view import Asked, View


def make_projection(trainer: Trainer, asked: Asked) -> Clouds:
    """The first rows of the shown part in every layer; the place after the first one is the input or a layer alone."""
    rows = compared_rows(trainer)
    clouds = make_clouds(read_layers(trainer, rows.x), asked.before)
    return Clouds(clouds, group_rows(trainer, rows.y), rows.words, asked.place - 1)


PROJECTION = View(
    "projection",
    Clouds,
    lambda trainer: True,
    make_projection,
    about="The same rows in every layer, by their first two principal components: see the classes part.",
    group="inside",
    places=lambda trainer: ("all layers", *name_layers(trainer)),
    place="layer",
    order=10,
)
