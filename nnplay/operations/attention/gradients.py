"""The way back through attention: from what was taken to scores, queries, keys and values."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot
from nnplay.kernels.compile.jit import DTYPE, Kernel, noalias
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.matmul import product, product_transposed
from nnplay.kernels.operands import dimension, integer, pointer, ratio, share, shifted, size
from nnplay.operations.attention.heads import INTEGERS, by_head, collected, dot, joined, keys_of, queries, values_of
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


def _scores_back(apart: bool, dropped: bool) -> Operation:
    masked = "·drop_mask[i,j]" if dropped else ""
    return Operation(
        name="gradient of the scores",
        kernel=_SCORES[dropped],
        cuda=(CudaRow(_CARD_SCORES[dropped]),),
        reads=("dmixed", "kv" if apart else "qkv", "weights", *(("drop_mask",) if dropped else ())),
        writes=("dscores",),
        reference=_scores_gradient,
        formula=(
            f"dweights[i,j] = dmixed[i]·v[j]{masked}; "
            "dscores[i,j] = weights[i,j]·(dweights[i,j] − Σₖ weights[i,k]·dweights[i,k]) / √depth"
        ),
        words="Attending more to one step means attending less to the others: only what beats the average is rewarded.",
        element=_scores_element,
        integers=INTEGERS,
        torch="autograd",
    )


def _inputs_back(apart: bool) -> Operation:
    sources = ("q", "kv") if apart else ("qkv",)
    return Operation(
        name="gradient of queries, keys, values",
        kernel=_INPUTS[apart],
        cuda=(CudaRow(_CARD_INPUTS[apart]),),
        reads=("dscores", "weights", "dmixed", *sources),
        writes=tuple(f"d{source}" for source in sources),
        reference=_apart_gradient if apart else _joint_gradient,
        formula="dq[i] = Σⱼ dscores[i,j]·k[j], dk[j] = Σᵢ dscores[i,j]·q[i], dv[j] = Σᵢ weights[i,j]·dmixed[i]",
        words="Queries move towards the keys they should have matched, and keys towards them.",
        element=_query_element if apart else _joint_element,
        integers=INTEGERS,
        torch="autograd",
    )


def _scores_gradient(dmixed: Array, kv: Array, weights: Array, mask: Array | float = 1.0, **sizes: int) -> Array:
    dweights = by_head(dmixed, sizes["heads"]) @ values_of(kv, **sizes).swapaxes(2, 3) * mask
    mean = (weights * dweights).sum(axis=3, keepdims=True)
    return np.asarray(weights * (dweights - mean) / math.sqrt(sizes["depth"]), kv.dtype)


def _apart_gradient(
    dscores: Array, weights: Array, dmixed: Array, q: Array, kv: Array, **sizes: int
) -> tuple[Array, Array]:
    heads, kv_heads, depth = sizes["heads"], sizes["kv_heads"], sizes["depth"]
    dq = joined(dscores @ keys_of(kv, **sizes))
    dk = collected(dscores.swapaxes(2, 3) @ queries(q, heads, depth), kv_heads)
    dv = collected(weights.swapaxes(2, 3) @ by_head(dmixed, heads), kv_heads)
    return dq, np.concatenate([dk, dv], axis=2)


def _joint_gradient(dscores: Array, weights: Array, dmixed: Array, qkv: Array, **sizes: int) -> Array:
    return np.concatenate(_apart_gradient(dscores, weights, dmixed, qkv, qkv, **sizes), axis=2)


def _scores_element(
    at: tuple[int, ...], dmixed: Named, kv: Named, weights: Named, mask: Named | None = None, *, heads: int,
    kv_heads: int, depth: int, keys: int,
) -> Term:  # fmt: skip
    n, h, i, j = at
    first = (h * depth, keys + (kv_heads + h // (heads // kv_heads)) * depth)
    gradients = [dot(dmixed, kv, (n, i, k), first, depth) for k in range(kv.shape[1])]
    if mask is not None:
        gradients = [term * mask[n, h, i, k] for k, term in enumerate(gradients)]
    mean = sum(float(weights.array[n, h, i, k]) * term.value for k, term in enumerate(gradients))
    mean_term = Term(mean, "Σⱼ weights[j]·dweights[j]", f"{mean:.4g}")
    return weights[at] * (gradients[j] - mean_term) * (1.0 / math.sqrt(depth))


def _query_element(
    at: tuple[int, ...], dscores: Named, weights: Named, dmixed: Named, q: Named, kv: Named, *, heads: int,
    kv_heads: int, depth: int, keys: int,
) -> Term:  # fmt: skip
    n, t, c = at
    h = c // depth
    place = keys + h // (heads // kv_heads) * depth + c % depth
    return total(dscores[n, h, t, j] * kv[n, j, place] for j in range(kv.shape[1]))


def _joint_element(
    at: tuple[int, ...], dscores: Named, weights: Named, dmixed: Named, qkv: Named, **sizes: int
) -> Term:
    n, t, c = at
    E, depth, shared = sizes["keys"], sizes["depth"], sizes["heads"] // sizes["kv_heads"]
    if c < E:
        return _query_element(at, dscores, weights, dmixed, qkv, qkv, **sizes)
    group, place = divmod((c - E) % (sizes["kv_heads"] * depth), depth)
    served = [(h, i) for h in range(group * shared, (group + 1) * shared) for i in range(qkv.shape[1])]
    if c < E + sizes["kv_heads"] * depth:
        return total(dscores[n, h, i, t] * qkv[n, i, h * depth + place] for h, i in served)
    return total(weights[n, h, i, t] * dmixed[n, i, h * depth + place] for h, i in served)


@noalias
def soften_back(weights: Any, dscores: Any, length: int, scale: Any) -> None:
    """Gradients of the weights of one step become those of its scores."""
    mean = lane_dot(weights, dscores, length)
    for j in range(length):
        dscores[j] = weights[j] * (dscores[j] - mean) * scale


@noalias
def times(values: Any, mask: Any, length: int) -> None:
    """values = values·mask, number by number."""
    for j in range(length):
        values[j] = values[j] * mask[j]


def _scores_kernel(dropped: bool) -> Kernel:
    written = 4 if dropped else 3

    def scores_back(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dweights = dmixed·vᵀ[·mask], dscores = weights·(dweights − Σₖ weights·dweights) / √depth; (N, heads, T, S).

        weights = softmax(scores / √depth), mixed = (weights[·mask])·v; dmixed (N, T, E), v (N, S, K).
        """
        heads, kv_heads, depth, keys = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
        N, T, S, V = dimension(row, 2, 0), dimension(row, 2, 2), dimension(row, 2, 3), dimension(row, 1, 2)
        E = heads * depth
        scale = DTYPE(1.0 / math.sqrt(depth))
        start, stop = share(row, part, N * heads)
        for unit in range(start, stop):
            n, h = unit // heads, unit % heads
            dmixed = shifted(pointer(row, memory, 0), n * T * E + h * depth)
            v = shifted(pointer(row, memory, 1), n * S * V + keys + (kv_heads + h // (heads // kv_heads)) * depth)
            weights = shifted(pointer(row, memory, 2), unit * T * S)
            dscores = shifted(pointer(row, memory, written), unit * T * S)
            product_transposed(dmixed, E, 1, v, V, dscores, S, T, S, depth, False)
            if dropped:
                times(dscores, shifted(pointer(row, memory, 3), unit * T * S), T * S)
            for t in range(T):
                soften_back(shifted(weights, t * S), shifted(dscores, t * S), S, scale)

    return Kernel(f"{__name__}:scores_back{'_dropped' if dropped else ''}", scores_back)


def _inputs_kernel(apart: bool) -> Kernel:
    other = 4 if apart else 3
    into, into_other = (5, 6) if apart else (4, 4)

    def inputs_back(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dq = dscores·k, dk = dscoresᵀ·q, dv = weightsᵀ·dmixed, where heads that share k and v add up.

        scores = q·kᵀ, mixed = weights·v; dscores, weights (N, heads, T, S), dmixed, q (N, T, E), k, v (N, S, K).
        """
        heads, kv_heads, depth, keys = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
        N, T, S = dimension(row, 0, 0), dimension(row, 0, 2), dimension(row, 0, 3)
        W, V, E, shared = dimension(row, 3, 2), dimension(row, other, 2), heads * depth, heads // kv_heads
        start, stop = share(row, part, N * kv_heads)
        for unit in range(start, stop):
            n, group = unit // kv_heads, unit % kv_heads
            k = shifted(pointer(row, memory, other), n * S * V + keys + group * depth)
            dk = shifted(pointer(row, memory, into_other), n * S * V + keys + group * depth)
            dv = shifted(dk, kv_heads * depth)
            for h in range(group * shared, (group + 1) * shared):
                dscores = shifted(pointer(row, memory, 0), (n * heads + h) * T * S)
                weights = shifted(pointer(row, memory, 1), (n * heads + h) * T * S)
                dmixed = shifted(pointer(row, memory, 2), n * T * E + h * depth)
                q = shifted(pointer(row, memory, 3), n * T * W + h * depth)
                dq = shifted(pointer(row, memory, into), n * T * W + h * depth)
                add = h > group * shared
                product(dscores, S, 1, k, V, dq, W, T, depth, S, False)
                product(dscores, 1, S, q, W, dk, V, S, depth, T, add)
                product(weights, 1, S, dmixed, E, dv, V, S, depth, T, add)

    return Kernel(f"{__name__}:inputs_back{'_apart' if apart else ''}", inputs_back)


def _card_scores(dropped: bool) -> Kernel:
    written = 4 if dropped else 3

    def scores_back(row: Any, clock: Any, memory: Any, part: int) -> None:
        """As in `_scores_kernel`: every parts-th line of dscores (N, heads, T, S)."""
        heads, kv_heads, depth, keys = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
        N, T, S, V = dimension(row, 2, 0), dimension(row, 2, 2), dimension(row, 2, 3), dimension(row, 1, 2)
        scale, line = DTYPE(1.0 / math.sqrt(depth)), part
        while line < N * heads * T:
            head = ratio(line, T)
            n, t = ratio(head, heads), line - head * T
            h = head - n * heads
            dmixed = shifted(pointer(row, memory, 0), ((n * T + t) * heads + h) * depth)
            v = shifted(
                pointer(row, memory, 1), n * S * V + keys + (kv_heads + ratio(h, ratio(heads, kv_heads))) * depth
            )
            dscores = shifted(pointer(row, memory, written), line * S)
            for j in range(S):
                dscores[j] = chain(dmixed, 1, shifted(v, j * V), 1, depth, DTYPE(0.0))
            if dropped:
                times(dscores, shifted(pointer(row, memory, 3), line * S), S)
            soften_back(shifted(pointer(row, memory, 2), line * S), dscores, S, scale)
            line += row[ROW_PARTS]

    return Kernel(f"{__name__}:card_scores_back{'_dropped' if dropped else ''}", scores_back)


def _card_inputs(apart: bool) -> Kernel:
    other = 4 if apart else 3
    into, into_other = (5, 6) if apart else (4, 4)

    def inputs_back(row: Any, clock: Any, memory: Any, part: int) -> None:
        """As in `_inputs_kernel`: every parts-th number of dq (N, T, E), then of dk and dv (N, S, 2K)."""
        heads, kv_heads, depth, keys = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
        T, S, W, V = dimension(row, 0, 2), dimension(row, 0, 3), dimension(row, 3, 2), dimension(row, other, 2)
        dscores, weights, dmixed = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        q, kv = pointer(row, memory, 3), pointer(row, memory, other)
        dq, dkv = pointer(row, memory, into), pointer(row, memory, into_other)
        E, both, shared = heads * depth, 2 * kv_heads * depth, ratio(heads, kv_heads)
        at, first = part, size(row, 2)
        while at < first + dimension(row, 0, 0) * S * both:
            total = DTYPE(0.0)
            if at < first:
                head = ratio(at, depth)
                line = ratio(head, heads)
                n, h, c = ratio(line, T), head - line * heads, at - head * depth
                k = shifted(kv, n * S * V + keys + ratio(h, shared) * depth + c)
                blame = shifted(dscores, ((n * heads + h) * T + line - n * T) * S)
                dq[line * W + h * depth + c] = chain(blame, 1, k, V, S, total)
            else:
                line = ratio(at - first, both)
                n, c = ratio(line, S), at - first - line * both
                j, of_values = line - n * S, c >= kv_heads * depth
                place = c - kv_heads * depth if of_values else c
                group = ratio(place, depth)
                for h in range(group * shared, (group + 1) * shared):
                    lines, inner = (n * heads + h) * T * S + j, h * depth + place - group * depth
                    if of_values:
                        total = chain(shifted(weights, lines), S, shifted(dmixed, n * T * E + inner), E, T, total)
                    else:
                        total = chain(shifted(dscores, lines), S, shifted(q, n * T * W + inner), W, T, total)
                dkv[line * V + keys + c] = total
            at += row[ROW_PARTS]

    return Kernel(f"{__name__}:card_inputs_back{'_apart' if apart else ''}", inputs_back)


_CARD_SCORES: Final = {dropped: _card_scores(dropped) for dropped in (False, True)}
_CARD_INPUTS: Final = {apart: _card_inputs(apart) for apart in (False, True)}
_SCORES: Final = {dropped: _scores_kernel(dropped) for dropped in (False, True)}
_INPUTS: Final = {apart: _inputs_kernel(apart) for apart in (False, True)}
#: The row by whether keys and values have a tensor of their own, and whether some weights were dropped.
SCORES_BACK: Final = {(apart, dropped): _scores_back(apart, dropped) for apart in (False, True) for dropped in _SCORES}
#: The row by whether keys and values have a tensor of their own.
INPUTS_BACK: Final = {apart: _inputs_back(apart) for apart in _INPUTS}
