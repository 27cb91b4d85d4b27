"""The vectors of an embedding as points of the plane in which they differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.representation.principal import find_principal
from nnplay.training.trainer import Trainer
from nnplay.views.layer_places import name_layers
from nnplay.views.symbols import name_symbols
from nnplay.views.view import Asked, Output, View


@dataclass(frozen=True, slots=True)
class Embedded(Output):
    """Symbols as points.

    Attributes:
        places: (symbols, 2).
        names: of the symbols.
        shares: of the variance of all vectors, what the two directions show.
    """

    places: NDArray[np.float32]
    names: tuple[str, ...]
    shares: tuple[float, float]


def suits(trainer: Trainer) -> bool:
    """Some layer has a vector for each symbol."""
    return bool(_layers(trainer))


def _layers(trainer: Trainer) -> tuple[PlannedLayer, ...]:
    """Layers that turn whole numbers (steps,) into vectors (steps, width) with a table (symbols, width)."""
    return tuple(
        planned
        for planned in trainer.plan.layers
        if len(trainer.plan.values[planned.inputs[0]]) == 1
        and len(planned.plan.output) == 2
        and "weight" in planned.parameters
    )


def make_embedded(trainer: Trainer, asked: Asked) -> Embedded:
    """The first two principal components of the table."""
    planned = _layers(trainer)[asked.place]
    table = np.nan_to_num(trainer.parameters()[planned.parameters["weight"]].astype(np.float64))
    found = find_principal(table)
    names = name_symbols(np.arange(len(table)), trainer.split.train)
    first, second = found.shares.tolist()
    return Embedded(found.project(table).astype(np.float32), names, (first, second))


EMBEDDED = View(
    "embedding",
    Embedded,
    suits,
    make_embedded,
    places=lambda trainer: name_layers(_layers(trainer)),
    place="layer",
    opens_layers=True,
    order=2,
    about="Words or symbols as points: those that the network treats alike lie together.",
    group="inside",
)
