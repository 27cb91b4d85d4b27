"""Cholesky's factor of a symmetric matrix on a graphics card, column after column, and what it solves.

Threads share the lines of a column, and meet behind it. Beside the last line stands the right side, which is solved for
the factor on the way. A matrix that has none leaves a factor whose last corner is not above 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from nnplay.kernels.abi import ROW_INTEGERS, ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.cuda.recurrence import TURN
from nnplay.kernels.operands import pointer, shifted, size

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


@inline
def clear(x: Any, count: int, part: int, parts: int) -> None:
    """x (count,) = 0: every parts-th number."""
    at = part
    while at < count:
        x[at] = 0.0
        at += parts


def column_work(operand: int) -> Callable[[Sequence[int], Sequence[int]], tuple[int, int]]:
    """Multiply-adds of a column of a matrix (M, M), on the average, and its lines."""

    def work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
        return sizes[operand] // 3, math.isqrt(sizes[operand])

    return work


class Operands(NamedTuple):
    """Which operands of a row that solves a system are the matrix, its right side, and so on.

    Attributes:
        matrix, right, factor, answer: H (M, M), v (M,), W (M, M) and z (M,).
        search: numbers of a search, of which one is the damping.
        move: that the answer leads to, (P,).
    """

    matrix: int
    right: int
    search: int
    move: int
    factor: int
    answer: int


class SystemKernels(NamedTuple):
    """The kernels of the rows that solve a system, in order: `column` and `back` are run for each column."""

    column: Kernel
    again: Kernel
    back: Kernel
    finish: Kernel


def system_kernels(module: str, at: Operands, damping: int, tries: int, smallest: float) -> SystemKernels:
    """Those of rows with these operands, declared by a module.

    Args:
        damping: its place among the numbers of the search.
        tries, smallest: how often damping is raised, and what damping of 0 becomes, as a share of the mean corner.
    """
    matrix, right, search, move, factor, answer = at

    def factor_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
        """A column of the factor of H + μ1 (M, M), which stands in `TURN`, and as far as that solves for v (M,)."""
        W, z, H = pointer(row, memory, factor), pointer(row, memory, answer), pointer(row, memory, matrix)
        v, s, k = pointer(row, memory, right), pointer(row, memory, search), row[ROW_INTEGERS + TURN]
        factor_column(W, z, H, v, s[damping], size(row, right), k, part, row[ROW_PARTS])

    def factor_again_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
        """The same of all columns (M, M) with more damping, until there is a factor; nothing where there is one."""
        W, z, H = pointer(row, memory, factor), pointer(row, memory, answer), pointer(row, memory, matrix)
        v, s = pointer(row, memory, right), pointer(row, memory, search)
        s[damping] = factor_again(W, z, H, v, s[damping], size(row, right), tries, DTYPE(smallest))

    def solve_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
        """A column of the answer z (M,), from the last to the first."""
        W, z, M = pointer(row, memory, factor), pointer(row, memory, answer), size(row, right)
        solve_column(W, z, M, M - 1 - row[ROW_INTEGERS + TURN], part, row[ROW_PARTS])

    def answer_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
        """z (M,) as it is in the end, and move (P,) = 0: every parts-th number."""
        W, z, M = pointer(row, memory, factor), pointer(row, memory, answer), size(row, right)
        clear(pointer(row, memory, move), size(row, move), part, row[ROW_PARTS])
        i = part
        while i < M:
            z[i] = answer_of(W, z, M, i)
            i += row[ROW_PARTS]

    functions = (factor_cuda, factor_again_cuda, solve_cuda, answer_cuda)
    return SystemKernels(*(Kernel(f"{module}:{function.__name__}", function) for function in functions))
