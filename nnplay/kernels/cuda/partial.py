"""Sums on a graphics card in a fixed order: parts are summed side by side, then what they came to.

How many parts there are follows from the count of numbers alone, so that no bit depends on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from nnplay.kernels.abi import ROW_ROOM, ROW_ROOM_COUNT
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.operands import ratio, shifted

#: Partial sums that one thread adds up, and into how many more are folded first.
FEW: Final = 64
FOLDED: Final = 64
#: Partial sums of a row at the most.
MOST: Final = 4096


def parts(sizes: Sequence[int], integers: Sequence[int] = ()) -> int:
    """Into how many parts the sum over the first operand is cut."""
    count = sizes[0]
    return max(1, min(count, FEW)) if count <= 32 * FEW else min(MOST, count // 32)


def few_parts(sizes: Sequence[int], integers: Sequence[int] = ()) -> int:
    """The same where a part takes no longer to work out than to add: about as many as each of them has numbers."""
    count = sizes[0]
    return max(1, math.isqrt(count)) if count <= 32 * FEW else parts(sizes)


def folds(sizes: Sequence[int], integers: Sequence[int] = ()) -> int:
    """Into how many sums those are folded, if they are many."""
    return FOLDED if parts(sizes) > FEW else 0


def once(sizes: Sequence[int], integers: Sequence[int] = ()) -> int:
    """A single part."""
    return 1


@inline
def room(row: Any, memory: Any) -> Any:
    """Where the partial sums are."""
    return shifted(memory, row[ROW_ROOM])


@inline
def sum_of(x: Any, step: int, count: int, total: Any) -> Any:
    """total + Σ x[k·step] over `count` numbers, in order; eight are read at once."""
    k = at = 0
    while k + 8 <= count:
        x0, x1, x2, x3 = x[at], x[at + step], x[at + 2 * step], x[at + 3 * step]
        at += 4 * step
        x4, x5, x6, x7 = x[at], x[at + step], x[at + 2 * step], x[at + 3 * step]
        total = (((total + x0) + x1) + x2) + x3
        total = (((total + x4) + x5) + x6) + x7
        at += 4 * step
        k += 8
    while k < count:
        total += x[at]
        at += step
        k += 1
    return total


@kernel
def fold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[n + p] = Σ sums[p], sums[p + FOLDED], …, for sums (n + FOLDED,): part p of the partial sums in front."""
    sums, count = room(row, memory), row[ROW_ROOM_COUNT]
    own = ratio(count - part + FOLDED - 1, FOLDED)
    sums[count + part] = sum_of(shifted(sums, part), FOLDED, own, DTYPE(0.0))


@inline
def whole(row: Any, memory: Any) -> Any:
    """The sum of all partial sums, folded before if they are many."""
    sums, count = room(row, memory), row[ROW_ROOM_COUNT]
    first = 0 if count <= FEW else count
    return sum_of(shifted(sums, first), 1, count if count <= FEW else FOLDED, DTYPE(0.0))
