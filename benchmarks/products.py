"""The three products of a linear layer as kernels of their own, for `kernels.py`."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.matmul import product, product_transposed
from nnplay.kernels.operands import adds, dimension, pointer


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (n, o) = x (n, i) · w (i, o)."""
    x, w, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    n, i, o = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1)
    product(x, i, 1, w, o, y, o, n, o, i, adds(row, 2))


@kernel
def weight_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dw (i, o) = xᵀ · dy for x (n, i), dy (n, o)."""
    x, dy, dw = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    n, i, o = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1)
    product(x, 1, i, dy, o, dw, o, i, o, n, adds(row, 2))


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx (n, i) = dy (n, o) · wᵀ for w (i, o)."""
    dy, w, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    n, o, i = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 0)
    product_transposed(dy, o, 1, w, o, dx, i, n, i, o, adds(row, 2))
