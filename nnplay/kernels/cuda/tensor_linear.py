"""A linear map of the last axis and its gradients by the tensor cores of a graphics card, in TF32.

A product of few tiles is cut into shares of the inner sum, which a second row adds up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.tensor_tile import COLUMNS, ROWS, WARP, add_products, place_of, put_tile, tiles, within, zeros
from nnplay.kernels.operands import adds, pointer, ratio, rows_of, shifted, size

#: Warps that a card works on at once, and terms that a share of a sum has at the least.
_WARPS: Final = 1 << 11
_TERMS: Final = 64


def shares_of(rows: int, columns: int, inner: int) -> int:
    """Into how many shares the inner sum is cut so that a card has enough to do, for a result (rows, columns)."""
    count = -(-rows // ROWS) * -(-columns // COLUMNS)
    return max(1, min(inner // _TERMS, _WARPS // max(1, count)))


def forward_sums(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Partial sums of y (N, O), from the sizes of x (N, I), w (I, O), perhaps b (O), and y."""
    rows = math.isqrt(sizes[0] * sizes[-1] // sizes[1])  # (N·I · N·O / I·O)^½
    return _sums(rows, sizes[-1] // rows, sizes[0] // rows) if rows else 0


def weight_sums(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """The same of dw (I, O), from the sizes of x (N, I), dy (N, O) and dw."""
    rows = math.isqrt(sizes[0] * sizes[2] // sizes[1]) if sizes[1] else 0
    return _sums(rows, sizes[2] // rows, sizes[0] // rows) if rows else 0


def input_sums(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """The same of dx (N, I), from the sizes of dy (N, O), w (I, O) and dx."""
    rows = math.isqrt(sizes[0] * sizes[2] // sizes[1])
    return _sums(rows, sizes[2] // rows, sizes[0] // rows) if rows else 0


def _sums(rows: int, columns: int, inner: int) -> int:
    return rows * columns * shares_of(rows, columns, inner)


@inline
def multiply(
    row: Any, memory: Any, part: int, a: Any, a_row: int, a_column: int, b: Any, b_row: int, b_column: int, c: Any,
    rows: int, columns: int, inner: int, begin: Any, begin_row: int, begins: bool,
) -> None:  # fmt: skip
    """A part's numbers of C (rows, columns) = A·B, and where it begins so, + begin[i·begin_row + j].

    Where the row has room, shares of A·B go there. (i, k) of A is a[i·a_row + k·a_column], (k, j) of B
    b[k·b_row + j·b_column]. 32 neighbouring parts are a warp, which takes a tile at a time.
    """
    outputs, count = rows * columns, tiles(rows, columns)
    cut = row[ROW_ROOM_COUNT] > 0
    shares = ratio(row[ROW_ROOM_COUNT], outputs) if cut else 1
    at = part
    while at < count * shares * WARP:
        warp = quotient(at, WARP)
        s = quotient(warp, count)
        k, end = quotient(inner * s, shares), quotient(inner * (s + 1), shares)
        lane = at - warp * WARP
        i, first = place_of(warp - s * count, lane, columns)
        near, far = within(i, rows) * a_row, within(i + 8, rows) * a_row
        sums = add_products(
            zeros(), shifted(a, k * a_column), near, far, True, True, a_column, shifted(b, k * b_row), b_row,
            b_column, first, columns, end - k, lane,
        )  # fmt: skip
        target = shifted(room(row, memory), s * outputs) if cut else c
        put_tile(sums, target, i, rows, first, columns, lane, begin, begin_row, begins and not cut)
        at += row[ROW_PARTS]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w + b in TF32, or shares of x·w, for x (N, I), w (I, O), b (O)."""
    N, I = rows_of(row, memory, 0).shape
    O = rows_of(row, memory, 1).shape[1]
    X, W, B, Y = (pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3))
    multiply(row, memory, part, X, I, 1, W, O, 1, Y, N, O, I, B, 0, True)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w in TF32, or shares of it, for x (N, I), w (I, O)."""
    N, I = rows_of(row, memory, 0).shape
    O = rows_of(row, memory, 1).shape[1]
    X, W, Y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(row, memory, part, X, I, 1, W, O, 1, Y, N, O, I, Y, 0, False)


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dw (I, O) = xᵀ·dy in TF32, or shares of it, for x (N, I), dy (N, O)."""
    N, I = rows_of(row, memory, 0).shape
    O = rows_of(row, memory, 1).shape[1]
    X, dY, dW = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(row, memory, part, X, 1, I, dY, O, 1, dW, I, O, N, dW, O, adds(row, 2))


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dx (N, I) = dy·wᵀ in TF32, or shares of it, for dy (N, O), w (I, O)."""
    N, O = rows_of(row, memory, 0).shape
    I = rows_of(row, memory, 1).shape[0]
    dY, W, dX = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(row, memory, part, dY, O, 1, W, 1, O, dX, N, I, O, dX, I, adds(row, 2))


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
