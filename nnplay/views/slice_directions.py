"""Which directions a slice of the loss can be along, each as a record of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError, NnplayError
from nnplay.training.landscape.curvature import Search, curvature_of
from nnplay.training.landscape.loss_plane import Plane, path_directions
from nnplay.training.trainer import Trainer

Floats = NDArray[np.float64]
#: What is said while the twin run in float64 is not ready.
COMPILING: Final = "kernels in double precision are being compiled"
#: Seconds in which directions are looked for in one picture.
_SECONDS: Final = 0.08


class NotYetError(NnplayError):
    """There will be something to see: its message says after what."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A way to cut through the loss.

    Attributes:
        name: as it is chosen.
        choose: gives the directions (D, M) with D of 1 or 2, from the weights that the run and its forks have been at.
        reach: half of each axis at the least, in lengths of the directions; 0 in proportion to the weights.
        holds_ways: the axes reach as far as the run and its forks went.
    """

    name: str
    choose: Callable[[Trainer, Plane, Sequence[Floats]], Floats]
    reach: float
    holds_ways: bool = False


def _along_path(trainer: Trainer, plane: Plane, ways: Sequence[Floats]) -> Floats:
    path = [points for points in ways if len(points)]
    found = path_directions(np.vstack([*path, plane.weights[None, :]])) if path else None
    if found is None:
        raise NotYetError("the path of the run appears here once it has taken some steps")
    return found


def _most_moved(trainer: Trainer, plane: Plane, ways: Sequence[Floats]) -> Floats:
    """The two weights that the run has moved furthest; before it moved any, the two largest."""
    path = [points for points in ways if len(points)]
    moved = np.ptp(np.vstack([*path, plane.weights[None, :]]), axis=0) if path else 0 * plane.weights
    far = moved if moved.any() else np.abs(plane.weights)
    return _axes(np.sort(np.argsort(-far, kind="stable")[:2]).tolist(), len(far))


def _axes(numbers: Sequence[int], weights: int) -> Floats:
    """Along each of these weights: (D, M)."""
    found = np.zeros((len(numbers), weights))
    found[np.arange(len(numbers)), list(numbers)] = 1.0
    return found


def _most_curved(trainer: Trainer, plane: Plane, ways: Sequence[Floats]) -> Floats:
    curvature = curvature_of(trainer)
    if not curvature.ready:
        raise NotYetError(COMPILING)
    if len(plane.weights) < 2:
        raise InputError("there is only one weight")
    search = curvature.searches.get("directions")
    if search is None or (search.done and search.step != trainer.step):
        search = Search(curvature, curvature.take(trainer.tensors()), step=trainer.step)
        curvature.searches["directions"] = search
    if search.go_on(_SECONDS):
        curvature.directions = search.vectors
    if curvature.directions is None:
        raise NotYetError(f"the most curved directions of step {search.step:,} are looked for: {search.words}")
    return curvature.directions  # of some steps ago, while newer ones are looked for


def _downhill(trainer: Trainer, plane: Plane, ways: Sequence[Floats]) -> Floats:
    found = plane.downhill()
    if not found.any():
        raise NotYetError("the direction of the gradient appears here after the first step")
    return found


#: In the order in which they are offered.
SLICES: Final = (
    Slice("the run's own path", _along_path, 1e-3, holds_ways=True),
    Slice("random, filter-normalised", lambda trainer, plane, ways: plane.random_directions(), 1.0),
    Slice("most curved", _most_curved, 0.0),
    Slice("two weights", _most_moved, 1.0, holds_ways=True),
    Slice("a line downhill", _downhill, 0.0),
    Slice("a line along the run", lambda *given: _along_path(*given)[:1], 1e-3, holds_ways=True),
)


def typed_slice(text: str) -> Slice:
    """The slice along one or two weights that somebody has named, "0.weight[3,1] 2.bias[0]".

    Raises:
        InputError: not one or two names.
    """
    names = text.split()
    if not 1 <= len(names) <= 2:
        raise InputError(
            f"{len(names)} weights are no line and no plane", where="view", hint="name one or two, 0.weight[3,1]"
        )

    def choose(trainer: Trainer, plane: Plane, ways: Sequence[Floats]) -> Floats:
        numbers = [plane.number_of(name) for name in names]
        if len(set(numbers)) < len(numbers):
            raise InputError(f"{names[0]} is named twice", where="view", hint="name two weights")
        return _axes(numbers, len(plane.weights))

    return Slice(text, choose, 1.0, holds_ways=True)
