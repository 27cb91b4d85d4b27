"""The threads of a graphics card on a processor: rows between two meetings, and how many parts each has."""

from __future__ import annotations

import ctypes
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.cuda.steps import GOES_ON
from nnplay.tape.machines.cuda_table import _size_at

#: Stands in a table for "as many parts as threads": no row has so many parts of its own.
ALL: Final = 1_000_003
#: A kernel of a row, as C calls it.
ROW: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


def groups_of(cells: NDArray[np.int64], threads: int) -> list[NDArray[np.int64]]:
    """The rows between two meetings.

    Of rows that share their numbers, part p has number p here as on a card: it has as many parts as there are numbers.
    On a processor parts are neighbouring numbers for some kernels and far apart for others, where there are fewer.
    """
    ends = np.flatnonzero(cells[:, abi.ROW_ADDRESS] < GOES_ON) + 1
    found = [np.array(group) for group in np.split(cells, ends) if len(group)]
    for group in found:
        free = group[:, abi.ROW_PARTS] == ALL
        written = [int(row[_size_at(last_operand(row))]) if len(group) > 1 else threads for row in group]
        group[free, abi.ROW_PARTS] = np.array(written)[free]
    return found


def last_operand(row: NDArray[np.int64]) -> int:
    """The number of the last operand, which is an output."""
    sizes = row[_size_at(0) :: abi.OPERAND_WIDTH]
    return int(np.flatnonzero(sizes).max())
