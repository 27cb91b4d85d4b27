"""What is made of a table's columns, each kept small by itself until all of them are written into one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.columns.columns import Column

#: Numbers that are written at a time, and rows at the least: they stay in the processor's cache.
_PIECE: Final = 1 << 18
_FEWEST: Final = 1024


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column's network inputs and what was done, noticed, or why it is left out.

    Attributes:
        column: the description, with a name for each input.
        parts: each input by itself (N,), float32, or float64 where their differences need it.
        codes: instead of these, which input (N,) is 1 where all others are 0.
    """

    column: Column
    parts: tuple[NDArray[Any], ...] = ()
    codes: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    left_out: str = ""

    @property
    def width(self) -> int:
        """How many inputs there are."""
        return len(self.column.inputs)

    def write(self, into: NDArray[Any], rows: slice) -> None:
        """Puts the inputs of some rows into an array (n, width)."""
        if self.codes is not None:
            codes = self.codes[rows]
            into[:] = 0
            into[np.arange(len(codes)), codes] = 1
        for place, part in enumerate(self.parts):
            into[:, place] = part[rows]


def join_inputs(encoded: Sequence[Encoded], rows: int) -> NDArray[Any]:
    """The inputs (N, all of them) side by side."""
    width = sum(item.width for item in encoded)
    kind = np.result_type(np.float32, *(part.dtype for item in encoded for part in item.parts))
    joined = np.empty((rows, width), dtype=kind)
    step = max(_FEWEST, _PIECE // width)
    for first in range(0, rows, step):
        piece, place = slice(first, first + step), 0
        for item in encoded:
            item.write(joined[piece, place : place + item.width], piece)
            place += item.width
    return joined
