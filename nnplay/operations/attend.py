"""Rows of attention between two sequences: how well each query matches each step of a memory, and what it takes.

Queries (N, Q, U), memory (N, T, C). With dot scores the memory's steps are the keys (U = C); with additive scores keys
(N, T, U) are made of them, and a query matches a key as Σ score·tanh(query + key).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_max, lane_sum
from nnplay.kernels.compile.jit import DTYPE, kernel, noalias
from nnplay.kernels.cuda import attention as cuda
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.elementary import exp, tanh
from nnplay.kernels.matmul import product, product_transposed
from nnplay.kernels.operands import dimension, integer, pointer, ratio, share, shifted
from nnplay.kernels.recurrent_batches import copy
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]
#: Of the tape's type, like a literal: the score of a step that is padding.
_NONE = DTYPE(-1e30)


@kernel
def dot(row: Any, clock: Any, memory: Any, part: int) -> None:
    """weights (N, Q, T) = softmax over t of queries[q]·keys[t]; queries (N, Q, U), keys (N, T, U)[, present (N, T)]."""
    N, Q, U, T = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 1)
    padded = integer(row, 0)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        weights = shifted(pointer(row, memory, 2 + padded), n * Q * T)
        queries, keys = shifted(pointer(row, memory, 0), n * Q * U), shifted(pointer(row, memory, 1), n * T * U)
        product_transposed(queries, U, 1, keys, U, weights, T, Q, T, U, False)
        for q in range(Q):
            hide_padding(shifted(weights, q * T), shifted(pointer(row, memory, 2), n * T), padded, T)
            to_weights(shifted(weights, q * T), T)


@kernel
def dot_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `dot`: every parts-th line of weights (N, Q, T)."""
    N, Q, U, T = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 1)
    padded, at = integer(row, 0), part
    while at < N * Q:
        n, weights = ratio(at, Q), shifted(pointer(row, memory, 2 + padded), at * T)
        query, keys = shifted(pointer(row, memory, 0), at * U), shifted(pointer(row, memory, 1), n * T * U)
        for t in range(T):
            weights[t] = chain(query, 1, shifted(keys, t * U), 1, U, DTYPE(0.0))
        hide_padding(weights, shifted(pointer(row, memory, 2), n * T), padded, T)
        to_weights(weights, T)
        at += row[ROW_PARTS]


@kernel
def additive(row: Any, clock: Any, memory: Any, part: int) -> None:
    """weights (N, Q, T) = softmax over t of Σᵤ score[u]·tanh(queries[q,u] + keys[t,u]).

    queries (N, Q, U), keys (N, T, U), score (U)[, present (N, T)].
    """
    N, Q, U, T = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 1)
    padded, score = integer(row, 0), pointer(row, memory, 2)
    start, stop = share(row, part, N * Q)
    for at in range(start, stop):
        weights, query = shifted(pointer(row, memory, 3 + padded), at * T), shifted(pointer(row, memory, 0), at * U)
        for t in range(T):
            weights[t] = match(query, shifted(pointer(row, memory, 1), (at // Q * T + t) * U), score, U)
        hide_padding(weights, shifted(pointer(row, memory, 3), at // Q * T), padded, T)
        to_weights(weights, T)


@noalias
def match(query: Any, key: Any, score: Any, U: int) -> Any:
    """Σᵤ score·tanh(query + key), all (U)."""
    total = DTYPE(0.0)
    for u in range(U):
        total += score[u] * tanh(query[u] + key[u])
    return total


@noalias
def hide_padding(scores: Any, present: Any, padded: int, T: int) -> None:
    """Scores (T) of steps that are padding become so small that nothing is taken from there."""
    if padded != 0:
        for t in range(T):
            scores[t] = scores[t] if present[t] != 0.0 else _NONE


@noalias
def to_weights(scores: Any, T: int) -> None:
    """Scores (T) become weights eˢ / Σ eˢ, in place."""
    largest = lane_max(scores, T)
    for t in range(T):
        scores[t] = exp(scores[t] - largest)
    factor = 1.0 / lane_sum(scores, T)
    for t in range(T):
        scores[t] = scores[t] * factor


@kernel
def take(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,q] = Σₜ weights[n,q,t]·memory[n,t], and behind it the query, of which W − C numbers are taken.

    weights (N, Q, T), memory (N, T, C), query (N, Q, A), y (N, Q, W).
    """
    N, Q, T, C = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 1, 2)
    A, W = dimension(row, 2, 2), dimension(row, 3, 2)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        y, steps = shifted(pointer(row, memory, 3), n * Q * W), shifted(pointer(row, memory, 1), n * T * C)
        product(shifted(pointer(row, memory, 0), n * Q * T), T, 1, steps, C, y, W, Q, C, T, False)
        for q in range(Q):
            copy(shifted(y, q * W + C), shifted(pointer(row, memory, 2), (n * Q + q) * A), W - C)


# -- the definitions ---------------------------------------------------------------------------------------------------


def _softmax(scores: Array, present: Array | None) -> Array:
    scores = scores if present is None else np.where(present[:, None, :] != 0, scores, -1e30)
    raised = np.exp(scores - scores.max(axis=2, keepdims=True))
    return np.asarray(raised / raised.sum(axis=2, keepdims=True))


def _weight_term(at: tuple[int, ...], weights: Array, score: Term, present: tuple[Named, ...]) -> Term:
    """One weight, out of its score."""
    if float(weights[at]) == 0.0 or (present and present[0].array[at[0], at[2]] == 0):
        return as_term(float(weights[at]))
    summed = np.exp(score.value) / float(weights[at])
    return apply("exp", lambda s: float(np.exp(s)), score) / Term(float(summed), "Σₜ exp(score[t])", f"{summed:.4g}")


def _dot_weights(queries: Array, keys: Array, present: Array | None = None, *, padded: int) -> Array:
    return _softmax(queries @ keys.swapaxes(1, 2), present)


def _dot_element(at: tuple[int, ...], queries: Named, keys: Named, *present: Named, padded: int) -> Term:
    n, q, t = at
    score = total(queries[n, q, u] * keys[n, t, u] for u in range(queries.shape[2]))
    weights = _dot_weights(queries.array, keys.array, *(item.array for item in present), padded=padded)
    return _weight_term(at, weights, score, present)


def bent_sums(queries: Array, keys: Array) -> Array:
    """(N, Q, T, U)."""
    return np.asarray(np.tanh(queries[:, :, None] + keys[:, None]))


def _additive_weights(queries: Array, keys: Array, score: Array, present: Array | None = None, *, padded: int) -> Array:
    return _softmax(bent_sums(queries, keys) @ score, present)


def _additive_element(
    at: tuple[int, ...], queries: Named, keys: Named, score: Named, *present: Named, padded: int
) -> Term:  # fmt: skip
    n, q, t = at
    matched = total(
        score[u] * apply("tanh", np.tanh, queries[n, q, u] + keys[n, t, u]) for u in range(queries.shape[2])
    )
    arrays = [item.array for item in (queries, keys, score, *present)]
    return _weight_term(at, _additive_weights(*arrays, padded=padded), matched, present)


def _take(weights: Array, memory: Array, query: Array, both: int) -> Array:
    context = np.asarray(weights @ memory)
    return np.concatenate([context, query], axis=2) if both else context


def _take_element(at: tuple[int, ...], weights: Named, memory: Named, query: Named, both: int) -> Term:
    n, q, c = at
    if c >= memory.shape[2]:
        return query[n, q, c - memory.shape[2]] * 1.0
    return total(weights[n, q, t] * memory[n, t, c] for t in range(memory.shape[1]))


# -- the rows ----------------------------------------------------------------------------------------------------------


@cache
def look(scoring: str, padded: bool) -> Operation:
    """The row of the weights, by dot or additive scores."""
    adds_up, mask = scoring == "additive", ("present",) if padded else ()
    score = "Σᵤ score[u]·tanh(queries[n,q,u] + keys[n,t,u])" if adds_up else "queries[n,q]·keys[n,t]"
    return Operation(
        name="attention weights",
        kernel=additive if adds_up else dot,
        cuda=(CudaRow(additive if adds_up else dot_cuda),),
        reads=("queries", "keys", "score", *mask) if adds_up else ("queries", "keys", *mask),
        writes=("weights",),
        reference=_additive_weights if adds_up else _dot_weights,
        formula=f"weights[n,q,·] = softmax over t of {score}",
        words="Each query scores all steps of the memory; the weights say how much it takes from each.",
        element=_additive_element if adds_up else _dot_element,
        integers=("padded",),
        torch="softmax of a small network's answers (Bahdanau)" if adds_up else "torch.softmax(q @ k.mT, -1)",
    )


TAKE = Operation(
    name="what each query takes",
    kernel=take,
    cuda=(CudaRow(cuda.take),),
    reads=("weights", "memory", "query"),
    writes=("y",),
    reference=_take,
    formula="y[n,q] = Σₜ weights[n,q,t]·memory[n,t], and behind it query[n,q] where both are wanted",
    words="Each query gets the mean of the memory's steps, weighted by how well they match it.",
    element=_take_element,
    integers=("both",),
    torch="weights @ memory",
)
