"""A linear map of the last axis and its gradients on a graphics card: each number of the result by one thread."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.cuda.products import column_sums, multiply, multiply_bias
from nnplay.kernels.operands import adds, pointer, rows_of


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w + b, for x (N, I), w (I, O), b (O): every parts-th number of y."""
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


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dx (N, I) = dy·wᵀ, for dy (N, O), w (I, O): every parts-th number of dx."""
    N, O = rows_of(row, memory, 0).shape
    I = rows_of(row, memory, 1).shape[0]
    dY, W, dX = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(dY, O, 1, W, 1, O, dX, N, I, O, adds(row, 2), part, row[ROW_PARTS])
