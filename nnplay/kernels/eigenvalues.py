"""Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations (1846)."""

from __future__ import annotations

import math
from typing import Any, Final

from nnplay.kernels.compile.jit import inline

#: Rounds over all pairs at the most; some eight are enough.
_SWEEPS: Final = 30


@inline
def diagonalise(A: Any, V: Any, M: int) -> None:
    """Jacobi's rotations: A (M, M), symmetric, becomes diagonal, and the columns of V (M, M) its eigenvectors."""
    for i in range(M):
        for j in range(M):
            V[i * M + j] = 1.0 if i == j else 0.0
    for _ in range(_SWEEPS):
        rest = A[0] * 0.0
        for i in range(M):
            for j in range(i):
                rest += A[i * M + j] * A[i * M + j]
        if not rest > 0.0:
            break
        for p in range(M):
            for q in range(p + 1, M):
                rotate(A, V, M, p, q)


@inline
def rotate(A: Any, V: Any, M: int, p: int, q: int) -> None:
    """One rotation, which makes A[p, q] 0."""
    off = A[p * M + q]
    if off == 0.0:
        return
    ratio = (A[q * M + q] - A[p * M + p]) / (2.0 * off)
    sign = 1.0 if ratio >= 0.0 else -1.0
    t = sign / (abs(ratio) + math.sqrt(ratio * ratio + 1.0))
    c = 1.0 / math.sqrt(t * t + 1.0)
    s = t * c
    for k in range(M):
        one, other = A[k * M + p], A[k * M + q]
        A[k * M + p] = c * one - s * other
        A[k * M + q] = s * one + c * other
    for k in range(M):
        one, other = A[p * M + k], A[q * M + k]
        A[p * M + k] = c * one - s * other
        A[q * M + k] = s * one + c * other
    for k in range(M):
        one, other = V[k * M + p], V[k * M + q]
        V[k * M + p] = c * one - s * other
        V[k * M + q] = s * one + c * other
