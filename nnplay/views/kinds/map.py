"""The map: what the network answers over the plane of its two inputs."""

from __future__ import annotations

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_numbers, one_class_per_row, plane_inputs
from nnplay.views.plane import Surface
from nnplay.views.view import View


def suits(trainer: Trainer) -> bool:
    """Two inputs, and one answer for them."""
    return plane_inputs(trainer) == 2 and (one_class_per_row(trainer) or has_numbers(trainer))


MAP = View(
    "map",
    Surface,
    suits,
    make=None,
    item="target",
    about="The whole plane of two inputs, coloured by the network's answer.",
)
