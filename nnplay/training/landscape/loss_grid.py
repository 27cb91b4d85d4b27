"""A slice of the loss on a grid that becomes finer: coarse at first, and more of its points in each turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.landscape.loss_plane import Plane

Floats = NDArray[np.float64]
#: Points of a side of a plane, and of a line; every how many are worked out first, then in between.
SIDE: Final = 51
LINE: Final = 101
STRIDES: Final = (10, 5, 2, 1)


@dataclass(frozen=True, slots=True, eq=False)
class LossGrid:
    """The loss at some points of a grid.

    Attributes:
        middle, directions: weights (M,) in the middle, and what the axes are along, (D, M) with D of 1 or 2.
        across, upright: coordinates of columns and lines; of a line along one direction `upright` is 0 alone.
        losses: (upright, across); NaN where it is not known yet.
        known: which are, of the same shape.
    """

    middle: Floats
    directions: Floats
    across: Floats
    upright: Floats
    losses: Floats
    known: NDArray[np.bool_]

    @property
    def whole(self) -> bool:
        """Whether every point is known."""
        return bool(self.known.all())

    def is_like(self, other: LossGrid) -> bool:
        """Whether both are of the same points."""
        mine, its = ((one.middle, one.directions, one.across, one.upright) for one in (self, other))
        return all(np.array_equal(a, b) for a, b in zip(mine, its, strict=True))

    @property
    def filled(self) -> Floats:
        """The losses, where one is not known yet in proportion between those of the finest grid that is."""
        whole = [stride for stride in STRIDES if self.known[_points(self.known.shape, stride)].all()]
        if not whole:
            return self.losses
        stride = whole[-1]
        found = self.losses[_points(self.known.shape, stride)]
        lines, columns = self.losses.shape
        found = np.array([_between(line, stride, columns) for line in found])
        found = np.array([_between(column, stride, lines) for column in found.T]).T
        return np.where(self.known, self.losses, found)


def _between(coarse: Floats, stride: int, count: int) -> Floats:
    """Values at every place (count,) from those at every stride-th."""
    return np.asarray(np.interp(np.arange(count), np.arange(0, count, stride), coarse))


def begin_grid(middle: Floats, directions: Floats, ends: tuple[Floats, Floats]) -> LossGrid:
    """A grid without any loss, between these ends (2,) of its axes."""
    side = LINE if len(directions) == 1 else SIDE
    across = np.linspace(ends[0][0], ends[0][1], side)
    upright = np.zeros(1) if len(directions) == 1 else np.linspace(ends[1][0], ends[1][1], side)
    shape = (len(upright), len(across))
    return LossGrid(middle, directions, across, upright, np.full(shape, np.nan), np.zeros(shape, np.bool_))


def refine(plane: Plane, grid: LossGrid, seconds: float) -> LossGrid:
    """The grid with as many more points as there is time for, but the coarsest ones at least."""
    shape, done = grid.losses.shape, grid.known.copy()
    order: list[NDArray[Any]] = []
    for stride in STRIDES:
        here = np.zeros(shape, np.bool_)
        here[_points(shape, stride)] = True
        order.append(np.argwhere(here & ~done))
        done |= here
    wanted = np.vstack(order)
    places = np.stack([grid.across[wanted[:, 1]], grid.upright[wanted[:, 0]]], axis=1)[:, : len(grid.directions)]
    found = plane.slice(grid.middle, places, grid.directions, seconds, least=max(1, len(order[0])))
    losses, known = grid.losses.copy(), grid.known.copy()
    at = tuple(wanted[: len(found)].T)
    losses[at], known[at] = found, True
    return replace(grid, losses=losses, known=known)


def _points(shape: tuple[int, ...], stride: int) -> tuple[slice, slice]:
    return slice(None, None, stride), slice(None, None, stride)
