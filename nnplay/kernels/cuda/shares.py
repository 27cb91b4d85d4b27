"""Sums over vectors that several rows of a graphics card take in turn: each vector is cut into the same few shares.

Every thread that needs a sum adds up its shares itself, in order. How many there are follows from the vector's length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from nnplay.kernels.abi import ROW_ROOM_COUNT
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import ratio, shifted

#: Shares of a vector at the most, and numbers of one at the least.
_MOST: Final = 128
_FEWEST: Final = 32


def shares_of(count: int) -> int:
    """Into how many shares a vector of so many numbers is cut."""
    return max(1, min(_MOST, count // _FEWEST))


def sums(operand: int, kinds: int) -> Callable[[Sequence[int], Sequence[int]], int]:
    """Parts of a row that has room for so many sums over vectors that are as long as an operand."""

    def parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
        return kinds * shares_of(sizes[operand])

    return parts


@inline
def shares_in(row: Any, kinds: int) -> int:
    """How many shares a vector has, in a row with room for so many sums."""
    shares: int = ratio(row[ROW_ROOM_COUNT], kinds)
    return shares


@inline
def length_of(count: int, share: int, shares: int) -> int:
    """Numbers of a share: share, share + shares, …"""
    length: int = ratio(count - share + shares - 1, shares)
    return length


@inline
def dot(x: Any, y: Any, count: int, share: int, shares: int) -> Any:
    """A share of Σ x·y, for x and y (count,)."""
    return chain(shifted(x, share), shares, shifted(y, share), shares, length_of(count, share, shares), DTYPE(0.0))


@inline
def sizes_sum(x: Any, count: int, share: int, shares: int) -> Any:
    """A share of Σ |x|, for x (count,)."""
    total, at = DTYPE(0.0), share
    while at < count:
        total += abs(x[at])
        at += shares
    return total


@inline
def largest(x: Any, count: int, share: int, shares: int) -> Any:
    """The largest |x| of a share of x (count,)."""
    top, at = DTYPE(0.0), share
    while at < count:
        top = max(top, abs(x[at]))
        at += shares
    return top


@inline
def total(row: Any, memory: Any, kind: int, shares: int) -> Any:
    """The sum of that kind over all shares."""
    return sum_of(shifted(room(row, memory), kind * shares), 1, shares, DTYPE(0.0))


@inline
def top(row: Any, memory: Any, kind: int, shares: int) -> Any:
    """The largest number of that kind over all shares."""
    found, values = DTYPE(0.0), shifted(room(row, memory), kind * shares)
    for share in range(shares):
        found = max(found, values[share])
    return found
