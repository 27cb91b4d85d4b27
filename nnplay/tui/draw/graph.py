"""The network as a picture: which columns of neurons there are, and where each neuron lies in a grid of cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnplay.network.summary import Ledger
from nnplay.tui.draw.arrays import Floats

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Column:
    """One rank of units.

    Attributes:
        title: the layer's text, or "inputs".
        names: words beside the units (inputs and outputs), or empty.
        count: units in all; those that find no room are counted below the column.
        pictures: index of the layer whose neuron pictures are shown, -1 for inputs.
        weights: (units here, units in the column before), or `None` for inputs.
        bias: (units here,), or `None`.
        layer: index of the layer that the weights belong to.
    """

    title: str
    names: tuple[str, ...]
    count: int
    pictures: int
    weights: Floats | None
    bias: Floats | None = None
    layer: int = -1


@dataclass(frozen=True, slots=True)
class Place:
    """A neuron's rectangle: top pixel row (two a cell), left column, size in pixels and columns."""

    top: int
    left: int
    pixels: int
    width: int

    @property
    def middle(self) -> int:
        """The row of dots (four a cell) at which its lines end."""
        return 2 * self.top + self.pixels


def columns(ledger: Ledger, weights: Mapping[str, Floats], pictures: Mapping[Key, Floats]) -> list[Column]:
    """Inputs and one column for each layer with weights; empty when these are not known or form no plain chain."""
    lines = list(ledger.lines)
    starts = [index for index, line in enumerate(lines) if line.parameters]
    ranks = [Column("inputs", tuple(ledger.inputs), len(ledger.inputs), -1, None)]
    for place, start in enumerate(starts):
        matrix = weights.get(f"{start}.weight")
        if matrix is None or matrix.ndim != 2 or matrix.shape[0] != ranks[-1].count:
            return []
        end = starts[place + 1] if place + 1 < len(starts) else len(lines)
        shown = max((index for index in range(start, end) if (index, 0) in pictures), default=start)
        words = " ".join(line.text for line in lines[start:end])
        names = tuple(ledger.outputs) if end == len(lines) else ()
        bias = weights.get(f"{start}.bias")
        ranks.append(Column(words, names, matrix.shape[1], shown, matrix.T, bias, start))
    return ranks if starts else []


def places(counts: list[int], width: int, height: int, left: int, right: int) -> list[list[Place]]:
    """Where the neurons of each column lie in `width` × `height` cells.

    `left` and `right` columns are kept for names. Each neuron has a blank pixel row around it; a column shows as many
    neurons as fit with two cells each.
    """
    inner = width - left - right
    fits = max(1, height // 2)
    most = min(max(counts), fits)
    slot = min(4, max(2, height // most))
    pixels = 2 * slot - 1
    breadth = max(3, min(pixels + (pixels % 2), (inner - 6 * (len(counts) - 1)) // len(counts)))
    gap = (inner - breadth) / max(1, len(counts) - 1)
    result: list[list[Place]] = []
    for index, count in enumerate(counts):
        shown = min(count, fits)
        spread = min(6, max(slot, height // shown)) if shown < most else slot
        top = (height - shown * spread) // 2
        x = left + int(np.floor(index * gap))
        rows = [2 * (top + row * spread) + (spread - slot) for row in range(shown)]
        result.append([Place(row + row % 2, x, pixels, breadth) for row in rows])
    return result
