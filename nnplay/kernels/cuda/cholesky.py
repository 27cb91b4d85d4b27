"""Cholesky's factor of a symmetric matrix on a graphics card, column after column, and what it solves.

Threads share the lines of a column, and meet behind it. Beside the last line stands the right side, which is solved for
the factor on the way. A matrix that has none leaves a factor whose last corner is not above 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import shifted

_NAN: Final = DTYPE(math.nan)


@inline
def factor_column(W: Any, y: Any, H: Any, v: Any, damping: Any, M: int, k: int, part: int, parts: int) -> None:
    """Column k of L, and line k of Lᵀ, with L·Lᵀ = H + damping·1, and number k of y with L·y = v: every parts-th line.

    W and H (M, M), y and v (M,); of H the upper half is read.
    """
    own = shifted(W, k * M)
    left = H[k * M + k] + damping - chain(own, 1, own, 1, k, DTYPE(0.0))
    root = math.sqrt(left) if left > 0.0 else _NAN
    i = k + part
    while i <= M:
        if i == M:
            y[k] = (v[k] - chain(y, 1, own, 1, k, DTYPE(0.0))) / root
        elif i == k:
            W[k * M + k] = root
        else:
            value = (H[k * M + i] - chain(shifted(W, i * M), 1, own, 1, k, DTYPE(0.0))) / root
            W[i * M + k] = value
            W[k * M + i] = value
        i += parts


@inline
def is_solved(W: Any, M: int) -> bool:
    """Whether there is a factor in W (M, M)."""
    solved: bool = W[M * M - 1] > 0.0
    return solved


@inline
def factor_again(W: Any, y: Any, H: Any, v: Any, damping: Any, M: int, tries: int, smallest: Any) -> Any:
    """Raises damping until there is a factor, if there is none yet; returns damping. Of `tries` the first is over.

    After the last, y is 0, and so are the corners of W.
    """
    mean = DTYPE(0.0)
    for i in range(M):
        mean += H[i * M + i] / DTYPE(M)
    turn = 0
    while turn < tries and not is_solved(W, M):
        damping = max(damping * DTYPE(10.0), smallest * mean)
        turn += 1
        for k in range(M if turn < tries else 0):
            factor_column(W, y, H, v, damping, M, k, 0, 1)
    if not is_solved(W, M):
        for i in range(M):
            y[i] = 0.0
            W[i * M + i] = 0.0
    return damping


@inline
def solve_column(W: Any, z: Any, M: int, k: int, part: int, parts: int) -> None:
    """Takes number k of the answer, z[k] / L[k,k], times column k of Lᵀ from z (M,): every parts-th number below k."""
    corner = W[k * M + k]
    if corner > 0.0:
        answer = z[k] / corner
        i = part
        while i < k:
            z[i] = multiply_add(-W[k * M + i], answer, z[i])
            i += parts


@inline
def answer_of(W: Any, z: Any, M: int, k: int) -> Any:
    """Number k of the answer, behind the last column; 0 where there is no factor."""
    corner = W[k * M + k]
    return z[k] / corner if corner > 0.0 else DTYPE(0.0)


def column_work(operand: int) -> Callable[[Sequence[int], Sequence[int]], tuple[int, int]]:
    """Multiply-adds of a column of a matrix (M, M), on the average, and its lines."""

    def work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
        return sizes[operand] // 3, math.isqrt(sizes[operand])

    return work
