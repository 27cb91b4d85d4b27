"""Softmax of rows: eᶻ / Σ eᶻ, where the largest of a row is taken off first, so that nothing overflows."""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.arithmetic import lane_max, lane_sum
from nnplay.kernels.compile.jit import inline, noalias
from nnplay.kernels.elementary import exp
from nnplay.kernels.operands import shifted

#: Rows that are worked on together: their numbers go through `exp` as one vector, which whole registers can take.
ROWS: Final = 64


@noalias
def raise_rows(z: Any, p: Any, tops: Any, C: int, rows: int) -> None:
    """p = exp(z - top) for rows (rows, C), where `tops` (rows) becomes the largest of each row."""
    for n in range(rows):
        Z, P = shifted(z, n * C), shifted(p, n * C)
        top = lane_max(Z, C)
        tops[n] = top
        for c in range(C):
            P[c] = Z[c] - top
    for i in range(rows * C):
        p[i] = exp(p[i])


@inline
def to_shares(p: Any, C: int) -> Any:
    """Divides the numbers of a row by their sum, and returns that."""
    norm = lane_sum(p, C)
    factor = 1.0 / norm
    for c in range(C):
        p[c] = p[c] * factor
    return norm
