"""Rows of attention between the steps of a sequence: attention weights, and what is taken from there.

Queries, keys and values stand side by side in `qkv` (N, T, 3E); each of the heads has its part of their E features.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.arithmetic import lane_dot, lane_max, lane_sum
from nnplay.kernels.compile.jit import DTYPE, Kernel, kernel, noalias
from nnplay.kernels.elementary import exp
from nnplay.kernels.matmul import product, product_transposed
from nnplay.kernels.operands import dimension, integer, pointer, share, shifted
from nnplay.kernels.softmax import to_shares
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]
# Of the tape's type, like a literal.
_INFINITY = DTYPE(math.inf)


@noalias
def soften(scores: Any, count: int, length: int, scale: Any) -> None:
    """Softmax of the first `count` scores times `scale`, in place; the others of `length` become 0."""
    largest = lane_max(scores, count)
    for j in range(count):
        scores[j] = exp((scores[j] - largest) * scale)
    to_shares(scores, count)
    for j in range(count, length):
        scores[j] = 0.0


@noalias
def soften_present(scores: Any, present: Any, count: int, length: int, scale: Any) -> None:
    """As `soften`, over the steps that are present; without any, all become 0."""
    for j in range(count):
        scores[j] = scores[j] if present[j] != 0.0 else -_INFINITY
    largest = lane_max(scores, count)
    for j in range(count):
        scores[j] = exp((scores[j] - largest) * scale) if present[j] != 0.0 else 0.0
    for j in range(count, length):
        scores[j] = 0.0
    if lane_sum(scores, count) != 0.0:  # NaN must reach the loss
        to_shares(scores, count)


@noalias
def soften_back(weights: Any, dscores: Any, length: int, scale: Any) -> None:
    """Gradients of the weights of one step become those of its scores."""
    mean = lane_dot(weights, dscores, length)
    for j in range(length):
        dscores[j] = weights[j] * (dscores[j] - mean) * scale


def _weights_kernel(padded: bool) -> Kernel:
    written = 2 if padded else 1

    def weights(row: Any, clock: Any, memory: Any, part: int) -> None:
        """weights (N, heads, T, T) = softmax over j of q[i]·k[j] / √depth, for qkv (N, T, 3E)[, present (N, T)]."""
        N, T, E, heads = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2) // 3, integer(row, 0)
        depth = E // heads
        scale = DTYPE(1.0 / math.sqrt(depth))
        start, stop = share(row, part, N * heads)
        for unit in range(start, stop):
            n, h = unit // heads, unit % heads
            q = shifted(pointer(row, memory, 0), n * T * 3 * E + h * depth)
            scores = shifted(pointer(row, memory, written), unit * T * T)
            product_transposed(q, 3 * E, 1, shifted(q, E), 3 * E, scores, T, T, T, depth, False)
            for t in range(T):
                count = t + 1 if integer(row, 1) != 0 else T
                if padded:
                    soften_present(
                        shifted(scores, t * T), shifted(pointer(row, memory, 1), n * T), count, T, scale
                    )  # fmt: skip
                else:
                    soften(shifted(scores, t * T), count, T, scale)

    return Kernel(f"{__name__}:weights{'_padded' if padded else ''}", weights)


WEIGHTS, WEIGHTS_PADDED = _weights_kernel(False), _weights_kernel(True)


@kernel
def mix(row: Any, clock: Any, memory: Any, part: int) -> None:
    """mixed[n,i] = Σⱼ weights[n,h,i,j]·v[n,j], for weights (N, heads, T, T), qkv (N, T, 3E), mixed (N, T, E)."""
    N, heads, T, E = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 2, 2)
    depth = E // heads
    start, stop = share(row, part, N * heads)
    for unit in range(start, stop):
        n, h = unit // heads, unit % heads
        v = shifted(pointer(row, memory, 1), n * T * 3 * E + 2 * E + h * depth)
        mixed = shifted(pointer(row, memory, 2), n * T * E + h * depth)
        product(shifted(pointer(row, memory, 0), unit * T * T), T, 1, v, 3 * E, mixed, E, T, depth, T, False)


@kernel
def scores_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dweights = dmixed·vᵀ, dscores = weights·(dweights − Σₖ weights·dweights) / √depth; dscores (N, heads, T, T).

    weights = softmax(scores / √depth), mixed = weights·v; dmixed (N, T, E), qkv (N, T, 3E), weights (N, heads, T, T).
    """
    N, heads, T, E = dimension(row, 2, 0), dimension(row, 2, 1), dimension(row, 2, 2), dimension(row, 0, 2)
    depth = E // heads
    scale = DTYPE(1.0 / math.sqrt(depth))
    start, stop = share(row, part, N * heads)
    for unit in range(start, stop):
        n, h = unit // heads, unit % heads
        dmixed = shifted(pointer(row, memory, 0), n * T * E + h * depth)
        v = shifted(pointer(row, memory, 1), n * T * 3 * E + 2 * E + h * depth)
        weights = shifted(pointer(row, memory, 2), unit * T * T)
        dscores = shifted(pointer(row, memory, 3), unit * T * T)
        product_transposed(dmixed, E, 1, v, 3 * E, dscores, T, T, T, depth, False)
        for t in range(T):
            soften_back(shifted(weights, t * T), shifted(dscores, t * T), T, scale)


@kernel
def qkv_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dq = dscores·k, dk = dscoresᵀ·q, dv = weightsᵀ·dmixed, side by side in dqkv (N, T, 3E).

    scores = q·kᵀ, mixed = weights·v; dscores, weights (N, heads, T, T), dmixed (N, T, E), qkv (N, T, 3E).
    """
    N, heads, T, E = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2), dimension(row, 2, 2)
    depth = E // heads
    start, stop = share(row, part, N * heads)
    for unit in range(start, stop):
        n, h = unit // heads, unit % heads
        dscores = shifted(pointer(row, memory, 0), unit * T * T)
        weights = shifted(pointer(row, memory, 1), unit * T * T)
        dmixed = shifted(pointer(row, memory, 2), n * T * E + h * depth)
        q = shifted(pointer(row, memory, 3), n * T * 3 * E + h * depth)
        dq = shifted(pointer(row, memory, 4), n * T * 3 * E + h * depth)
        product(dscores, T, 1, shifted(q, E), 3 * E, dq, 3 * E, T, depth, T, False)
        product(dscores, 1, T, q, 3 * E, shifted(dq, E), 3 * E, T, depth, T, False)
        product(weights, 1, T, dmixed, E, shifted(dq, 2 * E), 3 * E, T, depth, T, False)


def _heads(array: Array, heads: int) -> Array:
    """(N, T, E) → (N, heads, T, E / heads)."""
    return array.reshape(*array.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def _joined(array: Array) -> Array:
    """(N, heads, T, depth) → (N, T, heads · depth)."""
    return array.transpose(0, 2, 1, 3).reshape(array.shape[0], array.shape[2], -1)


def _seen(steps: int, causal: int, present: Array | None = None) -> Array:
    """Which step (last axis) each step looks at, (N or 1, 1, T, T)."""
    seen = np.tril(np.ones((1, 1, steps, steps), np.bool_)) if causal else np.ones((1, 1, steps, steps), np.bool_)
    return seen if present is None else seen & (present[:, None, None, :] != 0)


def _weights(qkv: Array, present: Array | None = None, *, heads: int, causal: int) -> Array:
    q, k, _ = (_heads(part, heads) for part in np.split(qkv, 3, axis=2))
    seen = _seen(qkv.shape[1], causal, present)
    scores = np.where(seen, q @ k.swapaxes(2, 3) / math.sqrt(q.shape[3]), -np.inf)
    largest = scores.max(axis=3, keepdims=True)
    raised = np.where(seen, np.exp(scores - np.where(np.isfinite(largest), largest, 0)), 0)
    return np.asarray(raised / np.maximum(raised.sum(axis=3, keepdims=True), np.finfo(qkv.dtype).tiny), qkv.dtype)


def _mix(weights: Array, qkv: Array) -> Array:
    return _joined(weights @ _heads(np.split(qkv, 3, axis=2)[2], weights.shape[1]))


def _scores_back(dmixed: Array, qkv: Array, weights: Array) -> Array:
    heads = weights.shape[1]
    v = _heads(np.split(qkv, 3, axis=2)[2], heads)
    dweights = _heads(dmixed, heads) @ v.swapaxes(2, 3)
    mean = (weights * dweights).sum(axis=3, keepdims=True)
    return np.asarray(weights * (dweights - mean) / math.sqrt(v.shape[3]), qkv.dtype)


def _qkv_back(dscores: Array, weights: Array, dmixed: Array, qkv: Array) -> Array:
    heads = weights.shape[1]
    q, k, _ = (_heads(part, heads) for part in np.split(qkv, 3, axis=2))
    parts = dscores @ k, dscores.swapaxes(2, 3) @ q, weights.swapaxes(2, 3) @ _heads(dmixed, heads)
    return np.concatenate([_joined(part) for part in parts], axis=2)


def _dot(left: Named, right: Named, n: int, i: int, j: int, first: tuple[int, int], depth: int) -> Term:
    """Σ over one head's features of left[n,i,…]·right[n,j,…], which begin at `first`."""
    return total(left[n, i, first[0] + c] * right[n, j, first[1] + c] for c in range(depth))


def _weights_element(at: tuple[int, ...], qkv: Named, *present: Named, heads: int, causal: int) -> Term:
    n, h, i, j = at
    features = qkv.shape[2] // 3
    depth = features // heads
    masks = [item.array for item in present]
    if not _seen(qkv.shape[1], causal, *masks)[n if masks else 0, 0, i, j]:
        return as_term(0.0)
    places = (h * depth, features + h * depth)
    scale = 1.0 / math.sqrt(depth)
    score = _dot(qkv, qkv, n, i, j, places, depth) * scale
    weight = float(_weights(qkv.array, *masks, heads=heads, causal=causal)[at])
    if weight == 0.0:
        return as_term(0.0)
    summed = math.exp(score.value) / weight
    return apply("exp", math.exp, score) / Term(summed, "Σⱼ exp(score[j])", f"{summed:.4g}")


def _mix_element(at: tuple[int, ...], weights: Named, qkv: Named) -> Term:
    n, t, c = at
    features = qkv.shape[2] // 3
    h = c // (features // weights.shape[1])
    return total(weights[n, h, t, j] * qkv[n, j, 2 * features + c] for j in range(qkv.shape[1]))


def _scores_back_element(at: tuple[int, ...], dmixed: Named, qkv: Named, weights: Named) -> Term:
    n, h, i, j = at
    features, heads = dmixed.shape[2], weights.shape[1]
    depth = features // heads
    places = (h * depth, 2 * features + h * depth)
    gradients = [_dot(dmixed, qkv, n, i, k, places, depth) for k in range(qkv.shape[1])]
    mean = sum(float(weights.array[n, h, i, k]) * term.value for k, term in enumerate(gradients))
    mean_term = Term(mean, "Σⱼ weights[j]·dweights[j]", f"{mean:.4g}")
    return weights[at] * (gradients[j] - mean_term) * (1.0 / math.sqrt(depth))


def _qkv_back_element(at: tuple[int, ...], dscores: Named, weights: Named, dmixed: Named, qkv: Named) -> Term:
    n, t, c = at
    features, steps = dmixed.shape[2], range(qkv.shape[1])
    h = c % features // (features // weights.shape[1])
    if c < features:
        return total(dscores[n, h, t, j] * qkv[n, j, features + c] for j in steps)
    if c < 2 * features:
        return total(dscores[n, h, i, t] * qkv[n, i, c - features] for i in steps)
    return total(weights[n, h, i, t] * dmixed[n, i, c - 2 * features] for i in steps)


def _look(padded: bool) -> Operation:
    return Operation(
        name="attention weights",
        kernel=WEIGHTS_PADDED if padded else WEIGHTS,
        reads=("qkv", "present") if padded else ("qkv",),
        writes=("weights",),
        reference=_weights,
        formula="weights[n,h,i,·] = softmax over j of q[n,i]·k[n,j] / √depth, within head h",
        words=(
            "Each step has a query and a key: a step attends where its query matches another's key. A causal "
            "layer only looks back."
        ),
        element=_weights_element,
        integers=("heads", "causal"),
        torch="torch.nn.functional.scaled_dot_product_attention",
    )


LOOK, LOOK_PADDED = _look(False), _look(True)
MIX = Operation(
    name="weighted sum of values",
    kernel=mix,
    reads=("weights", "qkv"),
    writes=("mixed",),
    reference=_mix,
    formula="mixed[n,i] = Σⱼ weights[n,h,i,j]·v[n,j], within head h",
    words="Each step takes the values of the steps it attends to, in proportion to the attention weights.",
    element=_mix_element,
    torch="torch.nn.functional.scaled_dot_product_attention",
)
SCORES_BACK = Operation(
    name="gradient of the scores",
    kernel=scores_back,
    reads=("dmixed", "qkv", "weights"),
    writes=("dscores",),
    reference=_scores_back,
    formula=(
        "dweights[i,j] = dmixed[i]·v[j]; "
        "dscores[i,j] = weights[i,j]·(dweights[i,j] − Σₖ weights[i,k]·dweights[i,k]) / √depth"
    ),
    words="Attending more to one step means attending less to the others: only what beats the average is rewarded.",
    element=_scores_back_element,
    torch="autograd",
)
QKV_BACK = Operation(
    name="gradient of queries, keys, values",
    kernel=qkv_back,
    reads=("dscores", "weights", "dmixed", "qkv"),
    writes=("dqkv",),
    reference=_qkv_back,
    formula="dq[i] = Σⱼ dscores[i,j]·k[j], dk[j] = Σᵢ dscores[i,j]·q[i], dv[j] = Σᵢ weights[i,j]·dmixed[i]",
    words="Queries move towards the keys they should have matched, and keys towards them.",
    element=_qkv_back_element,
    torch="autograd",
)
