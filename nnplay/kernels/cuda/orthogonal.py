"""A matrix made nearly orthogonal by Newton and Schulz's iteration on a graphics card: rows of the optimizer Muon.

Operands are its settings, the momentum M (R, C) and what is written: X (R, C), A = XXᵀ and its mix bA + cA² (S, S) for
the smaller side S, and work (R, C).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.partial import room, whole
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.cuda.recurrence import TURN
from nnplay.kernels.operands import dimension, integer, pointer, ratio, shifted, size

#: Where the settings stand: a, b and c of an iteration, the smallest norm that is divided by, and how many iterations.
COEFFICIENTS: Final = 4
EPS: Final = 7
ITERATIONS: Final = 8


@kernel
def squares(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[p] = Σ M² over every parts-th number of M (R, C)."""
    m, parts = shifted(pointer(row, memory, 1), part), row[ROW_PARTS]
    count = ratio(size(row, 1) - part + parts - 1, parts)
    room(row, memory)[part] = chain(m, parts, m, parts, count, DTYPE(0.0))


@kernel
def normalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    """X = M / √(Σ sums), work = 0, all (R, C), and A = its mix = 0, both (S, S): every parts-th number."""
    m, x, gram = pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    mix, work = pointer(row, memory, 4), pointer(row, memory, 5)
    norm = max(math.sqrt(whole(row, memory)), pointer(row, memory, 0)[EPS])
    at = part
    while at < size(row, 1):
        x[at] = m[at] / norm
        work[at] = 0.0
        if at < size(row, 3):
            gram[at] = 0.0
            mix[at] = 0.0
        at += row[ROW_PARTS]


@kernel
def iterate(row: Any, clock: Any, memory: Any, part: int) -> None:
    """A third of an iteration, by `TURN`: A = XXᵀ; then mix = bA + cA²; then Y = aX + mix·X: every parts-th number.

    X and Y (R, C), A and its mix (S, S). Where R > C, A = XᵀX and Y = aX + X·mix. Iterations read X and Y in turn.
    """
    settings, turn = pointer(row, memory, 0), integer(row, TURN)
    turns = ratio(turn, 3)
    phase, A, P = turn - 3 * turns, pointer(row, memory, 3), pointer(row, memory, 4)
    if turns >= int(settings[ITERATIONS]):
        return
    odd = turns - 2 * ratio(turns, 2) == 1
    X, Y = pointer(row, memory, 5 if odd else 2), pointer(row, memory, 2 if odd else 5)
    C, S = dimension(row, 1, 1), dimension(row, 3, 0)
    tall = dimension(row, 1, 0) > C
    across = C if phase == 2 else S
    at = part
    while at < size(row, 5 if phase == 2 else 3):
        i = ratio(at, across)
        j = at - i * across
        if phase == 0 and tall:
            A[at] = chain(shifted(X, i), C, shifted(X, j), C, dimension(row, 1, 0), DTYPE(0.0))
        elif phase == 0:
            A[at] = chain(shifted(X, i * C), 1, shifted(X, j * C), 1, C, DTYPE(0.0))
        elif phase == 1:
            square = chain(shifted(A, i * S), 1, shifted(A, j), S, S, DTYPE(0.0))
            P[at] = settings[COEFFICIENTS + 1] * A[at] + settings[COEFFICIENTS + 2] * square
        elif tall:
            Y[at] = chain(shifted(X, i * C), 1, shifted(P, j), S, S, settings[COEFFICIENTS] * X[at])
        else:
            Y[at] = chain(shifted(P, i * S), 1, shifted(X, j), C, S, settings[COEFFICIENTS] * X[at])
        at += row[ROW_PARTS]


@kernel
def finish(row: Any, clock: Any, memory: Any, part: int) -> None:
    """X and work become what the last iteration wrote; both (R, C), every parts-th number."""
    x, work, steps = pointer(row, memory, 2), pointer(row, memory, 5), int(pointer(row, memory, 0)[ITERATIONS])
    at = part
    while at < size(row, 2):
        if steps - 2 * ratio(steps, 2) == 1:
            x[at] = work[at]
        elif steps > 0:
            work[at] = x[at]
        at += row[ROW_PARTS]


def work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """Multiply-adds of a third of an iteration, and numbers among which they are shared: S·S·L, S·S·S or S·L·S."""
    square, all_numbers = sizes[3], sizes[2]
    side = math.isqrt(square)
    return side * (2 * all_numbers + square) // 3, square
