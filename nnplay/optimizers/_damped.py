"""What Levenberg–Marquardt and Gauss–Newton share: JᵀJ is kept, a damped system is solved, a trial is judged.

Levenberg (1944); Marquardt, An algorithm for least-squares estimation of nonlinear parameters (1963); Hagan and Menhaj,
Training feedforward networks with the Marquardt algorithm (1994).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot, mark_not_finite
from nnplay.kernels.cholesky import factorise, solve_factored
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.cholesky import Operands, clear, column_work, system_kernels
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import dimension, flat, integer, matrix, pointer, ratio, size
from nnplay.operations.jacobian import gram
from nnplay.operations.jacobian.seed import SEED
from nnplay.operations.search.report import COSINE, DAMPING, LENGTH, MOVED, SCALE, SIZE
from nnplay.operations.search.trial import TRIAL
from nnplay.records.cuda_work import AloneRow, WorkTurnRow
from nnplay.records.operation import BATCH, CudaRow, Operation, Use
from nnplay.records.optimizer import verdict
from nnplay.records.whole_rule import WholeRule, WholeSizes
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]
#: How often damping is raised until the system can be solved; after that the move is 0.
TRIES: Final = 40
#: What damping of 0 becomes where the system cannot be solved, in proportion to the mean of the diagonal.
SMALLEST: Final = 1e-12


def rule(sizes: WholeSizes, judge: Operation) -> WholeRule:
    """The rows of an optimizer that keeps JᵀJ (M, M) and Jᵀr (M,) of the accepted point."""
    span, M = sizes.span, sizes.weights
    return WholeRule(
        slots={"search": (SIZE,), "point": (span,), "move": (span,), "kept_gram": (M, M), "kept_pull": (M,)},
        gathered={"jacobian": (BATCH, M), "gram": (M, M), "pull": (M,)},
        scratch={"factor": (M, M), "direction": (M,)},
        constants={"places": sizes.places.astype(float)},
        trial=Use(TRIAL),
        seed=Use(SEED),
        outer=(Use(gram.GRAM, cost=M * M // 2), Use(gram.PULL)),
        judge=(Use(judge), Use(KEEP, {"count": sizes.residuals}), Use(GRADIENT, {"span": span})),
        update=(Use(SOLVE, {"span": span}),),
    )


# -- keeping what belongs to the accepted point --------------------------------------------------------------------


@kernel
def keep_accepted(row: Any, clock: Any, memory: Any, part: int) -> None:
    """kept_gram (M, M) ← gram / count, both halves; kept_pull (M,) ← pull / count, where the point was accepted."""
    if flat(row, memory, 0)[MOVED] == 0.0:
        return
    G, v = matrix(row, memory, 1), flat(row, memory, 2)
    kept, pull, M = matrix(row, memory, 5), flat(row, memory, 6), dimension(row, 1, 0)
    count = flat(row, memory, 0)[0] * 0.0 + integer(row, 0)
    for i in range(M):
        pull[i] = v[i] / count
        for j in range(i + 1):
            kept[i, j] = G[i, j] / count
            kept[j, i] = kept[i, j]


@kernel
def keep_accepted_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `keep_accepted`: every parts-th number of kept_gram (M, M) and kept_pull (M,)."""
    G, v, M = pointer(row, memory, 1), pointer(row, memory, 2), dimension(row, 1, 0)
    kept, pull, count = pointer(row, memory, 5), pointer(row, memory, 6), DTYPE(integer(row, 0))
    if pointer(row, memory, 0)[MOVED] == 0.0:
        return
    at = part
    while at < M * M:
        i = ratio(at, M)
        j = at - i * M
        kept[at] = G[max(i, j) * M + min(i, j)] / count
        if at < M:
            pull[at] = v[at] / count
        at += row[ROW_PARTS]


def _kept(search: Array, g: Array, v: Array, kept: Array, pull: Array, count: int) -> tuple[Array, Array]:
    if search[MOVED] == 0:
        return kept, pull
    lower = np.tril(g) / count
    return lower + np.tril(lower, -1).T, v / count


def _kept_element(at: Any, search: Named, g: Named, v: Named, kept: Named, pull: Named, count: int) -> Term:
    return g[max(at), min(at)] / count if search.array[MOVED] else kept[at] * 1.0


KEEP: Final = Operation(
    name="keep JᵀJ",
    kernel=keep_accepted,
    cuda=(CudaRow(keep_accepted_cuda),),
    reads=("search", "gram", "pull", "kept_gram", "kept_pull"),
    writes=("kept_gram", "kept_pull"),
    reference=_kept,
    formula="H ← JᵀJ / count;  v ← Jᵀr / count, if the point was accepted",
    words="What belongs to the accepted point is kept: after a rejected one the same system is solved again.",
    element=_kept_element,
    integers=("count",),
    torch="",
)


@kernel
def write_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """g (P,) = 2·kept_pull (M,) in its places, 0 between them."""
    pull, places, g = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    for i in range(g.size):
        g[i] = 0.0
    for m in range(pull.size):
        g[int(places[m])] = 2.0 * pull[m]


@kernel
def clear_gradient_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """g (P,) = 0: every parts-th number."""
    clear(pointer(row, memory, 2), size(row, 2), part, row[ROW_PARTS])


@kernel
def write_gradient_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """g (P,) = 2·kept_pull (M,) in its places: every parts-th of these."""
    pull, places, g = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    m = part
    while m < size(row, 0):
        g[int(places[m])] = 2.0 * pull[m]
        m += row[ROW_PARTS]


def _spread(values: Array, places: Array, size: int) -> Array:
    made = np.zeros(size)
    made[places.astype(int)] = values
    return made


def _gradient(pull: Array, places: Array, span: int) -> Array:
    return 2 * _spread(pull, places, span)


def _gradient_element(at: Any, pull: Named, places: Named, span: int) -> Term:
    found = np.flatnonzero(places.array == at[0])
    return 2 * pull[int(found[0])] if found.size else as_term(0.0)


GRADIENT: Final = Operation(
    name="gradient from Jᵀr",
    kernel=write_gradient,
    cuda=(CudaRow(clear_gradient_cuda), CudaRow(write_gradient_cuda)),
    reads=("kept_pull", "places"),
    writes=("gradients",),
    reference=_gradient,
    formula="g = 2·v",
    words="The gradient of the mean squared error at the accepted point.",
    element=_gradient_element,
    integers=("span",),
    torch="2 * J.T @ r / r.numel()",
)


# -- the next trial ------------------------------------------------------------------------------------------------


@kernel
def solve(row: Any, clock: Any, memory: Any, part: int) -> None:
    """move (P,) ← −lr·scale·z in its places, where (H + μ1)·z = v, for H (M, M), v and z (M,)."""
    settings, search, places = flat(row, memory, 0), flat(row, memory, 4), flat(row, memory, 3)
    H, v, M = pointer(row, memory, 1), pointer(row, memory, 2), dimension(row, 1, 0)
    move, W, z = flat(row, memory, 5), pointer(row, memory, 7), pointer(row, memory, 8)
    damping = search[DAMPING]
    mean = search[DAMPING] * 0.0
    for i in range(M):
        mean += H[i * M + i] / M
    solved = False
    for _ in range(TRIES):
        solved = factorise(W, H, damping, M)
        if solved:
            break
        damping = max(damping * 10.0, SMALLEST * mean)
    for i in range(M):
        z[i] = 0.0
    if solved:
        solve_factored(W, v, z, M)
    search[DAMPING] = damping
    rate = settings[0] * search[SCALE]
    for i in range(move.size):
        move[i] = 0.0
    wrong = np.int32(0)
    for m in range(M):
        place = int(places[m])
        move[place] = -(rate * z[m])
        wrong = mark_not_finite(wrong, move[place])
    pulls, lengths = lane_dot(v, v, M), lane_dot(z, z, M)
    note_move(search, rate, lengths, pulls, lane_dot(v, z, M))
    flat(row, memory, 9)[0] = verdict(wrong)


SYSTEM: Final = system_kernels(
    __name__, Operands(matrix=1, right=2, search=4, move=5, factor=7, answer=8), DAMPING, TRIES, SMALLEST
)


@kernel
def move_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """move (P,) = −lr·scale·z in its places, for z (M,): every parts-th of these."""
    search, places, move = pointer(row, memory, 4), pointer(row, memory, 3), pointer(row, memory, 5)
    rate, z, wrong = pointer(row, memory, 0)[0] * search[SCALE], pointer(row, memory, 8), np.int32(0)
    m = part
    while m < size(row, 8):
        value = -(rate * z[m])
        move[int(places[m])] = value
        wrong = mark_not_finite(wrong, value)
        m += row[ROW_PARTS]
    if wrong != 0:  # the loop has cleared it, and whoever writes writes the same
        pointer(row, memory, 9)[0] = verdict(wrong)


@kernel
def report_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """The length of the move, and its cosine, in search (S,)."""
    v, z, search, M = pointer(row, memory, 2), pointer(row, memory, 8), pointer(row, memory, 4), dimension(row, 1, 0)
    pulls, lengths = chain(v, 1, v, 1, M, DTYPE(0.0)), chain(z, 1, z, 1, M, DTYPE(0.0))
    note_move(search, pointer(row, memory, 0)[0] * search[SCALE], lengths, pulls, chain(v, 1, z, 1, M, DTYPE(0.0)))


@inline
def note_move(search: Any, rate: Any, lengths: Any, pulls: Any, both: Any) -> None:
    """Puts length and cosine of a move −rate·z into search, from z·z, v·v and v·z, for the pull v."""
    size = math.sqrt(lengths) * math.sqrt(pulls)
    search[LENGTH] = abs(rate) * math.sqrt(lengths)
    search[COSINE] = both / size if size > 0.0 else 0.0 * size


def both_halves(lower: Array) -> Array:
    """Cholesky's factor (M, M) as kernels leave it: L in the lower half, Lᵀ in the upper one."""
    return np.asarray(lower + np.tril(lower, -1).T)


def _solved(settings: Array, h: Array, v: Array, places: Array, search: Array, span: int) -> tuple[Array, ...]:
    damping, M, z = float(search[DAMPING]), len(v), np.zeros(len(v))
    factor = np.zeros_like(h)
    for _ in range(TRIES):
        try:
            lower = np.linalg.cholesky(h + damping * np.eye(M))
        except np.linalg.LinAlgError:
            damping = max(damping * 10, SMALLEST * float(np.trace(h)) / M)
            continue
        z = np.linalg.solve(lower.T, np.linalg.solve(lower, v))
        factor = both_halves(lower)
        break
    search = search.copy()
    lengths = np.linalg.norm(v) * np.linalg.norm(z)
    search[DAMPING], search[LENGTH] = damping, abs(settings[0] * search[SCALE]) * np.linalg.norm(z)
    search[COSINE] = np.dot(v, z) / lengths if lengths > 0 else 0.0
    move = _spread(-settings[0] * float(search[SCALE]) * z, places, span)
    return move, search, factor, z


def _solve_element(at: Any, settings: Named, h: Named, v: Named, places: Named, search: Named, span: int) -> Term:
    move = _solved(settings.array, h.array, v.array, places.array, search.array, span)[0]
    found = np.flatnonzero(places.array == at[0])
    if not found.size:
        return as_term(0.0)
    return Term(float(move[at]), f"−(lr·(H + μ·1)⁻¹·v)[{found[0]}]", f"{move[at]:.4g}")


SOLVE: Final = Operation(
    name="solve for the next move",
    kernel=solve,
    cuda=(
        WorkTurnRow(SYSTEM.column, operand=1, axis=0, work=column_work(1)),
        AloneRow(SYSTEM.again, once),
        WorkTurnRow(SYSTEM.back, operand=1, axis=0),
        CudaRow(SYSTEM.finish),
        CudaRow(move_cuda),
        CudaRow(report_cuda, once),
    ),
    reads=("optimizer", "kept_gram", "kept_pull", "places", "search"),
    writes=("move", "search", "factor", "direction", "finite_flags"),
    reference=_solved,
    formula="move = −lr·(H + μ·1)⁻¹·v",
    words="With a small μ this is Gauss and Newton's step to the bottom of a parabola, with a large one a short step "
    "straight downhill. μ is raised where there is no such bottom.",
    element=_solve_element,
    integers=("span",),
    torch="torch.linalg.solve(H + mu * torch.eye(M), -v)",
)
