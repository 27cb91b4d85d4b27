"""A tile of a product of matrices in the registers of one thread of a graphics card: 4 rows and 4 columns, in float32.

For each k a thread reads 8 numbers for 16 multiply-adds; a thread that works out one number reads 2 for each. Each of
the 16 is a chain of multiply-adds in the order of k, so it is the same bit for bit as by a thread of its own, or by a
processor. Only where some rows are there (at edges of a convolution) do the others add 0·B: so a B that is not finite
makes a sum NaN that, by a thread of its own, would have left it out. Numbers that are neighbours in memory, and begin
at a multiple of four, are read four at once.

Tiles are numbered row by row in strips of 8, so a warp's 32 have 16 rows and 32 columns, or more rows where the matrix
is narrower: neighbouring threads read neighbouring columns, and a row that others read as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import COMPILING, DTYPE, inline
from nnplay.kernels.cuda.places import apart
from nnplay.kernels.cuda.places import put as store
from nnplay.kernels.cuda.tiles import Tile
from nnplay.kernels.operands import shifted

if TYPE_CHECKING or COMPILING:
    from nnplay.kernels.compile.intrinsics import address_of
    from nnplay.kernels.cuda.quads import quad
else:
    address_of = quad = None

#: Rows and columns of a tile, and tiles beside each other in a strip.
SIDE: Final = 4
STRIP: Final = 8
#: Bytes of a number, those of an address that are 0 where four begin, and whether four at once fit into registers.
BYTES: Final = np.dtype(DTYPE).itemsize
WHOLE: Final = 4 * BYTES - 1
AT_ONCE: Final = DTYPE is np.float32


@inline
def sides(count: int) -> int:
    """Tiles along an axis of so many numbers."""
    found: int = quotient(count + SIDE - 1, SIDE)
    return found


@inline
def tiles(rows: int, columns: int) -> int:
    """How many tiles a matrix has."""
    count: int = sides(rows) * sides(columns)
    return count


@inline
def place_of(tile: int, lane: int, rows: int, columns: int) -> Any:
    """(first row, first column) of a tile."""
    whole = sides(rows) * STRIP
    strip = quotient(tile, whole)
    rest, width = tile - strip * whole, min(STRIP, sides(columns) - strip * STRIP)
    down = quotient(rest, width)
    return down * SIDE, (strip * STRIP + rest - down * width) * SIDE


@inline
def each_row(find: Any, i: int, given: Any) -> Any:
    """`find(row, given)` of each row of the tile, where `i` is the first."""
    return find(i, given), find(i + 1, given), find(i + 2, given), find(i + 3, given)


@inline
def each(find: Any, rows: Any, given: Any) -> Any:
    """`find(row, given)` of what is known of each row."""
    return find(rows[0], given), find(rows[1], given), find(rows[2], given), find(rows[3], given)


@inline
def add_row(four: Any, x: Any, y: Any) -> Any:
    """A row's sums, and x·y more, for y of each column."""
    return (
        multiply_add(x, y[0], four[0]), multiply_add(x, y[1], four[1]), multiply_add(x, y[2], four[2]),
        multiply_add(x, y[3], four[3]),
    )  # fmt: skip


@inline
def add_one(sums: Any, x: Any, y: Any) -> Any:
    """A thread's sums, and a product more for each: x are of its rows, y of its columns."""
    return add_row(sums[0], x[0], y), add_row(sums[1], x[1], y), add_row(sums[2], x[2], y), add_row(sums[3], x[3], y)


@inline
def turned(x: Any) -> Any:
    """Four times four numbers, rows as columns."""
    return (
        (x[0][0], x[1][0], x[2][0], x[3][0]), (x[0][1], x[1][1], x[2][1], x[3][1]),
        (x[0][2], x[1][2], x[2][2], x[3][2]), (x[0][3], x[1][3], x[2][3], x[3][3]),
    )  # fmt: skip


@inline
def add_quads(sums: Any, a: Any, b: Any) -> Any:
    """The same of four k, for a of each row and b of each k."""
    x = turned(a)
    return add_one(add_one(add_one(add_one(sums, x[0], b[0]), x[1], b[1]), x[2], b[2]), x[3], b[3])


@inline
def number(a: Any, place: int, some: bool) -> Any:
    """A number, or 0 where only some are there and this one is not."""
    return a[place] if not some or place >= 0 else DTYPE(0.0)


@inline
def four(a: Any, place: int, some: bool) -> Any:
    """The same of four neighbours."""
    none = (DTYPE(0.0), DTYPE(0.0), DTYPE(0.0), DTYPE(0.0))
    return quad(shifted(a, place)) if not some or place >= 0 else none


@inline
def rows_along(a: Any, places: Any, step: int, some: bool) -> Any:
    """Four k of each row, which are neighbours."""
    return four(a, places[0], some), four(a, places[1], some), four(a, places[2], some), four(a, places[3], some)


@inline
def rows_across(a: Any, places: Any, step: int, some: bool) -> Any:
    """The same where the rows are neighbours."""
    first = shifted(a, places[0])
    return turned(
        (quad(first), quad(shifted(first, step)), quad(shifted(first, 2 * step)), quad(shifted(first, 3 * step)))
    )


@inline
def numbers(a: Any, places: Any, some: bool) -> Any:
    """A k of each row."""
    return (
        number(a, places[0], some), number(a, places[1], some), number(a, places[2], some), number(a, places[3], some),
    )  # fmt: skip


@inline
def rows_apart(a: Any, places: Any, step: int, some: bool) -> Any:
    """Four k of each row where nothing is a neighbour."""
    return turned(
        (
            numbers(a, places, some), numbers(shifted(a, step), places, some),
            numbers(shifted(a, 2 * step), places, some), numbers(shifted(a, 3 * step), places, some),
        )
    )  # fmt: skip


@inline
def columns_across(b: Any, row: int, column: int) -> Any:
    """Four columns of each k, which are neighbours."""
    return quad(b), quad(shifted(b, row)), quad(shifted(b, 2 * row)), quad(shifted(b, 3 * row))


@inline
def columns_along(b: Any, row: int, column: int) -> Any:
    """The same where the k are neighbours."""
    return turned((quad(b), quad(shifted(b, column)), quad(shifted(b, 2 * column)), quad(shifted(b, 3 * column))))


@inline
def add_each(
    sums: Any, a: Any, places: Any, a_step: int, b: Any, b_row: int, b_column: int, count: int, some: bool
) -> Any:  # fmt: skip
    """`add_products` one k after the other."""
    for _ in range(count):
        sums = add_one(sums, numbers(a, places, some), apart(b, b_column))
        a, b = shifted(a, a_step), shifted(b, b_row)
    return sums


@inline
def add_pairs(
    sums: Any, a: Any, places: Any, a_step: int, b: Any, b_row: int, b_column: int, count: int, some: bool
) -> Any:  # fmt: skip
    """The same where two k are read at once."""
    k = 0
    while k + 2 <= count:
        x, z = numbers(a, places, some), numbers(shifted(a, a_step), places, some)
        y, v = apart(b, b_column), apart(shifted(b, b_row), b_column)
        sums = add_one(add_one(sums, x, y), z, v)
        a, b = shifted(a, 2 * a_step), shifted(b, 2 * b_row)
        k += 2
    return add_each(sums, a, places, a_step, b, b_row, b_column, count - k, some)


@inline
def add_fours(
    sums: Any, a: Any, places: Any, a_step: int, b: Any, b_row: int, b_column: int, count: int, some: bool, rows: Any,
    columns: Any,
) -> Any:  # fmt: skip
    """The same where `rows` and `columns` read four k at once."""
    k = 0
    while k + 4 <= count:
        sums = add_quads(sums, rows(a, places, a_step, some), columns(b, b_row, b_column))
        a, b = shifted(a, 4 * a_step), shifted(b, 4 * b_row)
        k += 4
    return add_each(sums, a, places, a_step, b, b_row, b_column, count - k, some)


@inline
def add_products(
    sums: Any, a: Any, places: Any, a_step: int, b: Any, b_row: int, b_column: int, first: int, columns: int,
    count: int, lane: int, some: bool,
) -> Any:  # fmt: skip
    """As `Tile` says. At the end of a line, a tile's columns reach back to where there are four."""
    if some and max(max(places[0], places[1]), max(places[2], places[3])) < 0:
        return sums
    b = shifted(b, min(first, columns - SIDE) * b_column)
    any_place = max(places[0], 0) | max(places[1], 0) | max(places[2], 0) | max(places[3], 0)
    by_k = a_step == 1 and (address_of(a) | any_place * BYTES) & WHOLE == 0
    beside = places[1] == places[0] + 1 and places[2] == places[0] + 2 and places[3] == places[0] + 3
    by_row = not some and beside and (address_of(a) + places[0] * BYTES | a_step * BYTES) & WHOLE == 0
    by_column = b_column == 1 and (address_of(b) | b_row * BYTES) & WHOLE == 0
    if AT_ONCE and by_column and by_k:
        return add_fours(
            sums, a, places, a_step, b, b_row, b_column, count, some, rows_along, columns_across
        )  # fmt: skip
    if AT_ONCE and by_column and by_row:
        return add_fours(
            sums, a, places, a_step, b, b_row, b_column, count, some, rows_across, columns_across
        )  # fmt: skip
    if AT_ONCE and by_column:
        return add_fours(
            sums, a, places, a_step, b, b_row, b_column, count, some, rows_apart, columns_across
        )  # fmt: skip
    if AT_ONCE and by_k and b_row == 1 and (address_of(b) | b_column * BYTES) & WHOLE == 0:
        return add_fours(sums, a, places, a_step, b, b_row, b_column, count, some, rows_along, columns_along)
    return add_pairs(sums, a, places, a_step, b, b_row, b_column, count, some)


@inline
def start_row(begin: Any, place: int, by_place: int, begins: bool, column: int, first: int) -> Any:
    """What the numbers of a line begin with that are this tile's: others may be written by now."""
    line, own = shifted(begin, place * by_place + column), begins and place >= 0
    return (
        line[0] if own and column >= first else DTYPE(0.0), line[1] if own and column + 1 >= first else DTYPE(0.0),
        line[2] if own and column + 2 >= first else DTYPE(0.0), line[3] if own else DTYPE(0.0),
    )  # fmt: skip


@inline
def start(begin: Any, places: Any, by_place: int, begins: bool, first: int, columns: int, lane: int) -> Any:
    """As `Tile` says: the sums of each row."""
    column = min(first, columns - SIDE)
    return (
        start_row(begin, places[0], by_place, begins, column, first),
        start_row(begin, places[1], by_place, begins, column, first),
        start_row(begin, places[2], by_place, begins, column, first),
        start_row(begin, places[3], by_place, begins, column, first),
    )


@inline
def put_row(target: Any, place: int, column: int, first: int, sums: Any, add: bool) -> None:
    """The numbers of a line that are this tile's, where there is one."""
    if place >= 0:
        line = shifted(target, place + column)
        if column >= first:
            store(line, 0, sums[0], add)
        if column + 1 >= first:
            store(line, 1, sums[1], add)
        if column + 2 >= first:
            store(line, 2, sums[2], add)
        store(line, 3, sums[3], add)


@inline
def put(sums: Any, target: Any, places: Any, first: int, columns: int, lane: int, add: bool) -> None:
    """As `Tile` says."""
    column = min(first, columns - SIDE)
    put_row(target, places[0], column, first, sums[0], add)
    put_row(target, places[1], column, first, sums[1], add)
    put_row(target, places[2], column, first, sums[2], add)
    put_row(target, places[3], column, first, sums[3], add)


TILE: Final = Tile("register", 1, 32, tiles, place_of, start, each_row, each, add_products, put)
