"""Rows as points in each layer, seen from the side from which they differ most, and turned so that nothing jumps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.representation.principal import find_principal
from nnplay.representation.procrustes import find_turn
from nnplay.views.layer_values import LayerValues
from nnplay.views.row_groups import Groups
from nnplay.views.view import Output

Array = NDArray[Any]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The rows in one layer.

    Attributes:
        name: of the layer.
        places: of the rows, (N, 2), all within a circle of radius 1.
        share: how much of the rows' variance is seen; NaN where a picture is no view from one side.
        finite: False where the layer gave numbers that are not finite.
        lines: places (2, L, P, 2) of the lines of a grid, upright ones and level ones.
    """

    name: str
    places: Floats
    share: float
    finite: bool = True
    lines: Floats | None = None


@dataclass(frozen=True, slots=True)
class Clouds(Output):
    """The rows in every layer.

    Attributes:
        clouds: layer by layer.
        groups: of the rows.
        words: which rows, and how they are seen.
        chosen: number of the layer that is shown alone, or -1.
        line_groups: the group that the network puts each point of the lines into, (2, L, P).
        unfinished: more is on its way.
    """

    clouds: tuple[Cloud, ...]
    groups: Groups
    words: str
    chosen: int = -1
    line_groups: NDArray[np.int64] | None = None
    unfinished: bool = False


def make_clouds(
    layers: Sequence[LayerValues],
    before: Output | None = None,
    lines: Sequence[LayerValues] = (),
    points: int = 1,
) -> tuple[Cloud, ...]:
    """Clouds on the first two principal components of each layer.

    Each is turned onto the cloud of the same layer `before`, or else onto that of the layer in front of it.

    Args:
        lines: what the same layers make of the points of the lines of a grid, (2·L·P, D).
        points: P.
    """
    known = _places_of(before)
    clouds: list[Cloud] = []
    for number, layer in enumerate(layers):
        onto = known.get(layer.name)
        if onto is None or len(onto) != len(layer.values):
            onto = clouds[-1].places if clouds else _as_it_is(layer)
        drawn = lines[number].values.reshape(2, -1, points, layer.values.shape[1]) if lines else None
        clouds.append(_make_cloud(layer, onto, drawn))
    return tuple(clouds)


def turn_clouds(
    names: Sequence[str], places: Sequence[NDArray[Any]], before: Output | None = None
) -> tuple[Cloud, ...]:
    """Clouds of rows whose places (N, 2) in each layer are known, turned in the same way."""
    known = _places_of(before)
    clouds: list[Cloud] = []
    for name, own in zip(names, places, strict=True):
        onto = known.get(name)
        if onto is None or len(onto) != len(own):
            onto = clouds[-1].places if clouds else None
        finite = bool(np.isfinite(own).all())
        centred = own - own.mean(axis=0) if finite else np.zeros_like(own)
        clouds.append(_turned(name, centred, onto, math.nan, finite))
    return tuple(clouds)


def _places_of(before: Output | None) -> dict[str, Floats]:
    """Where the rows were in each layer."""
    return {cloud.name: cloud.places for cloud in before.clouds} if isinstance(before, Clouds) else {}


def _as_it_is(layer: LayerValues) -> Floats | None:
    """Two numbers a row are seen as they are, the first to the right and the second upwards."""
    return layer.values - layer.values.mean(axis=0) if layer.values.shape[1] == 2 else None


def _make_cloud(layer: LayerValues, onto: Floats | None, lines: NDArray[Any] | None) -> Cloud:
    """One cloud, turned onto another one; `lines` are (2, L, P, D)."""
    principal = find_principal(layer.values)
    places, share = principal.project(layer.values), float(principal.shares.sum())
    drawn = None if lines is None else principal.project(lines)
    return _turned(layer.name, places, onto, share, layer.finite, drawn)


def _turned(
    name: str, places: Array, onto: Floats | None, share: float, finite: bool, lines: Array | None = None
) -> Cloud:
    """One cloud from places (N, 2) around their mean, turned onto another one and scaled to its own size."""
    turn = np.eye(2) if onto is None else find_turn(places, onto.astype(np.float64))
    size = float(np.sqrt((places**2).sum(axis=1)).max(initial=0.0)) or 1.0
    drawn = None if lines is None else (lines @ turn / size).astype(np.float32)
    return Cloud(name, (places @ turn / size).astype(np.float32), share, finite, drawn)
