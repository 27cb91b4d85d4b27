"""A tile of a product of matrices by the tensor cores of a graphics card: 16 rows and 32 columns by one warp.

Each of a warp's 32 threads has 16 of the sums, and what it reads of the factors is multiplied with what others read. On
a processor, where threads run one after the other, each works out its sums alone, of the same numbers rounded to TF32.
It adds the products in the order of k; a tensor core adds those of eight k in an order of its own, which is the same in
every run. So a card's sums are a processor's but for how these additions round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import COMPILING, DTYPE, ON_CARD, inline
from nnplay.kernels.cuda.places import put as store
from nnplay.kernels.cuda.tiles import WARP, Tile
from nnplay.kernels.operands import shifted

if TYPE_CHECKING or COMPILING:
    from nnplay.kernels.cuda.tensor_cores import multiply_tile, tf32, tf32_bits
else:
    multiply_tile = tf32 = tf32_bits = None

#: Rows and columns of a tile, and the columns and the k that one instruction multiplies.
ROWS: Final = 16
COLUMNS: Final = 32
BLOCK: Final = 8


@inline
def tiles(rows: int, columns: int) -> int:
    """How many tiles a matrix has."""
    count: int = quotient(rows + ROWS - 1, ROWS) * quotient(columns + COLUMNS - 1, COLUMNS)
    return count


@inline
def place_of(tile: int, lane: int, rows: int, columns: int) -> Any:
    """(row, first column of the tile) of a thread: its second row is the eighth behind this one."""
    across = quotient(columns + COLUMNS - 1, COLUMNS)
    down = quotient(tile, across)
    return down * ROWS + (lane >> 2), (tile - down * across) * COLUMNS


@inline
def each_row(find: Any, i: int, given: Any) -> Any:
    """`find(row, given)` of the thread's two rows."""
    return find(i, given), find(i + 8, given)


@inline
def each(find: Any, rows: Any, given: Any) -> Any:
    """`find(row, given)` of what is known of each row."""
    return find(rows[0], given), find(rows[1], given)


@inline
def within(place: int, count: int) -> int:
    """The place, or the first one where there is none: what is made of that is not kept."""
    return place if place < count else 0


@inline
def left(a: Any, there: bool) -> Any:
    """The bits of a number of A, or of 0."""
    return tf32_bits(a[0] if there else DTYPE(0.0))


@inline
def right(b: Any, down: int, low_in: bool, high_in: bool) -> Any:
    """The bits of two numbers of B, of which the second is four k behind the first."""
    low, high = b[0], b[down]
    return tf32_bits(low if low_in else DTYPE(0.0)), tf32_bits(high if high_in else DTYPE(0.0))


@inline
def add_block(
    sums: Any, near: Any, far: Any, near_in: bool, far_in: bool, across: int, at: Any, down: int, low_in: bool,
    high_in: bool,
) -> Any:  # fmt: skip
    """The sums and eight products more for each; every thread of a warp has to come here.

    Args:
        near, far, at: pointers to the thread's first k in its two rows of A, and in its four columns of B.
        across, down: how far from there its second k is, in A and in B.
        near_in, far_in, low_in, high_in: whether there are these rows and these k; 0 stands for what there is not.
    """
    A = (
        left(near, near_in and low_in), left(far, far_in and low_in),
        left(shifted(near, across), near_in and high_in), left(shifted(far, across), far_in and high_in),
    )  # fmt: skip
    return (
        multiply_tile(sums[0], A, right(at[0], down, low_in, high_in)),
        multiply_tile(sums[1], A, right(at[1], down, low_in, high_in)),
        multiply_tile(sums[2], A, right(at[2], down, low_in, high_in)),
        multiply_tile(sums[3], A, right(at[3], down, low_in, high_in)),
    )


@inline
def moved(at: Any, count: int) -> Any:
    """Four pointers, each so many numbers further."""
    return shifted(at[0], count), shifted(at[1], count), shifted(at[2], count), shifted(at[3], count)


@inline
def add_by_warp(
    sums: Any, a: Any, places: Any, a_step: int, b: Any, b_row: int, b_column: int, first: int, columns: int,
    count: int, lane: int, some: bool,
) -> Any:  # fmt: skip
    """`add_products` by all threads of a warp together: all of them have to be here."""
    k, column = lane & 3, first + (lane >> 2)
    near_in, far_in = places[0] >= 0, places[1] >= 0
    low, high = shifted(a, max(places[0], 0) + k * a_step), shifted(a, max(places[1], 0) + k * a_step)
    line = shifted(b, k * b_row)
    at = (
        shifted(line, within(column, columns) * b_column), shifted(line, within(column + BLOCK, columns) * b_column),
        shifted(line, within(column + 2 * BLOCK, columns) * b_column),
        shifted(line, within(column + 3 * BLOCK, columns) * b_column),
    )  # fmt: skip
    across, down, done = 4 * a_step, 4 * b_row, 0
    while done + BLOCK <= count:
        sums = add_block(sums, low, high, near_in, far_in, across, at, down, True, True)
        low, high, at = shifted(low, 2 * across), shifted(high, 2 * across), moved(at, 2 * down)
        done += BLOCK
    if done < count:
        low_in, high_in = done + k < count, done + k + 4 < count
        back = 0 if low_in else -k  # to the first k of the block, which there is
        low, high, at = shifted(low, back * a_step), shifted(high, back * a_step), moved(at, back * b_row)
        across, down = across if high_in else 0, down if high_in else 0
        sums = add_block(sums, low, high, near_in, far_in, across, at, down, low_in, high_in)
    return sums


@inline
def add_four(four: Any, x: Any, z: Any, b: Any, column: int, columns: int, step: int) -> Any:
    """A thread's sums of one block of columns, and a product more for each: x and z are of its rows."""
    u, v = tf32(b[within(column, columns) * step]), tf32(b[within(column + 1, columns) * step])
    return (
        multiply_add(x, u, four[0]), multiply_add(x, v, four[1]),
        multiply_add(z, u, four[2]), multiply_add(z, v, four[3]),
    )  # fmt: skip


@inline
def add_alone(
    sums: Any, a: Any, places: Any, a_step: int, b: Any, b_row: int, b_column: int, first: int, columns: int,
    count: int, lane: int, some: bool,
) -> Any:  # fmt: skip
    """`add_products` by one thread of a processor."""
    column = first + 2 * (lane & 3)
    for k in range(count):
        x = tf32(a[places[0] + k * a_step]) if places[0] >= 0 else DTYPE(0.0)
        z = tf32(a[places[1] + k * a_step]) if places[1] >= 0 else DTYPE(0.0)
        line = shifted(b, k * b_row)
        sums = (
            add_four(sums[0], x, z, line, column, columns, b_column),
            add_four(sums[1], x, z, line, column + BLOCK, columns, b_column),
            add_four(sums[2], x, z, line, column + 2 * BLOCK, columns, b_column),
            add_four(sums[3], x, z, line, column + 3 * BLOCK, columns, b_column),
        )
    return sums


add_products: Final = add_by_warp if ON_CARD else add_alone


@inline
def start_block(near: Any, far: Any, near_in: bool, far_in: bool, column: int, columns: int) -> Any:
    """What a thread's sums of a block of columns begin with."""
    low, high = column < columns, column + 1 < columns
    return (
        near[column] if near_in and low else DTYPE(0.0), near[column + 1] if near_in and high else DTYPE(0.0),
        far[column] if far_in and low else DTYPE(0.0), far[column + 1] if far_in and high else DTYPE(0.0),
    )  # fmt: skip


@inline
def start(begin: Any, places: Any, by_place: int, begins: bool, first: int, columns: int, lane: int) -> Any:
    """As `Tile` says: for each block of eight columns, two neighbouring columns in both of the thread's rows."""
    column, near_in, far_in = first + 2 * (lane & 3), begins and places[0] >= 0, begins and places[1] >= 0
    near, far = shifted(begin, places[0] * by_place), shifted(begin, places[1] * by_place)
    return (
        start_block(near, far, near_in, far_in, column, columns),
        start_block(near, far, near_in, far_in, column + BLOCK, columns),
        start_block(near, far, near_in, far_in, column + 2 * BLOCK, columns),
        start_block(near, far, near_in, far_in, column + 3 * BLOCK, columns),
    )


@inline
def put_pair(line: Any, column: int, columns: int, u: Any, v: Any, add: bool) -> None:
    """Two neighbouring numbers of a line."""
    if column < columns:
        store(line, column, u, add)
    if column + 1 < columns:
        store(line, column + 1, v, add)


@inline
def put_row(target: Any, place: int, column: int, columns: int, sums: Any, odd: int, add: bool) -> None:
    """The sums of one of a thread's rows, numbers `odd` and `odd + 1` of each block, where there is such a row."""
    if place >= 0:
        line = shifted(target, place)
        put_pair(line, column, columns, sums[0][odd], sums[0][odd + 1], add)
        put_pair(line, column + BLOCK, columns, sums[1][odd], sums[1][odd + 1], add)
        put_pair(line, column + 2 * BLOCK, columns, sums[2][odd], sums[2][odd + 1], add)
        put_pair(line, column + 3 * BLOCK, columns, sums[3][odd], sums[3][odd + 1], add)


@inline
def put(sums: Any, target: Any, places: Any, first: int, columns: int, lane: int, add: bool) -> None:
    """As `Tile` says."""
    column = first + 2 * (lane & 3)
    put_row(target, places[0], column, columns, sums, 0, add)
    put_row(target, places[1], column, columns, sums, 2, add)


TILE: Final = Tile("tensor", WARP, 64, tiles, place_of, start, each_row, each, add_products, put)
