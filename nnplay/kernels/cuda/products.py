"""Products of matrices on a graphics card, and sums over rows: each number of the result by one thread, in order.

A number is one chain of multiply-adds in the order of k, as in `nnplay.kernels.tile`, so it is the same bit for bit.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.cuda.partial import sum_of
from nnplay.kernels.operands import shifted


@inline
def chain(a: Any, a_step: int, b: Any, b_step: int, count: int, total: Any) -> Any:
    """total + Σ a[k·a_step]·b[k·b_step], one multiply-add after the other; eight pairs are read at once."""
    k = 0
    left = right = 0
    while k + 8 <= count:
        a0, a1, a2, a3 = a[left], a[left + a_step], a[left + 2 * a_step], a[left + 3 * a_step]
        b0, b1, b2, b3 = b[right], b[right + b_step], b[right + 2 * b_step], b[right + 3 * b_step]
        left += 4 * a_step
        right += 4 * b_step
        a4, a5, a6, a7 = a[left], a[left + a_step], a[left + 2 * a_step], a[left + 3 * a_step]
        b4, b5, b6, b7 = b[right], b[right + b_step], b[right + 2 * b_step], b[right + 3 * b_step]
        total = multiply_add(a1, b1, multiply_add(a0, b0, total))
        total = multiply_add(a3, b3, multiply_add(a2, b2, total))
        total = multiply_add(a5, b5, multiply_add(a4, b4, total))
        total = multiply_add(a7, b7, multiply_add(a6, b6, total))
        left += 4 * a_step
        right += 4 * b_step
        k += 8
    if k + 4 <= count:
        a0, a1, a2, a3 = a[left], a[left + a_step], a[left + 2 * a_step], a[left + 3 * a_step]
        b0, b1, b2, b3 = b[right], b[right + b_step], b[right + 2 * b_step], b[right + 3 * b_step]
        total = multiply_add(a1, b1, multiply_add(a0, b0, total))
        total = multiply_add(a3, b3, multiply_add(a2, b2, total))
        left += 4 * a_step
        right += 4 * b_step
        k += 4
    while k < count:
        total = multiply_add(a[left], b[right], total)
        left += a_step
        right += b_step
        k += 1
    return total


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
        begin = 0.0
        if add:
            begin += c[at]
        c[at] = chain(shifted(a, i * a_row), a_column, shifted(b, j * b_column), b_row, inner, begin)
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
        c[at] = chain(shifted(a, i * inner), 1, shifted(b, j), columns, inner, bias[j])
        at += parts


@inline
def column_sums(x: Any, rows: int, columns: int, target: Any, add: bool, part: int, parts: int) -> None:
    """Every parts-th number of target (columns,) = Σ over the rows of x (rows, columns), or target + that."""
    j = part
    while j < columns:
        begin = 0.0
        if add:
            begin += target[j]
        target[j] = sum_of(shifted(x, j), columns, rows, begin)
        j += parts
