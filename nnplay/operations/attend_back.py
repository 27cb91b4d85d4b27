"""The way back through attention between two sequences: `nnplay.operations.attend` is the way forward."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot
from nnplay.kernels.compile.jit import DTYPE, kernel, noalias
from nnplay.kernels.cuda import attention as cuda
from nnplay.kernels.cuda import linear
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.elementary import tanh
from nnplay.kernels.matmul import product, product_transposed
from nnplay.kernels.operands import adds, dimension, pointer, ratio, share, shifted
from nnplay.kernels.recurrent_batches import PANEL, column_sums, zero
from nnplay.operations.attend import bent_sums
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, apply, total

Array = NDArray[Any]


@kernel
def scores_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = weights·memory, weights = softmax(scores), so dscores = weights·(dweights − Σₜ weights·dweights).

    dweights = dy·memoryᵀ; dy (N, Q, W), whose first C numbers are of the memory (N, T, C); weights, dscores (N, Q, T).
    """
    N, Q, T, C, W = (
        dimension(row, 2, 0), dimension(row, 2, 1), dimension(row, 2, 2), dimension(row, 1, 2), dimension(row, 0, 2)
    )  # fmt: skip
    start, stop = share(row, part, N)
    for n in range(start, stop):
        dy, steps = shifted(pointer(row, memory, 0), n * Q * W), shifted(pointer(row, memory, 1), n * T * C)
        dscores = shifted(pointer(row, memory, 3), n * Q * T)
        product_transposed(dy, W, 1, steps, C, dscores, T, Q, T, C, False)
        for q in range(Q):
            own, found = shifted(pointer(row, memory, 2), (n * Q + q) * T), shifted(dscores, q * T)
            mean = lane_dot(own, found, T)
            against_mean(own, found, mean, T)


@kernel
def scores_back_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `scores_back`: every parts-th line of dscores (N, Q, T)."""
    N, Q, T, C, W = (
        dimension(row, 2, 0), dimension(row, 2, 1), dimension(row, 2, 2), dimension(row, 1, 2), dimension(row, 0, 2)
    )  # fmt: skip
    at = part
    while at < N * Q:
        dy, steps = shifted(pointer(row, memory, 0), at * W), shifted(pointer(row, memory, 1), ratio(at, Q) * T * C)
        own, found = shifted(pointer(row, memory, 2), at * T), shifted(pointer(row, memory, 3), at * T)
        for t in range(T):
            found[t] = chain(dy, 1, shifted(steps, t * C), 1, C, DTYPE(0.0))
        against_mean(own, found, lane_dot(own, found, T), T)
        at += row[ROW_PARTS]


@noalias
def against_mean(weights: Any, dscores: Any, mean: Any, T: int) -> None:
    """dscores (T) ← weights·(dscores − mean)."""
    for t in range(T):
        dscores[t] = weights[t] * (dscores[t] - mean)


@kernel
def memory_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = weights·memory, so dmemory (N, T, C) = weightsᵀ·dy; weights (N, Q, T), dy (N, Q, W)."""
    N, Q, T, C, W = (
        dimension(row, 1, 0), dimension(row, 1, 1), dimension(row, 1, 2), dimension(row, 2, 2), dimension(row, 0, 2)
    )  # fmt: skip
    start, stop = share(row, part, N)
    for n in range(start, stop):
        weights, dy = shifted(pointer(row, memory, 1), n * Q * T), shifted(pointer(row, memory, 0), n * Q * W)
        product(weights, 1, T, dy, W, shifted(pointer(row, memory, 2), n * T * C), C, T, C, Q, adds(row, 2))


@kernel
def dot_query_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """scores = queries·keysᵀ, so dqueries (N, Q, U) = dscores·keys; dscores (N, Q, T), keys (N, T, U)."""
    N, Q, T, U = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        dscores, keys = shifted(pointer(row, memory, 0), n * Q * T), shifted(pointer(row, memory, 1), n * T * U)
        product(dscores, T, 1, keys, U, shifted(pointer(row, memory, 2), n * Q * U), U, Q, U, T, adds(row, 2))


@kernel
def dot_key_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """scores = queries·keysᵀ, so dkeys (N, T, U) = dscoresᵀ·queries; dscores (N, Q, T), queries (N, Q, U)."""
    N, Q, T, U = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        dscores, queries = shifted(pointer(row, memory, 0), n * Q * T), shifted(pointer(row, memory, 1), n * Q * U)
        product(dscores, 1, T, queries, U, shifted(pointer(row, memory, 2), n * T * U), U, T, U, Q, adds(row, 2))


@kernel
def additive_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """scores = Σᵤ score·tanh(queries + keys), so each dscore·score·(1 − tanh²) goes to its query and to its key.

    dscores (N, Q, T), queries, dqueries (N, Q, U), keys, dkeys (N, T, U), score (U); dmatch (N, U) = Σ dscores·tanh.
    """
    N, Q, T, U = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        dkeys, dmatch = shifted(pointer(row, memory, 5), n * T * U), shifted(pointer(row, memory, 6), n * U)
        zero(dkeys, T * U)
        zero(dmatch, U)
        for q in range(Q):
            dquery = shifted(pointer(row, memory, 4), (n * Q + q) * U)
            zero(dquery, U)
            for t in range(T):
                unmatch(
                    pointer(row, memory, 0)[(n * Q + q) * T + t], shifted(pointer(row, memory, 1), (n * Q + q) * U),
                    shifted(pointer(row, memory, 2), (n * T + t) * U), pointer(row, memory, 3), dquery,
                    shifted(dkeys, t * U), dmatch, U,
                )  # fmt: skip


@noalias
def unmatch(dscore: Any, query: Any, key: Any, score: Any, dquery: Any, dkey: Any, dmatch: Any, U: int) -> None:
    """Adds what one score blames one query, one key and the weights of the match for, each (U)."""
    for u in range(U):
        bent = tanh(query[u] + key[u])
        part = dscore * score[u] * (1.0 - bent * bent)
        dquery[u] += part
        dkey[u] += part
        dmatch[u] += dscore * bent


@kernel
def match_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dscore (U) = Σₙ dmatch, for dmatch (N, U); parts are columns."""
    N, U = dimension(row, 0, 0), dimension(row, 0, 1)
    start, stop = share(row, part, (U + PANEL - 1) // PANEL)
    k, end = start * PANEL, min(stop * PANEL, U)
    column_sums(shifted(pointer(row, memory, 0), k), U, shifted(pointer(row, memory, 1), k), N, end - k, adds(row, 1))


@kernel
def query_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = [context | query], so dquery (N, Q, A) is the end of dy (N, Q, W)."""
    N, Q, W, A = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    start, stop = share(row, part, N * Q)
    for at in range(start, stop):
        dy, dquery = shifted(pointer(row, memory, 0), at * W + W - A), shifted(pointer(row, memory, 1), at * A)
        for a in range(A):
            dquery[a] = (dquery[a] if adds(row, 1) else 0.0) + dy[a]


# -- the definitions ---------------------------------------------------------------------------------------------------


def _scores_back(dy: Array, memory: Array, weights: Array) -> Array:
    dweights = dy[..., : memory.shape[2]] @ memory.swapaxes(1, 2)
    return np.asarray(weights * (dweights - (weights * dweights).sum(axis=2, keepdims=True)))


def _scores_element(at: tuple[int, ...], dy: Named, memory: Named, weights: Named) -> Term:
    n, q, t = at
    dweight = total(dy[n, q, c] * memory[n, t, c] for c in range(memory.shape[2]))
    dweights = dy.array[n, q, : memory.shape[2]] @ memory.array[n].T
    mean = float(weights.array[n, q] @ dweights)
    return weights[at] * (dweight - Term(mean, "Σₜ weights[t]·dweights[t]", f"{mean:.4g}"))


def _memory_back(dy: Array, weights: Array, channels: int) -> Array:
    return np.asarray(weights.swapaxes(1, 2) @ dy[..., :channels])


def _memory_element(at: tuple[int, ...], dy: Named, weights: Named, channels: int) -> Term:
    n, t, c = at
    return total(weights[n, q, t] * dy[n, q, c] for q in range(weights.shape[1]))


def _additive_back(dscores: Array, queries: Array, keys: Array, score: Array) -> tuple[Array, Array, Array]:
    bent = bent_sums(queries, keys)
    blame = dscores[..., None] * score * (1 - bent**2)
    return blame.sum(axis=2), blame.sum(axis=1), (dscores[..., None] * bent).sum(axis=(1, 2))


def _additive_back_element(at: tuple[int, ...], dscores: Named, queries: Named, keys: Named, score: Named) -> Term:
    n, q, u = at
    return total(
        dscores[n, q, t] * score[u] * (1.0 - apply("tanh", np.tanh, queries[n, q, u] + keys[n, t, u]) ** 2)
        for t in range(keys.shape[1])
    )


# -- the rows ----------------------------------------------------------------------------------------------------------


SCORES_BACK = Operation(
    name="gradient of the scores",
    kernel=scores_back,
    cuda=(CudaRow(scores_back_cuda),),
    reads=("dy", "memory", "weights"),
    writes=("dscores",),
    reference=_scores_back,
    formula=(
        "dweights[q,t] = dy[q]·memory[t]; dscores[q,t] = weights[q,t]·(dweights[q,t] − Σₜ weights[q,t]·dweights[q,t])"
    ),
    words="More weight on one step is less on the others: only what beats the average is rewarded.",
    element=_scores_element,
    torch="autograd",
)
MEMORY_BACK = Operation(
    name="gradient of the memory",
    kernel=memory_back,
    cuda=(CudaRow(cuda.memory_back),),
    reads=("dy", "weights"),
    writes=("dmemory",),
    reference=_memory_back,
    formula="dmemory[n,t,c] = Σ weights[n,q,t]·dy[n,q,c], over the queries q",
    words="A step is blamed by each query in proportion to how much that took from it.",
    element=_memory_element,
    integers=("channels",),
    torch="autograd",
)
DOT_QUERY_BACK = Operation(
    name="gradient of the queries",
    kernel=dot_query_back,
    cuda=(CudaRow(cuda.dot_query_back),),
    reads=("dscores", "keys"),
    writes=("dqueries",),
    reference=lambda dscores, keys: dscores @ keys,
    formula="dqueries[n,q] = Σₜ dscores[n,q,t]·keys[n,t]",
    words="Queries move towards the keys they should have matched.",
    element=lambda at, dscores, keys: total(
        dscores[at[0], at[1], t] * keys[at[0], t, at[2]] for t in range(keys.shape[1])
    ),
    torch="autograd",
)
DOT_KEY_BACK = Operation(
    name="gradient of the keys",
    kernel=dot_key_back,
    cuda=(CudaRow(cuda.dot_key_back),),
    reads=("dscores", "queries"),
    writes=("dkeys",),
    reference=lambda dscores, queries: dscores.swapaxes(1, 2) @ queries,
    formula="dkeys[n,t] = Σ dscores[n,q,t]·queries[n,q], over the queries q",
    words="Keys move towards the queries that should have found them.",
    element=lambda at, dscores, queries: total(
        dscores[at[0], q, at[1]] * queries[at[0], q, at[2]] for q in range(queries.shape[1])
    ),
    torch="autograd",
)
ADDITIVE_BACK = Operation(
    name="gradient of queries and keys",
    kernel=additive_back,
    cuda=(CudaRow(cuda.additive_back),),
    reads=("dscores", "queries", "keys", "score"),
    writes=("dqueries", "dkeys", "dmatch"),
    reference=_additive_back,
    formula="dqueries[q,u] = Σₜ dscores[q,t]·score[u]·(1 − tanh²); dkeys[t,u] the same, summed over the queries",
    words="Queries and keys move to where their sum would have scored better.",
    element=_additive_back_element,
    torch="autograd",
)
MATCH_BACK = Operation(
    name="gradient of the scoring weights",
    kernel=match_back,
    cuda=(CudaRow(linear.backward_bias),),
    reads=("dmatch",),
    writes=("dscore",),
    reference=lambda dmatch: dmatch.sum(axis=0),
    formula="dscore[u] = Σₙ dmatch[n,u], where dmatch[n,u] = Σ dscores[n,q,t]·tanh(queries[n,q,u] + keys[n,t,u])",
    words="All scores are made with the same weights, so their gradient is summed over all of them.",
    element=lambda at, dmatch: total(dmatch[n, at[0]] for n in range(dmatch.shape[0])),
    torch="autograd",
)
QUERY_BACK = Operation(
    name="gradient of the queries in the output",
    kernel=query_back,
    cuda=(CudaRow(query_back),),
    reads=("dy",),
    writes=("dquery",),
    reference=lambda dy, width: dy[..., dy.shape[2] - width :].copy(),
    formula="dquery[n,q] = the end of dy[n,q]",
    words="The queries are part of the output, so their part of its gradient is theirs.",
    element=lambda at, dy, width: dy[at[0], at[1], dy.shape[2] - width + at[2]] * 1.0,
    integers=("width",),
    torch="autograd",
)
