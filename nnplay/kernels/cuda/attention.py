"""Attention on a graphics card: a thread for each line of weights, and for each number of a product.

Operands and integers are those of `nnplay.operations.attend` and `nnplay.operations.attend_back`.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.elementary import tanh
from nnplay.kernels.operands import adds, dimension, pointer, shifted, size


@kernel
def take(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,q] = Σₜ weights[n,q,t]·memory[n,t], and behind it the query, of which W − C numbers are taken.

    weights (N, Q, T), memory (N, T, C), query (N, Q, A), y (N, Q, W).
    """
    weights, steps, query = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    y, Q, T, C = pointer(row, memory, 3), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    A, W = dimension(row, 2, 2), dimension(row, 3, 2)
    at = part
    while at < size(row, 3):
        line = quotient(at, W)
        n, c = quotient(line, Q), at - line * W
        if c < C:
            y[at] = chain(shifted(weights, line * T), 1, shifted(steps, n * T * C + c), C, T, DTYPE(0.0))
        else:
            y[at] = query[line * A + c - C]
        at += row[ROW_PARTS]


@kernel
def memory_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = weights·memory, so dmemory (N, T, C) = weightsᵀ·dy; weights (N, Q, T), dy (N, Q, W)."""
    dy, weights, out = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    Q, T, C, W = dimension(row, 1, 1), dimension(row, 1, 2), dimension(row, 2, 2), dimension(row, 0, 2)
    at = part
    while at < size(row, 2):
        line = quotient(at, C)
        n = quotient(line, T)
        begin = out[at] if adds(row, 2) else DTYPE(0.0)
        left, right = shifted(weights, n * Q * T + line - n * T), shifted(dy, n * Q * W + at - line * C)
        out[at] = chain(left, T, right, W, Q, begin)
        at += row[ROW_PARTS]


@kernel
def dot_query_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """scores = queries·keysᵀ, so dqueries (N, Q, U) = dscores·keys; dscores (N, Q, T), keys (N, T, U)."""
    dscores, keys, out = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    Q, T, U = dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    at = part
    while at < size(row, 2):
        line = quotient(at, U)
        begin = out[at] if adds(row, 2) else DTYPE(0.0)
        key = shifted(keys, quotient(line, Q) * T * U + at - line * U)
        out[at] = chain(shifted(dscores, line * T), 1, key, U, T, begin)
        at += row[ROW_PARTS]


@kernel
def dot_key_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """scores = queries·keysᵀ, so dkeys (N, T, U) = dscoresᵀ·queries; dscores (N, Q, T), queries (N, Q, U)."""
    dscores, queries, out = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    Q, T, U = dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    at = part
    while at < size(row, 2):
        line = quotient(at, U)
        n = quotient(line, T)
        begin = out[at] if adds(row, 2) else DTYPE(0.0)
        left, right = shifted(dscores, n * Q * T + line - n * T), shifted(queries, n * Q * U + at - line * U)
        out[at] = chain(left, T, right, U, Q, begin)
        at += row[ROW_PARTS]


@kernel
def additive_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """scores = Σᵤ score·tanh(queries + keys), so each dscore·score·(1 − tanh²) goes to its query and to its key.

    dscores (N, Q, T), queries, dqueries (N, Q, U), keys, dkeys (N, T, U), score (U); dmatch (N, U) = Σ dscores·tanh.
    """
    dscores, queries, keys, score = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3),
    )  # fmt: skip
    dqueries, dkeys, dmatch = pointer(row, memory, 4), pointer(row, memory, 5), pointer(row, memory, 6)
    N, Q, T, U = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    at = part
    while at < N * (Q + T + 1) * U:
        line = quotient(at, U)
        u, total = at - line * U, DTYPE(0.0)
        if line < N * Q:
            n = quotient(line, Q)
            for t in range(T):
                bent = tanh(queries[at] + keys[(n * T + t) * U + u])
                total += dscores[line * T + t] * score[u] * (1.0 - bent * bent)
            dqueries[at] = total
        elif line < N * (Q + T):
            line -= N * Q
            n = quotient(line, T)
            for q in range(Q):
                bent = tanh(queries[(n * Q + q) * U + u] + keys[line * U + u])
                total += dscores[(n * Q + q) * T + line - n * T] * score[u] * (1.0 - bent * bent)
            dkeys[line * U + u] = total
        else:
            n = line - N * (Q + T)
            for q in range(Q):
                for t in range(T):
                    bent = tanh(queries[(n * Q + q) * U + u] + keys[(n * T + t) * U + u])
                    total += dscores[(n * Q + q) * T + t] * bent
            dmatch[n * U + u] = total
        at += row[ROW_PARTS]
