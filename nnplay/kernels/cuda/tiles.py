"""What tiles of products of matrices have in common on a graphics card: who works on which, and into how many shares.

A tile is a few rows and columns of a result. There are two kinds: `register_tile` has one in the registers of a thread,
in float32, `tensor_tile` one in those of a warp, whose tensor cores multiply in TF32. Rows are made for either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import inline

#: Threads that work in step, numbers of a result that they have in all, and how many warps a card works on at once.
WARP: Final = 32
NUMBERS: Final = 512
WARPS: Final = 1 << 11
#: Of how many terms the first of a share is a multiple.
STEP: Final = 8


@dataclass(frozen=True, slots=True)
class Tile:
    """A kind of tile; all of these are functions that kernels call.

    Attributes:
        name: how the names of its kernels begin.
        threads: that share a tile.
        terms: that a share of a sum has at the least.
        tiles: `(rows, columns)`: how many there are.
        place_of: `(tile, lane, rows, columns)`: the first row of a thread, and the tile's first column.
        start: `(begin, places, by_place, begins, first, columns, lane)`: what the sums begin with: where it begins so,
            begin[place·by_place + column], for the places of its rows in the result; else 0.
        each_row: `(find, i, given)`: what `find(row, given)` says of each row of the thread, where i is the first.
        each: `(find, rows, given)`: the same of what it said before.
        add_products: `(sums, a, places, a_step, b, b_row, b_column, first, columns, count, lane, some)`: the sums, each
            with Σ A[row,k]·B[k,column] over `count` k added. Number k of a row of A is a[place + k·a_step]; 0 where
            only some rows are there, and its place is −1. (k, column) of B is b[k·b_row + column·b_column].
        put: `(sums, target, places, first, columns, lane, add)`: writes the sums of each row to target[place + column],
            or adds them to what is there, where its place is not −1.
    """

    name: str
    threads: int
    terms: int
    tiles: Any
    place_of: Any
    start: Any
    each_row: Any
    each: Any
    add_products: Any
    put: Any


def shares_of(tile: Tile, rows: int, columns: int, inner: int) -> int:
    """Into how many shares the inner sum is cut so that a card has enough to do, for a result (rows, columns)."""
    return max(1, min(inner // tile.terms, WARPS * NUMBERS // max(1, rows * columns)))


@inline
def share_begin(inner: int, share: int, shares: int) -> int:
    """The first term of a share; of the one behind the last, how many terms there are."""
    first: int = quotient(quotient(inner, STEP) * share, shares) * STEP
    return first if share < shares else inner


@inline
def first_item(part: int, parts: int, items: int) -> int:
    """Where a part begins among `items` pieces of work, one for each thread of a tile; its next one is `parts` behind.

    Where there are fewer than threads, so many of the warps have one that all processors of a card have some.
    """
    warps, wanted, warp = quotient(parts, WARP), quotient(items + WARP - 1, WARP), quotient(part, WARP)
    if wanted >= warps:
        return part
    own = quotient(warp * wanted + warps - 1, warps)
    mine = own < wanted and quotient(own * warps, wanted) == warp
    return own * WARP + part - warp * WARP if mine else items


@inline
def line_at(i: int, lines: Any) -> int:
    """Where line i begins, for (lines, numbers of a line); −1: there is none."""
    begin: int = i * lines[1] if i < lines[0] else -1
    return begin


@inline
def line_near(i: int, lines: Any) -> int:
    """The same, where the last line stands for those behind it: what is made of that is not kept."""
    begin: int = min(i, lines[0] - 1) * lines[1]
    return begin
