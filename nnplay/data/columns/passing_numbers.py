"""Memory of columns on their way into a table's inputs: asked of the system itself, so that it goes back to it."""

from __future__ import annotations

import contextlib
import mmap
import sys
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

WIDE: Final = 256
"""Inputs that are written together."""
#: Bytes from which on memory is asked of the system itself.
_LARGE: Final = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class PassingNumbers:
    """Numbers (N,) of a long column whose rows can be given back one after the other.

    Attributes:
        numbers: rows that were given back are zeros.
        room: the memory they lie in.
    """

    numbers: NDArray[Any]
    room: mmap.mmap

    def give_back(self, first: int, last: int) -> None:
        """Lets the system have the memory of some rows, where it takes parts of what it gave."""
        if sys.platform == "linux":
            size = self.numbers.itemsize
            begin, end = (place * size // mmap.PAGESIZE * mmap.PAGESIZE for place in (first, last))
            if begin < end:
                self.room.madvise(mmap.MADV_DONTNEED, begin, end - begin)


def round_numbers(values: NDArray[np.float64], kind: type[np.floating[Any]]) -> NDArray[Any] | PassingNumbers:
    """The numbers (N,) as that type, in memory that can be given back if there are many of them."""
    if len(values) * np.dtype(kind).itemsize < _LARGE:
        return values.astype(kind)
    room = _ask_system(len(values) * np.dtype(kind).itemsize)
    numbers = np.frombuffer(room, dtype=kind)
    numbers[:] = values
    return PassingNumbers(numbers, room)


def make_zeros(rows: int, width: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """Zeros (rows, width), of which only what is written comes into memory, and goes back to the system at the end.

    NumPy's own come in pages of 2 MiB, so that the first columns of a wide table would bring in all of it.
    """
    size = rows * width * kind.itemsize
    if width <= WIDE or size < _LARGE:
        return np.zeros((rows, width), dtype=kind)
    return np.frombuffer(_ask_system(size), dtype=kind).reshape(rows, width)


def _ask_system(size: int) -> mmap.mmap:
    private = {} if sys.platform == "win32" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}
    try:
        room = mmap.mmap(-1, size, **private)
    except OSError:
        raise MemoryError from None
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # of a kernel without such pages
            room.madvise(mmap.MADV_NOHUGEPAGE)
    return room
