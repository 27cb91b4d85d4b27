"""L-BFGS: a Newton step from what the last gradients say of the curvature (Liu and Nocedal, 1989), as in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice, integer, number
from nnplay.kernels.abi import ROW_INTEGERS, ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot, mark_not_finite
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import once, room
from nnplay.kernels.cuda.recurrence import TURN
from nnplay.kernels.cuda.shares import dot, shares_in, shares_of, sizes_sum, sums, total
from nnplay.kernels.operands import flat, part_of, pointer, ratio, shifted, size
from nnplay.operations.search import line_search as ls
from nnplay.optimizers import _searching
from nnplay.optimizers._searching import (
    SUMS,
    begin_search_cuda,
    direction_sums_cuda,
    element_of,
    set_out,
    set_out_reference,
)
from nnplay.records.cuda_work import WorkTurnRow
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord, verdict

Array = NDArray[Any]
#: Curvature along a step that is too little to learn from.
LEAST_CURVATURE = 1e-10

LBFGS = OptimizerRecord(
    name="lbfgs",
    title="L-BFGS",
    about="Remembers a few steps and how the gradient changed along them, and steps as if the loss were a parabola.",
    when="Small data that fit in one step: a smooth loss falls much further than with Adam.",
    fields=(
        number("lr", 1.0, "length that is tried first along each direction", low=0.0, live=True),
        choice(
            "line_search_fn",
            "strong_wolfe",
            "strong_wolfe searches each line until the loss fell enough; none always goes lr far",
            ("none", "strong_wolfe"),
            live=True,
        ),
        number("c2", 0.9, "how much of the slope may be left where a search ends", low=0.0, high=1.0, live=True),
        integer("history_size", 10, "steps that are remembered; PyTorch's is 100", low=1, high=1000),
    ),
    slots=(),
    rule=None,
    whole=lambda sizes, values: _searching.rule(
        sizes,
        DIRECTION,
        {"steps": (values["history_size"], sizes.span), "changes": (values["history_size"], sizes.span)},
        {"factors": (values["history_size"],)},
    ),
    fixed=("history_size",),
    torch="torch.optim.LBFGS with a closure, which it calls several times a step",
    cases=({"lr": 1.0}, {"lr": 0.5, "line_search_fn": "none", "history_size": 3}),
    refused=(
        Refused({"history_size": 0}, (), "≥ 1"),
        Refused({"line_search_fn": "exact"}, (), "one of none, strong_wolfe"),
    ),
)


@inline
def forget_pairs(s: Any) -> None:
    """Empties the history in front of the very first direction."""
    s[ls.PAIRS] = 0.0
    s[ls.NEWEST] = 0.0
    s[ls.CURVATURE] = 1.0


@inline
def remember(s: Any, S: Any, Y: Any, m: int, move: Any, g: Any, before: Any) -> None:
    """Takes the step s = move (P,) and the change y = g − before (P,) into the history (m, P), where yᵀs > 1e-10.

    sᵀy is known before the pair is taken in, so that an older one is not lost for nothing.
    """
    M = g.size
    ys, yy = s[ls.T] * 0.0, s[ls.T] * 0.0
    for i in range(M):
        y = g[i] - before[i]
        ys += y * move[i]
        yy += y * y
    slot = slot_for(s, ys, yy, m)
    if slot >= 0:
        for i in range(M):
            shifted(S, slot * M)[i] = move[i]
            shifted(Y, slot * M)[i] = g[i] - before[i]


@inline
def slot_for(s: Any, ys: Any, yy: Any, m: int) -> int:
    """Where in a history of m a pair with these products goes, which is its newest now; −1 where it is not kept."""
    if not (ys > LEAST_CURVATURE):
        return -1
    slot = int(s[ls.NEWEST]) + 1 if s[ls.PAIRS] > 0.0 else 0
    if slot >= m:
        slot = 0
    s[ls.NEWEST] = slot
    s[ls.PAIRS] = min(s[ls.PAIRS] + 1.0, m * 1.0)
    s[ls.CURVATURE] = ys / yy
    return slot


@inline
def two_loops(s: Any, S: Any, Y: Any, factors: Any, D: Any, M: int) -> None:
    """d ← H·d for d (M,), by the pairs of the history from the newest back and forth again; factors (m,)."""
    pairs, newest, m = int(s[ls.PAIRS]), int(s[ls.NEWEST]), factors.size
    for back in range(pairs):
        k = (newest - back + m) % m
        one, other = shifted(S, k * M), shifted(Y, k * M)
        factors[k] = lane_dot(one, D, M) / lane_dot(one, other, M)
        for i in range(M):
            D[i] -= factors[k] * other[i]
    for i in range(M):
        D[i] *= s[ls.CURVATURE]
    for ahead in range(pairs):
        k = (newest - (pairs - 1 - ahead) + m) % m
        one, other = shifted(S, k * M), shifted(Y, k * M)
        rest = factors[k] - lane_dot(other, D, M) / lane_dot(one, other, M)
        for i in range(M):
            D[i] += rest * one[i]


@inline
def first_length(s: Any, lr: Any, sizes: Any) -> Any:
    """The length that is tried first: lr, but along the very first direction min(1, 1/Σ|g|)·lr."""
    return lr if s[ls.DIRECTIONS] != 0.0 else min(1.0, 1.0 / sizes) * lr


@kernel
def direct(row: Any, clock: Any, memory: Any, part: int) -> None:
    """d ← −H·slope by the two loops over pairs s, y of the history (m, P); d, slope (P,). Nothing before a search ends.

    H begins as yᵀs/yᵀy of the newest pair.
    """
    s, d, g, M = flat(row, memory, 10), flat(row, memory, 9), flat(row, memory, 2), flat(row, memory, 9).size
    S, Y, move, factors = (
        pointer(row, memory, 12), pointer(row, memory, 13), flat(row, memory, 14), flat(row, memory, 15),
    )  # fmt: skip
    for k in range(factors.size):
        factors[k] = 0.0
    if s[ls.ARRIVED] == 0.0:
        flat(row, memory, 16)[0] = verdict(np.int32(0))
        return
    if s[ls.DIRECTIONS] == 0.0:
        forget_pairs(s)
    else:
        remember(s, S, Y, factors.size, move, g, flat(row, memory, 3))
    D, G = pointer(row, memory, 9), pointer(row, memory, 2)
    for i in range(M):
        d[i] = -g[i]
    two_loops(s, S, Y, factors, D, M)
    total_size = s[ls.T] * 0.0
    for i in range(M):
        total_size += abs(g[i])
    t = first_length(s, flat(row, memory, 0)[0], total_size)
    s[ls.DIRECTIONS] += 1.0
    set_out(s, t, M, D, G, pointer(row, memory, 11), pointer(row, memory, 14))
    wrong = np.int32(0)
    for i in range(M):
        wrong = mark_not_finite(wrong, move[i])
    flat(row, memory, 16)[0] = verdict(wrong)


@kernel
def begin_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Shares of yᵀs, yᵀy and Σ|g|, for y = g − g_before, s = move and the slope g, all (P,)."""
    g, before, move = pointer(row, memory, 2), pointer(row, memory, 3), pointer(row, memory, 8)
    shares, M = shares_in(row, SUMS), size(row, 2)
    kind = ratio(part, shares)
    found, at = DTYPE(0.0), part - kind * shares
    if kind == 2:
        found = sizes_sum(g, M, at, shares)
    while kind < 2 and at < M:
        y = g[at] - before[at]
        found += y * (move[at] if kind == 0 else y)
        at += shares
    room(row, memory)[part] = found


@kernel
def recall_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `direct` does to search (S,) in front of the two loops; sums[0] = where the newest pair goes, or −1."""
    s, shares, slot = pointer(row, memory, 1), shares_in(row, SUMS), -1
    if s[ls.ARRIVED] == 0.0:
        return
    if s[ls.DIRECTIONS] == 0.0:
        forget_pairs(s)
    else:
        ys, yy = total(row, memory, 0, shares), total(row, memory, 1, shares)
        slot = slot_for(s, ys, yy, size(row, 15))
    s[ls.T] = first_length(s, pointer(row, memory, 0)[0], total(row, memory, 2, shares))
    s[ls.DIRECTIONS] += 1.0
    room(row, memory)[0] = slot


@kernel
def store_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """The newest pair goes into the history (m, P), d = −g (P,), factors (m,) = 0: every parts-th number."""
    arrived, M, factors = pointer(row, memory, 1)[ls.ARRIVED] != 0.0, size(row, 2), part_of(row, memory, 15, part)
    g, before, d, move = (
        pointer(row, memory, 2),
        pointer(row, memory, 3),
        pointer(row, memory, 9),
        pointer(row, memory, 8),
    )
    for k in range(factors.size):
        factors[k] = 0.0
    slot = int(room(row, memory)[0]) if arrived else -1
    S, Y = shifted(pointer(row, memory, 12), slot * M), shifted(pointer(row, memory, 13), slot * M)
    at = part
    while arrived and at < M:
        if slot >= 0:
            S[at] = move[at]
            Y[at] = g[at] - before[at]
        d[at] = -g[at]
        at += row[ROW_PARTS]


@kernel
def two_loops_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """A turn of `two_loops` for d (P,): shares of two products along a pair, or d ← d − factor·y, by number.

    From the newest pair back there are two turns each, then one for the curvature, then two each forth again.
    """
    s, M, m, shares = pointer(row, memory, 1), size(row, 2), size(row, 15), shares_in(row, SUMS)
    turn, D, factors = row[ROW_INTEGERS + TURN], pointer(row, memory, 9), pointer(row, memory, 15)
    pairs = int(s[ls.PAIRS])
    ahead = turn > 2 * m
    number = ratio(turn - 2 * m - 1 if ahead else turn, 2)
    if s[ls.ARRIVED] == 0.0 or (number >= pairs and turn != 2 * m):
        return
    at = part
    if turn == 2 * m:
        while at < M:
            D[at] *= s[ls.CURVATURE]
            at += row[ROW_PARTS]
        return
    k = int(s[ls.NEWEST]) - (pairs - 1 - number if ahead else number)
    if k < 0:
        k += m
    S, Y = shifted(pointer(row, memory, 12), k * M), shifted(pointer(row, memory, 13), k * M)
    if (turn - 2 * number) == (2 * m + 1 if ahead else 0):
        while at < 2 * shares:
            second = at >= shares
            share = at - shares if second else at
            room(row, memory)[at] = dot(S if second or not ahead else Y, Y if second else D, M, share, shares)
            at += row[ROW_PARTS]
        return
    factor = total(row, memory, 0, shares) / total(row, memory, 1, shares)
    if ahead:
        factor = factor - factors[k]
    elif part == 0:
        factors[k] = factor
    while at < M:
        D[at] -= factor * (S[at] if ahead else Y[at])
        at += row[ROW_PARTS]


@kernel
def set_out_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """near = g and move = t·d, all (P,), once a search has ended: every parts-th number."""
    s, g, d = pointer(row, memory, 1), part_of(row, memory, 2, part), part_of(row, memory, 9, part)
    near, move, wrong = part_of(row, memory, 11, part), part_of(row, memory, 14, part), np.int32(0)
    if s[ls.ARRIVED] == 0.0:
        return
    for i in range(g.size):
        near[i] = g[i]
        move[i] = s[ls.T] * d[i]
        wrong = mark_not_finite(wrong, move[i])
    if wrong != 0:  # the loop has cleared it, and whoever writes writes the same
        pointer(row, memory, 16)[0] = verdict(wrong)


def _turn_work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """Of a turn of the two loops: two products over shares, or one multiply-add for each number of d (P,)."""
    return 2 * sizes[2], shares_of(sizes[2])


def _directed(
    settings: Array, s: Array, g: Array, before: Array, d: Array, near: Array, steps: Array, changes: Array,
    move: Array,
) -> tuple[Array, ...]:  # fmt: skip
    if s[ls.ARRIVED] == 0:
        return d, s, near, steps, changes, move, np.zeros(len(steps))
    s, steps, changes, m = s.copy(), steps.copy(), changes.copy(), len(steps)
    if s[ls.DIRECTIONS] == 0:
        s[ls.PAIRS], s[ls.NEWEST], s[ls.CURVATURE] = 0, 0, 1
    else:
        slot, y = (int(s[ls.NEWEST]) + 1) % m if s[ls.PAIRS] > 0 else 0, g - before
        if np.dot(y, move) > LEAST_CURVATURE:
            steps[slot], changes[slot] = move, y
            s[ls.NEWEST], s[ls.PAIRS] = slot, min(s[ls.PAIRS] + 1, m)
            s[ls.CURVATURE] = np.dot(y, move) / np.dot(y, y)
    order = [(int(s[ls.NEWEST]) - back) % m for back in range(int(s[ls.PAIRS]))]
    factors, d = np.zeros(m), -g
    for k in order:
        factors[k] = np.dot(steps[k], d) / np.dot(steps[k], changes[k])
        d = d - factors[k] * changes[k]
    d = d * s[ls.CURVATURE]
    for k in reversed(order):
        d = d + (factors[k] - np.dot(changes[k], d) / np.dot(steps[k], changes[k])) * steps[k]
    first = s[ls.DIRECTIONS] == 0
    t = settings[0] * (min(1.0, 1.0 / float(np.sum(np.abs(g)))) if first else 1.0)
    s[ls.DIRECTIONS] += 1
    s, move = set_out_reference(s, float(t), d, g)
    return d, s, g, steps, changes, move, factors


DIRECTION: Operation = Operation(
    name="direction (l-bfgs)",
    kernel=direct,
    cuda=(
        CudaRow(begin_cuda, sums(2, SUMS)),
        CudaRow(recall_cuda, once),
        CudaRow(store_cuda),
        WorkTurnRow(two_loops_cuda, operand=6, axis=0, rows=4, ends=1, work=_turn_work),
        CudaRow(direction_sums_cuda),
        CudaRow(begin_search_cuda, once),
        CudaRow(set_out_cuda),
    ),
    reads=("optimizer", "search", "slope", "slope_before", "along", "near", "steps", "changes", "move"),
    writes=("along", "search", "near", "steps", "changes", "move", "factors", "finite_flags"),
    reference=_directed,
    formula="d = −H·g, H from pairs s = t·d and y = g − g_before",
    words="Each remembered step says how the gradient changed along it, which is the curvature there. Directions that "
    "curve much are shortened, flat ones are lengthened.",
    element=element_of(_directed, "−(H·g)"),
    torch="torch.optim.LBFGS",
)
