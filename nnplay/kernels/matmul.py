"""Matrix products on strided operands: the one inner loop of linear layers, convolutions and recurrent cells."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.jit import inline


@inline
def product(
    a: Any,
    a_row: int,
    a_column: int,
    b: Any,
    b_row: int,
    c: Any,
    c_row: int,
    rows: int,
    columns: int,
    inner: int,
    add: bool,
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
