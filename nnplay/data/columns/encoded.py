"""What is made of a table's columns, each kept small by itself until all of them are written into one array."""

from __future__ import annotations

import contextlib
import mmap
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.columns.columns import Column

#: Numbers that are written at a time, and rows at the least: they stay in the processor's cache.
_PIECE: Final = 1 << 16
_FEWEST: Final = 256
#: Inputs that are written together.
_WIDE: Final = 256
#: Bytes from which on memory is asked of the system itself.
_LARGE: Final = 1 << 20


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


def join_inputs(encoded: list[Encoded], rows: int) -> NDArray[Any]:
    """The inputs (N, all of them) side by side; the list is empty afterwards.

    A wide table is written some columns at a time, which are let go once they are written. Rows of the whole array
    come into memory as they are written, so that the inputs are hardly ever held twice.
    """
    width = sum(item.width for item in encoded)
    kind = np.result_type(np.float32, *(part.dtype for item in encoded for part in item.parts))
    joined = make_zeros(rows, width, kind)
    place = 0
    encoded.reverse()
    while encoded:
        some = [encoded.pop()]
        while encoded and sum(item.width for item in some) < _WIDE:
            some.append(encoded.pop())
        _write(some, joined, place)
        place += sum(item.width for item in some)
    return joined


def make_zeros(rows: int, width: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """Zeros (rows, width), of which only what is written comes into memory, and goes back to the system at the end.

    NumPy's own come in pages of 2 MiB, so that the first columns of a wide table would bring in all of it.
    """
    size = rows * width * kind.itemsize
    if width <= _WIDE or size < _LARGE:
        return np.zeros((rows, width), dtype=kind)
    private = {} if sys.platform == "win32" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}
    try:
        room = mmap.mmap(-1, size, **private)
    except OSError:
        raise MemoryError from None
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # of a kernel without such pages
            room.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(room, dtype=kind).reshape(rows, width)


def _write(encoded: Sequence[Encoded], joined: NDArray[Any], place: int) -> None:
    """Writes some columns from input number `place` on, a piece of the rows at a time."""
    rows, width = joined.shape
    flat, step = joined.reshape(-1), max(_FEWEST, _PIECE // min(width, _WIDE))
    for first in range(0, rows, step):
        piece, at = slice(first, first + step), place
        begins = np.arange(first, min(first + step, rows)) * width
        for item in encoded:
            if item.codes is not None:
                flat[begins + (item.codes[piece] + np.int64(at))] = 1
            for shift, part in enumerate(item.parts):
                joined[piece, at + shift] = part[piece]
            at += item.width
