"""Operands of a row as array views, so that a kernel's body reads like NumPy.

A kernel is called as `kernel(row, clock, memory, part)`. Operand `k` of the row is a place and a shape in memory; the
functions below turn it into an array. They exist as machine code only, in kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnplay.kernels.abi import (
    OPERAND_ADDS,
    OPERAND_LAST,
    OPERAND_SHAPE,
    OPERAND_SIZE,
    OPERAND_WIDTH,
    ROW_INTEGERS,
    ROW_OPERANDS,
    ROW_PARTS,
)
from nnplay.kernels.compile.jit import COMPILING, ON_CARD, inline

if COMPILING:
    from numba import carray

    from nnplay.kernels.compile import intrinsics
if ON_CARD:
    from nnplay.kernels.cuda.intrinsics import every_nth, quotient, whole_number
    from nnplay.kernels.cuda.intrinsics import vector as carray

#: Moves a pointer; it exists as machine code only, and kernels run as nothing else.
shifted: Any = intrinsics.shifted if COMPILING else None


@inline
def ratio(a: int, b: int) -> int:
    """a // b for numbers from 0; a graphics card needs a hundred instructions where either has more than 32 bits."""
    return a // b


@inline
def pointer(row: Any, memory: Any, k: int) -> Any:
    """Pointer to the first number of operand `k`."""
    return shifted(memory, row[ROW_OPERANDS + k * OPERAND_WIDTH])


@inline
def dimension(row: Any, k: int, axis: int) -> int:
    """Length of operand `k` along `axis`."""
    length: int = row[ROW_OPERANDS + k * OPERAND_WIDTH + OPERAND_SHAPE + axis]
    return length


@inline
def size(row: Any, k: int) -> int:
    """Count of numbers in operand `k`."""
    count: int = row[ROW_OPERANDS + k * OPERAND_WIDTH + OPERAND_SIZE]
    return count


@inline
def adds(row: Any, k: int) -> bool:
    """Whether the kernel must add to operand `k` (a further gradient) or overwrite it."""
    flag: int = row[ROW_OPERANDS + k * OPERAND_WIDTH + OPERAND_ADDS]
    return flag != 0


@inline
def integer(row: Any, k: int) -> int:
    """Integer `k` of the row, such as a stride: it has 32 bits, as on a graphics card; see `long_integer`."""
    value: int = int(np.int32(row[ROW_INTEGERS + k]))
    return value


@inline
def long_integer(row: Any, k: int) -> int:
    """Integer `k` of the row that may have more than 32 bits, such as an address."""
    value: int = row[ROW_INTEGERS + k]
    return value


@inline
def flat(row: Any, memory: Any, k: int) -> Any:
    """Operand `k` as one vector of all its numbers."""
    return carray(pointer(row, memory, k), (size(row, k),))


@inline
def matrix(row: Any, memory: Any, k: int) -> Any:
    """Operand `k` of rank 2, (d0, d1)."""
    return carray(pointer(row, memory, k), (dimension(row, k, 0), dimension(row, k, 1)))


@inline
def rows_of(row: Any, memory: Any, k: int) -> Any:
    """Operand `k` of any rank as (all leading axes, last axis)."""
    last = row[ROW_OPERANDS + k * OPERAND_WIDTH + OPERAND_LAST]
    return carray(pointer(row, memory, k), (ratio(size(row, k), last), last))


@inline
def cube(row: Any, memory: Any, k: int) -> Any:
    """Operand `k` of rank 3, (d0, d1, d2)."""
    return carray(pointer(row, memory, k), (dimension(row, k, 0), dimension(row, k, 1), dimension(row, k, 2)))


@inline
def grid(row: Any, memory: Any, k: int) -> Any:
    """Operand `k` of rank 4, (d0, d1, d2, d3); images are (N, H, W, C)."""
    shape = (dimension(row, k, 0), dimension(row, k, 1), dimension(row, k, 2), dimension(row, k, 3))
    return carray(pointer(row, memory, k), shape)


@inline
def share(row: Any, part: int, units: int) -> Any:
    """The half-open range of `units` that this part must do; the parts cover them all, in order."""
    parts = row[ROW_PARTS]
    return units * part // parts, units * (part + 1) // parts


@inline
def part_of(row: Any, memory: Any, k: int, part: int) -> Any:
    """This part's share of operand `k` as a vector of its own.

    Loops over it count from 0, so LLVM sees that no index is negative; without that no loop becomes vector code. On a
    graphics card it is every so manieth number, so that threads that work side by side read side by side.
    """
    start, stop = share(row, part, size(row, k))
    return numbers(row, memory, k, start, stop)


@inline
def place_of(row: Any, part: int, units: int, i: int) -> int:
    """Which of `units` numbers is number i of this part, as `part_of` gives them."""
    parts: int = row[ROW_PARTS]
    return part + i * parts if ON_CARD else units * part // parts + i


if ON_CARD:
    ratio = quotient

    @inline
    def integer(row: Any, k: int) -> int:
        """Integer `k` of the row."""
        value: int = row[ROW_INTEGERS + k]
        return value

    @inline
    def share(row: Any, part: int, units: int) -> Any:
        """The range of `units` that this part must do, without a product of both: it would not fit into 32 bits."""
        parts = row[ROW_PARTS]
        whole = quotient(units, parts)
        left = units - whole * parts
        start = whole * part + min(part, left)
        return start, start + whole + (1 if part < left else 0)

    @inline
    def long_integer(row: Any, k: int) -> int:
        """Integer `k` of the row, all of it."""
        value: int = whole_number(row, ROW_INTEGERS + k)
        return value

    @inline
    def part_of(row: Any, memory: Any, k: int, part: int) -> Any:
        """Numbers part, part + parts, … of operand `k`."""
        return every_nth(pointer(row, memory, k), size(row, k), part, row[ROW_PARTS])


@inline
def numbers(row: Any, memory: Any, k: int, start: int, stop: int) -> Any:
    """Numbers `start` … `stop` of operand `k` as a vector of their own."""
    return carray(shifted(pointer(row, memory, k), start), (stop - start,))


@inline
def cut(row: Any, part: int, rows: int, columns: int) -> Any:
    """This part's rectangle of a matrix, as (first row, last row, first column, last column), ends excluded.

    Wide matrices are cut into groups of whole 32-column panels, so that each panel of the right factor is read by one
    part only; tall ones into rows.
    """
    parts = row[ROW_PARTS]
    panels = (columns + 31) // 32
    if panels >= parts and columns * 4 >= rows:
        return 0, rows, panels * part // parts * 32, min(panels * (part + 1) // parts * 32, columns)
    return rows * part // parts, rows * (part + 1) // parts, 0, columns
