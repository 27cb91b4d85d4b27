"""A linear map of the last axis and its gradients on a graphics card: each number of the result by one thread."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.long_integers import number_at
from nnplay.kernels.cuda.products import column_sums, multiply, multiply_transposed
from nnplay.kernels.operands import adds, pointer, rows_of, size
from nnplay.kernels.span_sums import last

#: Integers of the row of weights and bias, whose bits are the number 1: in float32 and in float64, and which of them.
ONE: Final = (0x3F80_0000, 0x3FF0_0000_0000_0000)
ONE_AT: Final = 1 if DTYPE is np.float64 else 0


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w + b, for x (N, I), w (I, O), b (O): every parts-th number of y."""
    I, O = last(row, 0), last(row, 1)
    X, W, B, Y = (pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3))
    multiply(X, I, W, O, 1, B, 0, True, Y, size(row, 3), O, I, part, row[ROW_PARTS])


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w, for x (N, I), w (I, O): every parts-th number of y."""
    I, O = last(row, 0), last(row, 1)
    X, W, Y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(X, I, W, O, 1, Y, O, False, Y, size(row, 2), O, I, part, row[ROW_PARTS])


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dw (I, O) = xᵀ·dy, for x (N, I), dy (N, O): every parts-th number of dw."""
    N, I = rows_of(row, memory, 0).shape
    O = last(row, 2)
    X, dY, dW = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply_transposed(X, dY, dW, I, O, N, adds(row, 2), X, 0, dW, False, part, row[ROW_PARTS])


@kernel
def backward_both(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dw (I, O) = xᵀ·dy, db (O) = 1ᵀ·dy, for x (N, I), dy (N, O): every parts-th number of both."""
    N, I = rows_of(row, memory, 0).shape
    O = last(row, 3)
    X, dY, dW, dB = (pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3))
    multiply_transposed(
        X, dY, dW, I, O, N, adds(row, 2), number_at(row, ONE_AT), 1, dB, adds(row, 3), part, row[ROW_PARTS]
    )


@kernel
def backward_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so db (O) = Σₙ dy[n], for dy (N, O): every parts-th number of db."""
    N, O = rows_of(row, memory, 0).shape
    column_sums(pointer(row, memory, 0), N, O, pointer(row, memory, 1), adds(row, 1), part, row[ROW_PARTS])


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dx (N, I) = dy·wᵀ, for dy (N, O), w (I, O): every parts-th number of dx."""
    O, I = last(row, 0), last(row, 2)
    dY, W, dX = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    multiply(dY, O, W, 1, O, dX, I, adds(row, 2), dX, size(row, 2), I, O, part, row[ROW_PARTS])
