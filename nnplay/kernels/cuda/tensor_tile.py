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
from nnplay.kernels.operands import shifted

if TYPE_CHECKING or COMPILING:
    from nnplay.kernels.cuda.tensor_cores import multiply_tile, tf32, tf32_bits
else:
    multiply_tile = tf32 = tf32_bits = None

#: Threads that share a tile, its rows and columns, and the columns and the k that one instruction multiplies.
WARP: Final = 32
ROWS: Final = 16
COLUMNS: Final = 32
BLOCK: Final = 8


@inline
def tiles(rows: int, columns: int) -> int:
    """How many tiles a matrix has."""
    count: int = quotient(rows + ROWS - 1, ROWS) * quotient(columns + COLUMNS - 1, COLUMNS)
    return count


@inline
def place_of(tile: int, lane: int, columns: int) -> Any:
    """(row, first column of the tile) of a thread: its second row is the eighth behind this one."""
    across = quotient(columns + COLUMNS - 1, COLUMNS)
    down = quotient(tile, across)
    return down * ROWS + (lane >> 2), (tile - down * across) * COLUMNS


@inline
def zeros() -> Any:
    """A thread's sums: for each block of eight columns, those of two neighbouring columns in both of its rows."""
    none = (DTYPE(0.0), DTYPE(0.0), DTYPE(0.0), DTYPE(0.0))
    return none, none, none, none


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
    sums: Any, a: Any, near: int, far: int, near_in: bool, far_in: bool, a_step: int, b: Any, b_row: int, b_column: int,
    first: int, columns: int, count: int, lane: int,
) -> Any:  # fmt: skip
    """`add_products` by all threads of a warp together: all of them have to be here."""
    k, column = lane & 3, first + (lane >> 2)
    low, high, line = shifted(a, near + k * a_step), shifted(a, far + k * a_step), shifted(b, k * b_row)
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
    sums: Any, a: Any, near: int, far: int, near_in: bool, far_in: bool, a_step: int, b: Any, b_row: int, b_column: int,
    first: int, columns: int, count: int, lane: int,
) -> Any:  # fmt: skip
    """`add_products` by one thread of a processor."""
    column = first + 2 * (lane & 3)
    for k in range(count):
        x = tf32(a[near + k * a_step]) if near_in else DTYPE(0.0)
        z = tf32(a[far + k * a_step]) if far_in else DTYPE(0.0)
        line = shifted(b, k * b_row)
        sums = (
            add_four(sums[0], x, z, line, column, columns, b_column),
            add_four(sums[1], x, z, line, column + BLOCK, columns, b_column),
            add_four(sums[2], x, z, line, column + 2 * BLOCK, columns, b_column),
            add_four(sums[3], x, z, line, column + 3 * BLOCK, columns, b_column),
        )
    return sums


#: A thread's sums, each with Σ A[row,k]·B[k,column] over `count` k added, of factors rounded to TF32. Its arguments:
#:
#:     a, near, far, a_step    number k of its two rows of A is a[near + k·a_step], and a[far + k·a_step]
#:     near_in, far_in         whether there are these rows; where there are not, the places have to be some of A's
#:     b, b_row, b_column      (k, column) of B is b[k·b_row + column·b_column]
#:     first, columns          the tile's first column, and how many B has
#:     lane                    number of the thread in its warp
add_products: Final = add_by_warp if ON_CARD else add_alone


@inline
def put_pair(line: Any, begin: Any, begins: bool, column: int, columns: int, u: Any, v: Any) -> None:
    """Two neighbouring numbers of a line, each with what it begins with."""
    if column < columns:
        line[column] = begin[column] + u if begins else u
    if column + 1 < columns:
        line[column + 1] = begin[column + 1] + v if begins else v


@inline
def put_tile(
    sums: Any, target: Any, row: int, rows: int, first: int, columns: int, lane: int, begin: Any, begin_row: int,
    begins: bool,
) -> None:  # fmt: skip
    """Writes a thread's sums to target (rows, columns), each with begin[row·begin_row + column] where it begins so."""
    column = first + 2 * (lane & 3)
    if row < rows:
        line, start = shifted(target, row * columns), shifted(begin, row * begin_row)
        put_pair(line, start, begins, column, columns, sums[0][0], sums[0][1])
        put_pair(line, start, begins, column + BLOCK, columns, sums[1][0], sums[1][1])
        put_pair(line, start, begins, column + 2 * BLOCK, columns, sums[2][0], sums[2][1])
        put_pair(line, start, begins, column + 3 * BLOCK, columns, sums[3][0], sums[3][1])
    if row + 8 < rows:
        line, start = shifted(target, (row + 8) * columns), shifted(begin, (row + 8) * begin_row)
        put_pair(line, start, begins, column, columns, sums[0][2], sums[0][3])
        put_pair(line, start, begins, column + BLOCK, columns, sums[1][2], sums[1][3])
        put_pair(line, start, begins, column + 2 * BLOCK, columns, sums[2][2], sums[2][3])
        put_pair(line, start, begins, column + 3 * BLOCK, columns, sums[3][2], sums[3][3])
