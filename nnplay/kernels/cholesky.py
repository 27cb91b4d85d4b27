"""Cholesky's factor of a symmetric matrix, in blocks of lines whose work is one matrix product, and what it solves."""

from __future__ import annotations

import math
from typing import Any, Final

from nnplay.kernels.arithmetic import lane_dot, multiply_add
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.matmul import product
from nnplay.kernels.operands import shifted

#: Lines of a block: what stands before them is one product, the rest is done line by line.
_LINES: Final = 12


@inline
def factorise(W: Any, H: Any, damping: Any, M: int) -> bool:
    """L·Lᵀ = H + damping·1: W (M, M) gets L in its lower half and Lᵀ in its upper one; False where there is none.

    Of H (M, M) the upper half is read. Until line k is divided by its root, it holds the negative of what is left of H.
    """
    for i in range(M):
        for j in range(i, M):
            W[i * M + j] = -H[i * M + j]
        W[i * M + i] -= damping
    for block in range((M + _LINES - 1) // _LINES):
        first, end = block * _LINES, min((block + 1) * _LINES, M)
        if first > 0:
            lines, corner = shifted(W, first * M), shifted(W, first * M + first)
            product(lines, M, 1, shifted(W, first), M, corner, M, end - first, M - first, first, True)
        for k in range(first, end):
            for p in range(first, k):
                factor = W[p * M + k]
                for j in range(k, M):
                    W[k * M + j] = multiply_add(factor, W[p * M + j], W[k * M + j])
            left = -W[k * M + k]
            if not (left > 0.0):
                return False
            root = -math.sqrt(left)
            for j in range(k, M):
                W[k * M + j] = W[k * M + j] / root
            for j in range(k + 1, M):
                W[j * M + k] = W[k * M + j]
    return True


@inline
def solve_factored(W: Any, v: Any, z: Any, M: int) -> None:
    """z (M,) with L·Lᵀ·z = v, for what `factorise` left in W."""
    for i in range(M):
        z[i] = (v[i] - lane_dot(shifted(W, i * M), z, i)) / W[i * M + i]
    for back in range(M):
        i = M - 1 - back
        behind = lane_dot(shifted(W, i * M + i + 1), shifted(z, i + 1), back)
        z[i] = (z[i] - behind) / W[i * M + i]
