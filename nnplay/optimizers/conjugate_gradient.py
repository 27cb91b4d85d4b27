"""Conjugate gradient: directions that do not undo what earlier ones achieved (Polak and Ribière, 1969)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice, number
from nnplay.kernels.arithmetic import lane_dot, mark_not_finite
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import once, room
from nnplay.kernels.cuda.shares import dot, largest, shares_in, sizes_sum, sums, top, total
from nnplay.kernels.operands import flat, part_of, pointer, ratio, size
from nnplay.operations.search import line_search as ls
from nnplay.optimizers import _searching
from nnplay.optimizers._searching import (
    ALONG,
    SUMS,
    begin_search,
    direction_sums_cuda,
    element_of,
    set_out,
    set_out_reference,
)
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, verdict

Array = NDArray[Any]

CONJUGATE_GRADIENT = OptimizerRecord(
    name="conjugate_gradient",
    title="Conjugate gradient",
    about="Goes along the gradient plus a share of its last direction, as far as a line search says.",
    when="All rows in a step, and too many weights to remember more than one direction.",
    fields=(
        number("lr", 1.0, "length that is tried first, as a multiple of the usual guess", low=0.0, live=True),
        choice(
            "line_search_fn",
            "strong_wolfe",
            "strong_wolfe searches each line until the loss fell enough; none takes the guess",
            ("none", "strong_wolfe"),
            live=True,
        ),
        number("c2", 0.1, "how much of the slope may be left where a search ends", low=0.0, high=1.0, live=True),
    ),
    slots=(),
    rule=None,
    whole=lambda sizes, values: _searching.rule(sizes, DIRECTION, {}, {}),
    torch="PyTorch has none",
    cases=({"lr": 1.0}, {"lr": 0.5, "c2": 0.4}),
    refused=(Refused({"c2": 2}, (), "≤ 1"), Refused({"line_search_fn": "exact"}, (), "one of none, strong_wolfe")),
)


@kernel
def direct(row: Any, clock: Any, memory: Any, part: int) -> None:
    """d ← −g + β·d with β = max(0, gᵀ(g − g_before) / g_beforeᵀg_before), for d, g (P,). Nothing before a search ends.

    The first length is the last one, in proportion to the slopes along both directions.
    """
    s, g = flat(row, memory, 1), flat(row, memory, 2)
    d, move, M = flat(row, memory, 4), flat(row, memory, 6), flat(row, memory, 2).size
    if s[ls.ARRIVED] == 0.0:
        flat(row, memory, 11)[0] = verdict(np.int32(0))
        return
    settings, D, G = flat(row, memory, 0), pointer(row, memory, 4), pointer(row, memory, 2)
    sizes, beta = s[ls.T] * 0.0, s[ls.T] * 0.0
    if s[ls.DIRECTIONS] != 0.0:
        old = lane_dot(pointer(row, memory, 3), pointer(row, memory, 3), M)
        crossed = lane_dot(G, G, M) - lane_dot(G, pointer(row, memory, 3), M)
        beta = share_of_last(old, crossed)
    for i in range(M):
        d[i] = beta * d[i] - g[i]
        sizes += abs(g[i])
    inner = lane_dot(G, D, M)
    if inner >= 0.0:
        for i in range(M):
            d[i] = -g[i]
        inner = -lane_dot(G, G, M)
    t = first_length(s, settings[0], sizes, inner)
    s[ls.DIRECTIONS] += 1.0
    set_out(s, t, M, D, G, pointer(row, memory, 5), pointer(row, memory, 6))
    wrong = np.int32(0)
    for i in range(M):
        wrong = mark_not_finite(wrong, move[i])
    flat(row, memory, 11)[0] = verdict(wrong)


@inline
def share_of_last(old: Any, crossed: Any) -> Any:
    """β = max(0, gᵀ(g − g_before) / g_beforeᵀg_before)."""
    return max(old * 0.0, crossed / old) if old > 0.0 else old * 0.0


@inline
def first_length(s: Any, lr: Any, sizes: Any, inner: Any) -> Any:
    """The length that is tried first: the last one in proportion to the slopes, or at first min(1, 1/Σ|g|)·lr."""
    if s[ls.DIRECTIONS] != 0.0 and s[ls.T] > 0.0:
        return lr * s[ls.T] * s[ls.SLOPE] / inner
    return min(1.0, 1.0 / sizes) * lr


@kernel
def begin_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Shares of g_before·g_before, g·g, g·g_before and Σ|g|, and the largest number of g: slopes (P,)."""
    g, before = pointer(row, memory, 2), pointer(row, memory, 3)
    shares, M, found = shares_in(row, SUMS), size(row, 2), DTYPE(0.0)
    kind = ratio(part, shares)
    share = part - kind * shares
    if kind < 3:
        found = dot(before if kind == 0 else g, g if kind == 1 else before, M, share, shares)
    elif kind == 3:
        found = sizes_sum(g, M, share, shares)
    elif kind == 4:
        found = largest(g, M, share, shares)
    room(row, memory)[part] = found


@kernel
def turn_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """d ← −g + β·d, both (P,), once a search has ended: every parts-th number."""
    s, g, d = pointer(row, memory, 1), part_of(row, memory, 2, part), part_of(row, memory, 7, part)
    shares, beta = shares_in(row, SUMS), DTYPE(0.0)
    if s[ls.ARRIVED] == 0.0:
        return
    if s[ls.DIRECTIONS] != 0.0:
        crossed = total(row, memory, 1, shares) - total(row, memory, 2, shares)
        beta = share_of_last(total(row, memory, 0, shares), crossed)
    for i in range(g.size):
        d[i] = beta * d[i] - g[i]


@kernel
def begin_search_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `direct` does to search (S,), once a search has ended; where d goes up, −g takes its place."""
    s, shares = pointer(row, memory, 1), shares_in(row, SUMS)
    if s[ls.ARRIVED] == 0.0:
        return
    inner, lengths = total(row, memory, ALONG, shares), total(row, memory, ALONG + 1, shares)
    reach, pulls = top(row, memory, ALONG + 3, shares), total(row, memory, ALONG + 2, shares)
    if inner >= 0.0:
        inner, lengths, reach = -pulls, pulls, top(row, memory, 4, shares)
    t = first_length(s, pointer(row, memory, 0)[0], total(row, memory, 3, shares), inner)
    s[ls.DIRECTIONS] += 1.0
    begin_search(s, t, inner, reach, lengths, pulls)


@kernel
def set_out_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """d = −g where it went up, near = g, move = t·d, all (P,), once a search has ended: every parts-th number."""
    s, g, d = pointer(row, memory, 1), part_of(row, memory, 2, part), part_of(row, memory, 7, part)
    near, move, wrong = part_of(row, memory, 9, part), part_of(row, memory, 10, part), np.int32(0)
    if s[ls.ARRIVED] == 0.0:
        return
    up = total(row, memory, ALONG, shares_in(row, SUMS)) >= 0.0
    for i in range(g.size):
        if up:
            d[i] = -g[i]
        near[i] = g[i]
        move[i] = s[ls.T] * d[i]
        wrong = mark_not_finite(wrong, move[i])
    if wrong != 0:  # the loop has cleared it, and whoever writes writes the same
        pointer(row, memory, 11)[0] = verdict(wrong)


def _directed(
    settings: Array, s: Array, g: Array, before: Array, d: Array, near: Array, move: Array
) -> tuple[Array, ...]:
    if s[ls.ARRIVED] == 0:
        return d, s, near, move
    s, old, beta = s.copy(), float(np.dot(before, before)), 0.0
    if s[ls.DIRECTIONS] != 0 and old > 0:
        beta = max(0.0, float(np.dot(g, g) - np.dot(g, before)) / old)
    d = beta * d - g
    if np.dot(g, d) >= 0:
        d = -g
    t = settings[0] * min(1.0, 1.0 / float(np.sum(np.abs(g))))
    if s[ls.DIRECTIONS] != 0 and s[ls.T] > 0:
        t = settings[0] * s[ls.T] * s[ls.SLOPE] / float(np.dot(g, d))
    s[ls.DIRECTIONS] += 1
    s, move = set_out_reference(s, float(t), d, g)
    return d, s, g, move


DIRECTION: Operation = Operation(
    name="direction (conjugate gradient)",
    kernel=direct,
    cuda=(
        CudaRow(begin_cuda, sums(2, SUMS)),
        CudaRow(turn_cuda),
        CudaRow(direction_sums_cuda),
        CudaRow(begin_search_cuda, once),
        CudaRow(set_out_cuda),
    ),
    reads=("optimizer", "search", "slope", "slope_before", "along", "near", "move"),
    writes=("along", "search", "near", "move", "finite_flags"),
    reference=_directed,
    formula="d ← −g + max(0, gᵀ(g − g_before) / g_beforeᵀg_before)·d",
    words="Straight downhill, and on along the last direction where that did not turn back: in a valley it goes along "
    "it and not to and fro.",
    element=element_of(_directed, "−g + β·d"),
    torch="",
)
