"""Conjugate gradient: directions that do not undo what earlier ones achieved (Polak and Ribière, 1969)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice, number
from nnplay.kernels.arithmetic import lane_dot, mark_not_finite
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import flat, pointer
from nnplay.operations.search import line_search as ls
from nnplay.optimizers import _searching
from nnplay.optimizers._searching import element_of, set_out, set_out_reference
from nnplay.records.layer import Refused
from nnplay.records.operation import Operation
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
    total, beta = s[ls.T] * 0.0, s[ls.T] * 0.0
    if s[ls.DIRECTIONS] != 0.0:
        old = lane_dot(pointer(row, memory, 3), pointer(row, memory, 3), M)
        crossed = lane_dot(G, G, M) - lane_dot(G, pointer(row, memory, 3), M)
        beta = max(beta, crossed / old) if old > 0.0 else beta
    for i in range(M):
        d[i] = beta * d[i] - g[i]
        total += abs(g[i])
    inner = lane_dot(G, D, M)
    if inner >= 0.0:
        for i in range(M):
            d[i] = -g[i]
        inner = -lane_dot(G, G, M)
    t = min(1.0, 1.0 / total) * settings[0]
    if s[ls.DIRECTIONS] != 0.0 and s[ls.T] > 0.0:
        t = settings[0] * s[ls.T] * s[ls.SLOPE] / inner
    s[ls.DIRECTIONS] += 1.0
    set_out(s, t, M, D, G, pointer(row, memory, 5), pointer(row, memory, 6))
    wrong = np.int32(0)
    for i in range(M):
        wrong = mark_not_finite(wrong, move[i])
    flat(row, memory, 11)[0] = verdict(wrong)


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
    reads=("optimizer", "search", "slope", "slope_before", "along", "near", "move"),
    writes=("along", "search", "near", "move", "finite_flags"),
    reference=_directed,
    formula="d ← −g + max(0, gᵀ(g − g_before) / g_beforeᵀg_before)·d",
    words="Straight downhill, and on along the last direction where that did not turn back: in a valley it goes along "
    "it and not to and fro.",
    element=element_of(_directed, "−g + β·d"),
    torch="",
)
