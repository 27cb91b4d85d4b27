"""The row that says how much each step attends to each other one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_STEP, ROW_PARTS
from nnplay.kernels.arithmetic import lane_max, lane_sum
from nnplay.kernels.compile.jit import DTYPE, Kernel, noalias
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.elementary import exp
from nnplay.kernels.matmul import product_transposed
from nnplay.kernels.operands import dimension, integer, pointer, ratio, share, shifted
from nnplay.kernels.softmax import to_shares
from nnplay.operations.attention.heads import INTEGERS, dot, keys_of, queries
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]
# Of the tape's type, like a literal.
_INFINITY = DTYPE(math.inf)
#: What the integer `causal` may be: look everywhere; at no later step; at what is kept of steps up to the clock's.
EVERYWHERE, BACKWARDS, KEPT = 0, 1, 2


def _look(apart: bool, padded: bool, kept: bool = False) -> Operation:
    read = ("q", "kv") if apart else ("qkv",)
    return Operation(
        name="attention weights",
        kernel=_KERNELS[apart, padded],
        cuda=(CudaRow(_CARD_KERNELS[apart, padded]),),
        reads=(*read, "present") if padded else read,
        writes=("weights",),
        reference=_between if apart else _within,
        formula="weights[n,h,i,·] = softmax over j of q[n,i]·k[n,j] / √depth, within head h",
        words=(
            "Each step has a query and a key: a step attends where its query matches another's key. A causal "
            "layer only looks back."
        ),
        element=_between_element if apart else _within_element,
        integers=(*INTEGERS, "causal"),
        uses_clock=kept,
        torch="torch.nn.functional.scaled_dot_product_attention",
    )


def _between(
    q: Array, kv: Array, present: Array | None = None, *, heads: int, kv_heads: int, depth: int, keys: int,
    causal: int, clock: Mapping[str, int] | None = None,
) -> Array:  # fmt: skip
    k = keys_of(kv, heads, kv_heads, depth, keys)
    scores = queries(q, heads, depth) @ k.swapaxes(2, 3) / math.sqrt(depth)
    seen = _seen(q.shape[1], kv.shape[1], causal, present, clock)
    scores = np.where(seen, scores, -np.inf)
    largest = scores.max(axis=3, keepdims=True)
    raised = np.where(seen, np.exp(scores - np.where(np.isfinite(largest), largest, 0)), 0)
    return np.asarray(raised / np.maximum(raised.sum(axis=3, keepdims=True), np.finfo(q.dtype).tiny), q.dtype)


def _within(qkv: Array, present: Array | None = None, **given: Any) -> Array:
    return _between(qkv, qkv, present, **given)


def _seen(
    T: int, S: int, causal: int, present: Array | None = None, clock: Mapping[str, int] | None = None
) -> NDArray[np.bool_]:
    """Which step (last axis) each step looks at, (N or 1, 1, T, S)."""
    behind = clock["step"] if clock is not None and causal == KEPT else 0
    seen = np.tri(T, S, behind, dtype=np.bool_) if causal else np.ones((T, S), np.bool_)
    return seen[None, None] if present is None else seen & (present[:, None, None, :] != 0)


def _between_element(
    at: tuple[int, ...], q: Named, kv: Named, present: Named | None = None, *, heads: int, kv_heads: int, depth: int,
    keys: int, causal: int, clock: Mapping[str, int] | None = None,
) -> Term:  # fmt: skip
    n, h, i, j = at
    mask = None if present is None else present.array
    if not _seen(q.shape[1], kv.shape[1], causal, mask, clock)[n if present is not None else 0, 0, i, j]:
        return as_term(0.0)
    first = (h * depth, keys + h // (heads // kv_heads) * depth)
    score = dot(q, kv, (n, i, j), first, depth) * (1.0 / math.sqrt(depth))
    sizes = {"heads": heads, "kv_heads": kv_heads, "depth": depth, "keys": keys, "causal": causal, "clock": clock}
    weight = float(_between(q.array, kv.array, mask, **sizes)[at])  # type: ignore[arg-type]
    if weight == 0.0:
        return as_term(0.0)
    summed = math.exp(score.value) / weight
    return apply("exp", math.exp, score) / Term(summed, "Σⱼ exp(score[j])", f"{summed:.4g}")


def _within_element(at: tuple[int, ...], qkv: Named, present: Named | None = None, **given: Any) -> Term:
    return _between_element(at, qkv, qkv, present, **given)


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


def _weights_kernel(apart: bool, padded: bool) -> Kernel:
    other = 1 if apart else 0
    written = other + (2 if padded else 1)

    def weights(row: Any, clock: Any, memory: Any, part: int) -> None:
        """weights (N, heads, T, S) = softmax over j of q[i]·k[j] / √depth[, where present (N, S) is not 0].

        q (N, T, E) and k (N, S, K) are parts of `qkv` (N, T, E + 2K), or of `q` and `kv` (N, S, 2K).
        """
        heads, kv_heads, depth, keys = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
        N, T, S = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, other, 1)
        W, V = dimension(row, 0, 2), dimension(row, other, 2)
        scale = DTYPE(1.0 / math.sqrt(depth))
        behind = clock[CLOCK_STEP] if integer(row, 4) == KEPT else 0
        start, stop = share(row, part, N * heads)
        for unit in range(start, stop):
            n, h = unit // heads, unit % heads
            q = shifted(pointer(row, memory, 0), n * T * W + h * depth)
            k = shifted(pointer(row, memory, other), n * S * V + keys + h // (heads // kv_heads) * depth)
            scores = shifted(pointer(row, memory, written), unit * T * S)
            known = min(S, behind + T) if integer(row, 4) == KEPT else S
            product_transposed(q, W, 1, k, V, scores, S, T, known, depth, False)
            for t in range(T):
                count = min(S, behind + t + 1) if integer(row, 4) != 0 else S
                if padded:
                    soften_present(
                        shifted(scores, t * S), shifted(pointer(row, memory, other + 1), n * S), count, S, scale
                    )  # fmt: skip
                else:
                    soften(shifted(scores, t * S), count, S, scale)

    return Kernel(f"{__name__}:weights{'_apart' if apart else ''}{'_padded' if padded else ''}", weights)


def _card_kernel(apart: bool, padded: bool) -> Kernel:
    other = 1 if apart else 0
    written = other + (2 if padded else 1)

    def weights(row: Any, clock: Any, memory: Any, part: int) -> None:
        """As in `_weights_kernel`: every parts-th line of weights (N, heads, T, S)."""
        heads, kv_heads, depth, keys = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
        N, T, S = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, other, 1)
        W, V, scale = dimension(row, 0, 2), dimension(row, other, 2), DTYPE(1.0 / math.sqrt(depth))
        behind = clock[CLOCK_STEP] if integer(row, 4) == KEPT else 0
        line = part
        while line < N * heads * T:
            head = ratio(line, T)
            n, t = ratio(head, heads), line - head * T
            h = head - n * heads
            q = shifted(pointer(row, memory, 0), (n * T + t) * W + h * depth)
            k = shifted(pointer(row, memory, other), n * S * V + keys + ratio(h, ratio(heads, kv_heads)) * depth)
            scores = shifted(pointer(row, memory, written), line * S)
            count = min(S, behind + t + 1) if integer(row, 4) != 0 else S
            for j in range(count):
                scores[j] = chain(q, 1, shifted(k, j * V), 1, depth, DTYPE(0.0))
            if padded:
                soften_present(scores, shifted(pointer(row, memory, other + 1), n * S), count, S, scale)
            else:
                soften(scores, count, S, scale)
            line += row[ROW_PARTS]

    return Kernel(f"{__name__}:card_weights{'_apart' if apart else ''}{'_padded' if padded else ''}", weights)


_CARD_KERNELS: Final = {
    (apart, padded): _card_kernel(apart, padded) for apart in (False, True) for padded in (False, True)
}
_KERNELS: Final = {
    (apart, padded): _weights_kernel(apart, padded) for apart in (False, True) for padded in (False, True)
}
#: The row by whether keys have a tensor of their own, and whether some steps may be padding.
LOOK: Final = {key: _look(*key) for key in _KERNELS}
#: The row of one step that looks at the keys that were kept.
LOOK_BACK: Final = _look(True, False, kept=True)
