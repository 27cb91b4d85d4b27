"""What is made of a table's columns, each kept small by itself until all of them are written into one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.columns.columns import Column
from nnplay.data.columns.passing_numbers import WIDE, PassingNumbers, make_zeros

#: Numbers that are written at a time, and rows at the least: they stay in the processor's cache.
_PIECE: Final = 1 << 16
_FEWEST: Final = 256
#: Rows that are joined before the memory of their parts is given back.
_GIVEN_BACK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column's network inputs and what was done, noticed, or why it is left out.

    Attributes:
        column: the description, with a name for each input.
        parts: each input by itself (N,), float32, or float64 where their differences need it.
        codes: instead of these, which input (N,) is 1 where all others are 0.
        passing: the memory of the parts, if nobody else looks at it, so that rows leave it as they are joined.
    """

    column: Column
    parts: tuple[NDArray[Any], ...] = ()
    codes: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    left_out: str = ""
    passing: tuple[PassingNumbers, ...] = ()

    @property
    def width(self) -> int:
        """How many inputs there are."""
        return len(self.column.inputs)


def join_inputs(encoded: list[Encoded], rows: int) -> NDArray[Any]:
    """The inputs (N, all of them) side by side; the list is empty afterwards.

    A wide table is written some columns at a time, which are let go once they are written. Rows of the whole array
    come into memory as they are written, and those of `passing` numbers leave it, so that the inputs are hardly ever
    held twice.
    """
    width = sum(item.width for item in encoded)
    kind = np.result_type(np.float32, *(part.dtype for item in encoded for part in item.parts))
    joined = make_zeros(rows, width, kind)
    place = 0
    encoded.reverse()
    while encoded:
        some = [encoded.pop()]
        while encoded and sum(item.width for item in some) < WIDE:
            some.append(encoded.pop())
        _write(some, joined, place)
        place += sum(item.width for item in some)
    return joined


def _write(encoded: Sequence[Encoded], joined: NDArray[Any], place: int) -> None:
    """Writes some columns from input number `place` on, a piece of the rows at a time."""
    rows, width = joined.shape
    flat, step, given_back = joined.reshape(-1), max(_FEWEST, _PIECE // min(width, WIDE)), 0
    for first in range(0, rows, step):
        piece, at = slice(first, first + step), place
        begins = np.arange(first, min(first + step, rows)) * width
        for item in encoded:
            if item.codes is not None:
                flat[begins + (item.codes[piece] + np.int64(at))] = 1
            for shift, part in enumerate(item.parts):
                joined[piece, at + shift] = part[piece]
            at += item.width
        if first - given_back >= _GIVEN_BACK:
            for item in encoded:
                for numbers in item.passing:
                    numbers.give_back(given_back, first)
            given_back = first
