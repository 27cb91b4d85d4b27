"""Products of matrices on a graphics card, and sums over rows: each number of the result by one thread, in order.

A number is one chain of multiply-adds in the order of k, as in `nnplay.kernels.tile`, so it is the same bit for bit.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import inline


@inline
def multiply(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, b_column: int, c: Any, rows: int, columns: int, inner: int,
    add: bool, part: int, parts: int,
) -> None:  # fmt: skip
    """Every parts-th number of C (rows, columns) = A·B, or of C + A·B; (i, k) of A is a[i·a_row + k·a_column]."""
    at = part
    while at < rows * columns:
        i = quotient(at, columns)
        j = at - i * columns
        left, right = i * a_row, j * b_column
        total = 0.0
        if add:
            total += c[at]
        for _ in range(inner):
            total = multiply_add(a[left], b[right], total)
            left += a_column
            right += b_row
        c[at] = total
        at += parts


@inline
def multiply_bias(
    a: Any, b: Any, bias: Any, c: Any, rows: int, columns: int, inner: int, part: int, parts: int
) -> None:
    """Every parts-th number of C (rows, columns) = A·B + bias, for A (rows, inner), B (inner, columns)."""
    at = part
    while at < rows * columns:
        i = quotient(at, columns)
        j = at - i * columns
        left, right = i * inner, j
        total = bias[j]
        for _ in range(inner):
            total = multiply_add(a[left], b[right], total)
            left += 1
            right += columns
        c[at] = total
        at += parts


@inline
def column_sums(x: Any, rows: int, columns: int, target: Any, add: bool, part: int, parts: int) -> None:
    """Every parts-th number of target (columns,) = Σ over the rows of x (rows, columns), or target + that."""
    j = part
    while j < columns:
        total = 0.0
        if add:
            total += target[j]
        for i in range(rows):
            total += x[i * columns + j]
        target[j] = total
        j += parts
