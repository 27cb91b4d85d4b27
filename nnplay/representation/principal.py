"""Principal components: the directions in which rows differ most (Pearson, 1901; Hotelling, 1933)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng

Array = NDArray[Any]
Floats = NDArray[np.float64]
#: Up to this many rows or units the components are exact; beyond it they are found by iteration.
_EXACT: Final = 128
#: Directions that are iterated besides those that are wanted, and how often: the more, the better near ties come out.
_SPARE: Final = 8
_ROUNDS: Final = 12


@dataclass(frozen=True, slots=True)
class Principal:
    """Some principal components of rows (N, D).

    Attributes:
        mean: of the rows, (D,).
        axes: unit vectors (D, K) at right angles, the one along which rows differ most first; zeros beyond the rank.
        shares: share of the whole variance along each, (K,).
    """

    mean: Floats
    axes: Floats
    shares: Floats

    def project(self, rows: Array) -> Floats:
        """Coordinates (N, K) of rows (N, D) along the axes."""
        return np.asarray((rows - self.mean) @ self.axes)


def find_principal(rows: Array, count: int = 2) -> Principal:
    """The first `count` principal components of rows (N, D), by iteration where both N and D are large.

    The largest number of each axis is above zero, so that the same rows always give the same signs.
    """
    mean = rows.mean(axis=0, dtype=np.float64)
    centred = rows - mean
    axes, variances = (_exact if min(centred.shape) <= _EXACT else _iterate)(centred, count)
    whole = float(np.einsum("nd,nd->", centred, centred))
    missing = count - axes.shape[1]
    axes = np.pad(_with_signs(axes), ((0, 0), (0, missing)))
    shares = np.pad(variances, (0, missing)) / whole if whole > 0 else np.zeros(count)
    return Principal(mean, axes, shares)


def _exact(centred: Floats, count: int) -> tuple[Floats, Floats]:
    """Axes and sums of squares along them, from the products of rows or of units, whichever are fewer."""
    rows, units = centred.shape
    if units <= rows:
        squares, axes = np.linalg.eigh(centred.T @ centred)
        return axes[:, ::-1][:, :count], np.maximum(squares[::-1][:count], 0.0)
    squares, sides = np.linalg.eigh(centred @ centred.T)
    squares, sides = np.maximum(squares[::-1][:count], 0.0), sides[:, ::-1][:, :count]
    lengths = np.sqrt(squares)
    there = lengths > 1e-10 * max(float(lengths[0]), 1e-300)
    return np.where(there, centred.T @ sides / np.where(there, lengths, 1.0), 0.0), squares


def _iterate(centred: Floats, count: int) -> tuple[Floats, Floats]:
    """The same by subspace iteration from fixed directions, in float32 (Halko, Martinsson and Tropp, 2011)."""
    small = centred.astype(np.float32)
    block = rng.normal(0, 0, 0, (centred.shape[1], count + _SPARE)).astype(np.float32)
    for _ in range(_ROUNDS):
        block, _upper = np.linalg.qr(small.T @ (small @ block))
    images = (small @ block).astype(np.float64)
    squares, turned = np.linalg.eigh(images.T @ images)
    return block.astype(np.float64) @ turned[:, ::-1][:, :count], squares[::-1][:count]


def _with_signs(axes: Floats) -> Floats:
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    return axes * np.where(largest < 0, -1.0, 1.0)
