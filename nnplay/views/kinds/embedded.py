"""The vectors of an embedding as points of the plane in which they differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
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
    table = trainer.parameters()[planned.parameters["weight"]].astype(np.float64)
    places, shares = project(table)
    names = name_symbols(np.arange(len(table)), trainer.split.train)
    return Embedded(places.astype(np.float32), names, shares)


def project(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Vectors (N, D) on their first two principal components, (N, 2), and the share of the variance of each.

    A direction has no sign of its own: the vector that is farthest along it lies on the positive side.
    """
    centred = np.nan_to_num(vectors - vectors.mean(axis=0))
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    scores = np.zeros((len(vectors), 2))
    known = min(2, len(sizes))
    scores[:, :known] = left[:, :known] * sizes[:known]
    farthest = np.abs(scores).argmax(axis=0)
    scores *= np.where(scores[farthest, [0, 1]] < 0, -1.0, 1.0)
    variances = np.pad(sizes**2, (0, 2))[:2] / max(float((sizes**2).sum()), 1e-30)
    return scores, (float(variances[0]), float(variances[1]))


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
