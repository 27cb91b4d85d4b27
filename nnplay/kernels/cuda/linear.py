"""A linear map of the last axis and its gradients on a graphics card; large products are cut into shares first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.products import (
    LANES,
    column_sums,
    interleaved,
    multiply,
    multiply_bias,
    multiply_interleaved,
    multiply_shares,
    split,
)
from nnplay.kernels.operands import adds, pointer, ratio, rows_of, shifted, size


def forward_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Shares of all sums behind y (N, O), from the sizes of x (N, I), w (I, O), b (O) and y; 0: they are not cut."""
    inner = sizes[1] // sizes[2]
    shares = split(sizes[3], inner)
    return sizes[3] * shares if shares > 1 else 0


@kernel
def forward_shares(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,n,o] = share s of x·w, for x (N, I), w (I, O)."""
    I = rows_of(row, memory, 0).shape[1]
    O = rows_of(row, memory, 1).shape[1]
    X, W, sums = pointer(row, memory, 0), pointer(row, memory, 1), room(row, memory)
    multiply_shares(X, I, W, O, 1, O, size(row, 3), I, sums, part, row[ROW_PARTS])


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w + b, for x (N, I), w (I, O), b (O): every parts-th number of y."""
    if row[ROW_ROOM_COUNT] > 0:
        outputs, O = size(row, 3), size(row, 2)
        shares, bias, y = ratio(row[ROW_ROOM_COUNT], outputs), pointer(row, memory, 2), pointer(row, memory, 3)
        at = part
        while at < outputs:
            y[at] = sum_of(shifted(room(row, memory), at), outputs, shares, bias[at - ratio(at, O) * O])
            at += row[ROW_PARTS]
        return
    N, I = rows_of(row, memory, 0).shape
    O = rows_of(row, memory, 1).shape[1]
    X, W, B, Y = (pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3))
    multiply_bias(X, W, B, Y, N, O, I, part, row[ROW_PARTS])


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w, for x (N, I), w (I, O): every parts-th number of y."""
    N, I = rows_of(row, memory, 0).shape
    O = rows_of(row, memory, 1).shape[1]
    X, W, Y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(X, I, 1, W, O, 1, Y, N, O, I, False, part, row[ROW_PARTS])


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dw (I, O) = xᵀ·dy, for x (N, I), dy (N, O): every parts-th number of dw."""
    N, I = rows_of(row, memory, 0).shape
    O = rows_of(row, memory, 1).shape[1]
    X, dY, dW = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(X, 1, I, dY, O, 1, dW, I, O, N, adds(row, 2), part, row[ROW_PARTS])


@kernel
def backward_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so db (O) = Σₙ dy[n], for dy (N, O): every parts-th number of db."""
    N, O = rows_of(row, memory, 0).shape
    column_sums(pointer(row, memory, 0), N, O, pointer(row, memory, 1), adds(row, 1), part, row[ROW_PARTS])


def backward_input_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Shares of all sums behind dx (N, I), from the sizes of dy (N, O), w (I, O) and dx; 0: they are not cut."""
    inner = round((sizes[0] * sizes[1] / sizes[2]) ** 0.5)  # (N·O · I·O / N·I)^½
    shares = interleaved(sizes[2], inner)
    return sizes[2] * shares if shares > 1 else 0


@kernel
def backward_input_shares(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[n,i,s] = share s of dy·wᵀ, for dy (N, O), w (I, O)."""
    O = rows_of(row, memory, 0).shape[1]
    I = rows_of(row, memory, 1).shape[0]
    dY, W, sums = pointer(row, memory, 0), pointer(row, memory, 1), room(row, memory)
    multiply_interleaved(dY, W, I, O, sums, part)


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dx (N, I) = dy·wᵀ, for dy (N, O), w (I, O): every parts-th number of dx."""
    if row[ROW_ROOM_COUNT] > 0:
        dx = pointer(row, memory, 2)
        at = part
        while at < size(row, 2):
            begin = dx[at] if adds(row, 2) else DTYPE(0.0)
            dx[at] = sum_of(shifted(room(row, memory), at * LANES), 1, LANES, begin)
            at += row[ROW_PARTS]
        return
    N, O = rows_of(row, memory, 0).shape
    I = rows_of(row, memory, 1).shape[0]
    dY, W, dX = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(dY, O, 1, W, 1, O, dX, N, I, O, adds(row, 2), part, row[ROW_PARTS])
