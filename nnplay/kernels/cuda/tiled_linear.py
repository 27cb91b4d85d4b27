"""A linear map of the last axis and its gradients on a graphics card in tiles, in float32 or by tensor cores in TF32.

A product of few tiles is cut into shares of the inner sum, which a second row adds up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline, kernel
from nnplay.kernels.cuda import register_tile, tensor_tile
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.tiles import Tile, first_item, line_at, line_near, share_begin, shares_of
from nnplay.kernels.operands import adds, pointer, ratio, rows_of, shifted, size

Sums = Callable[[Sequence[int], Sequence[int]], int]


class LinearKernels(NamedTuple):
    """The rows of a linear map, made for one kind of tile."""

    forward: Kernel
    forward_without_bias: Kernel
    backward_weight: Kernel
    backward_input: Kernel


def forward_sums(tile: Tile) -> Sums:
    """Partial sums of y (N, O), from the sizes of x (N, I), w (I, O), perhaps b (O), and y."""
    return lambda sizes, _: _sums(tile, sizes[0], sizes[1], sizes[-1])


def weight_sums(tile: Tile) -> Sums:
    """The same of dw (I, O), from the sizes of x (N, I), dy (N, O) and dw."""
    return lambda sizes, _: _sums(tile, *sizes)


#: The same of dx (N, I), from the sizes of dy (N, O), w (I, O) and dx.
input_sums: Final = weight_sums


def _sums(tile: Tile, left: int, right: int, outputs: int) -> int:
    """Of a product (rows, inner) · (inner, columns), or of one whose factors are transposed, from its sizes."""
    rows = math.isqrt(left * outputs // right) if right else 0  # (rows·inner · rows·columns / inner·columns)^½
    return outputs * shares_of(tile, rows, outputs // rows, left // rows) if rows else 0


def multiplication(tile: Tile) -> Any:
    """A function that multiplies two matrices in tiles of a kind."""
    threads, tiles, place_of, start, each_row = tile.threads, tile.tiles, tile.place_of, tile.start, tile.each_row
    add_products, put = tile.add_products, tile.put

    @inline
    def multiply(
        row: Any, memory: Any, part: int, a: Any, a_row: int, a_column: int, b: Any, b_row: int, b_column: int, c: Any,
        rows: int, columns: int, inner: int, begin: Any, by_place: int, begins: bool,
    ) -> None:  # fmt: skip
        """A part's numbers of C (rows, columns) = A·B, and where it begins so, + begin[i·columns·by_place + j].

        Where the row has room, shares of A·B go there. (i, k) of A is a[i·a_row + k·a_column], (k, j) of B
        b[k·b_row + j·b_column].
        """
        outputs, count = rows * columns, tiles(rows, columns) * threads
        cut = row[ROW_ROOM_COUNT] > 0
        shares = ratio(row[ROW_ROOM_COUNT], outputs) if cut else 1
        at = first_item(part, row[ROW_PARTS], count * shares)
        while at < count * shares:
            s = quotient(at, count)
            own = quotient(at - s * count, threads)
            lane = at - s * count - own * threads
            k, end = share_begin(inner, s, shares), share_begin(inner, s + 1, shares)
            i, first = place_of(own, lane, rows, columns)
            lines = each_row(line_at, i, (rows, columns))
            sums = add_products(
                start(begin, lines, by_place, begins and not cut, first, columns, lane), shifted(a, k * a_column),
                each_row(line_near, i, (rows, a_row)), a_column, shifted(b, k * b_row), b_row, b_column, first, columns,
                end - k, lane, False,
            )  # fmt: skip
            put(sums, shifted(room(row, memory), s * outputs) if cut else c, lines, first, columns, lane, False)
            at += row[ROW_PARTS]

    return multiply


def linear_kernels(tile: Tile) -> LinearKernels:
    """The rows of a linear map for a kind of tile."""
    multiply = multiplication(tile)

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y (N, O) = x·w + b, or shares of x·w, for x (N, I), w (I, O), b (O)."""
        N, I = rows_of(row, memory, 0).shape
        O = rows_of(row, memory, 1).shape[1]
        X, W = pointer(row, memory, 0), pointer(row, memory, 1)
        multiply(
            row, memory, part, X, I, 1, W, O, 1, pointer(row, memory, 3), N, O, I, pointer(row, memory, 2), 0, True
        )  # fmt: skip

    def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y (N, O) = x·w, or shares of it, for x (N, I), w (I, O)."""
        N, I = rows_of(row, memory, 0).shape
        O = rows_of(row, memory, 1).shape[1]
        X, W, Y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        multiply(row, memory, part, X, I, 1, W, O, 1, Y, N, O, I, Y, 0, False)

    def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y = x·w + b, so dw (I, O) = xᵀ·dy, or shares of it, for x (N, I), dy (N, O)."""
        N, I = rows_of(row, memory, 0).shape
        O = rows_of(row, memory, 1).shape[1]
        X, dY, dW = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        multiply(row, memory, part, X, 1, I, dY, O, 1, dW, I, O, N, dW, 1, adds(row, 2))

    def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y = x·w + b, so dx (N, I) = dy·wᵀ, or shares of it, for dy (N, O), w (I, O)."""
        N, O = rows_of(row, memory, 0).shape
        I = rows_of(row, memory, 1).shape[0]
        dY, W, dX = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        multiply(row, memory, part, dY, O, 1, W, 1, O, dX, N, I, O, dX, 1, adds(row, 2))

    functions = (forward, forward_without_bias, backward_weight, backward_input)
    return LinearKernels(*(Kernel(f"{__name__}:{tile.name}_{each.__name__}", each) for each in functions))


REGISTER: Final = linear_kernels(register_tile.TILE)
TENSOR: Final = linear_kernels(tensor_tile.TILE)


@kernel
def add_shares(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (rows, columns) = Σₛ sums[s], or y + that, for sums (shares, rows, columns): every parts-th number of y."""
    y, outputs = pointer(row, memory, 2), size(row, 2)
    shares = ratio(row[ROW_ROOM_COUNT], outputs)
    at = part
    while at < outputs:
        begin = y[at] if adds(row, 2) else DTYPE(0.0)
        y[at] = sum_of(shifted(room(row, memory), at), outputs, shares, begin)
        at += row[ROW_PARTS]


@kernel
def add_shares_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = b + Σₛ sums[s], for sums (shares, N, O), b (O): every parts-th number of y."""
    outputs, O = size(row, 3), size(row, 2)
    shares, bias, y = ratio(row[ROW_ROOM_COUNT], outputs), pointer(row, memory, 2), pointer(row, memory, 3)
    at = part
    while at < outputs:
        y[at] = sum_of(shifted(room(row, memory), at), outputs, shares, bias[at - ratio(at, O) * O])
        at += row[ROW_PARTS]
