"""Matrix products on strided operands: the one inner loop of linear layers, convolutions and recurrent cells."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.jit import inline


@inline
def product(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int, rows: int, columns: int, inner: int, add: bool
) -> None:
    """C = A·B, or C += A·B when `add`.

    Args:
        a: pointer to A (rows, inner); element (i, k) is `a[i * a_row + k * a_column]`.
        b: pointer to B (inner, columns); element (k, j) is `b[k * b_row + j]`.
        c: pointer to C (rows, columns); element (i, j) is `c[i * c_row + j]`.
    """
    for i in range(rows):
        if not add:
            for j in range(columns):
                c[i * c_row + j] = 0.0
        for k in range(inner):
            factor = a[i * a_row + k * a_column]
            for j in range(columns):
                c[i * c_row + j] += factor * b[k * b_row + j]


@inline
def product_bias(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int, bias: Any, rows: int, columns: int, inner: int
) -> None:
    """C = A·B + bias, where bias (columns,) is added to each row; the other arguments are those of `product`."""
    for i in range(rows):
        for j in range(columns):
            c[i * c_row + j] = bias[j]
    product(a, a_row, a_column, b, b_row, c, c_row, rows, columns, inner, True)


@inline
def product_transposed(
    a: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int, rows: int, columns: int, inner: int, add: bool
) -> None:
    """C = A·Bᵀ, or C += A·Bᵀ when `add`; element (j, k) of B (columns, inner) is `b[j * b_row + k]`."""
    for i in range(rows):
        for j in range(columns):
            summed = c[i * c_row + j] if add else a[0] - a[0]
            for k in range(inner):
                summed += a[i * a_row + k * a_column] * b[j * b_row + k]
            c[i * c_row + j] = summed
