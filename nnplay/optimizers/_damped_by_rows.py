"""The same step from JJᵀ, which is smaller than JᵀJ where there are fewer residuals than weights.

(JᵀJ + μ1)⁻¹Jᵀr = Jᵀ(JJᵀ + μ1)⁻¹r, so a system of R equations gives the move of M weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot, mark_not_finite, multiply_add
from nnplay.kernels.cholesky import factorise, solve_factored
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline, kernel
from nnplay.kernels.cuda.cholesky import Operands, column_work, system_kernels
from nnplay.kernels.cuda.partial import once, room
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import dimension, flat, integer, matrix, part_of, pointer, ratio, shifted
from nnplay.operations.jacobian.seed import SEED
from nnplay.operations.jacobian.whole import COLLECT
from nnplay.operations.search.report import COSINE, DAMPING, LENGTH, LOSS, MOVED, SCALE, SIZE
from nnplay.operations.search.trial import TRIAL
from nnplay.optimizers import _damped
from nnplay.optimizers._damped import GRADIENT, SMALLEST, TRIES, both_halves, note_move
from nnplay.records.cuda_work import AloneRow, WorkRow, WorkTurnRow
from nnplay.records.operation import BATCH, CudaRow, Operation, Use
from nnplay.records.optimizer import verdict
from nnplay.records.whole_rule import WholeRule, WholeSizes
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


def choose(sizes: WholeSizes, judge: Operation) -> WholeRule:
    """The rows with the smaller system: of as many equations as there are weights, or residuals."""
    return rule(sizes, judge) if sizes.residuals < sizes.weights else _damped.rule(sizes, judge)


def rule(sizes: WholeSizes, judge: Operation) -> WholeRule:
    """The rows of an optimizer that keeps J (R, M) and the residuals (R,) of the accepted point."""
    span, M, R = sizes.span, sizes.weights, sizes.residuals
    return WholeRule(
        slots={
            "search": (SIZE,), "point": (span,), "move": (span,), "kept_lines": (R, M), "kept_residuals": (R,),
            "kept_pull": (M,),
        },
        gathered={"jacobian": (BATCH, M), "lines": (R, M), "residuals": (R,)},
        scratch={"small_gram": (R, R), "factor": (R, R), "answer": (R,)},
        constants={"places": sizes.places.astype(float)},
        trial=Use(TRIAL),
        seed=Use(SEED),
        outer=(Use(COLLECT, {"rows": sizes.rows}),),
        judge=(Use(judge), Use(KEEP, {"count": R}), Use(GRADIENT, {"span": span})),
        update=(Use(SOLVE, {"span": span}),),
    )  # fmt: skip


@kernel
def keep_accepted(row: Any, clock: Any, memory: Any, part: int) -> None:
    """kept_lines (R, M) ← J / √count, kept_residuals (R,) ← r / √count, kept_pull (M,) ← their product, if accepted."""
    if flat(row, memory, 0)[MOVED] == 0.0:
        return
    lines, residuals = flat(row, memory, 1), flat(row, memory, 2)
    kept, own, pull = matrix(row, memory, 6), flat(row, memory, 7), flat(row, memory, 8)
    share = flat(row, memory, 0)[0] * 0.0 + integer(row, 0)
    share = math.sqrt(share)
    R, M = dimension(row, 1, 0), dimension(row, 1, 1)
    for m in range(M):
        pull[m] = 0.0
    for n in range(R):
        own[n] = residuals[n] / share
        for m in range(M):
            kept[n, m] = lines[n * M + m] / share
            pull[m] += kept[n, m] * own[n]


@kernel
def keep_accepted_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `keep_accepted`: every parts-th number of kept_lines (R, M), kept_residuals (R,) and kept_pull (M,)."""
    J, residuals, pull = pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 8)
    kept, own, share = pointer(row, memory, 6), pointer(row, memory, 7), DTYPE(math.sqrt(DTYPE(integer(row, 0))))
    R, M = dimension(row, 1, 0), dimension(row, 1, 1)
    if pointer(row, memory, 0)[MOVED] == 0.0:
        return
    at = part
    while at < R * M:
        kept[at] = J[at] / share
        if at < R:
            own[at] = residuals[at] / share
        if at < M:
            total = DTYPE(0.0)
            for n in range(R):
                total = multiply_add(J[n * M + at] / share, residuals[n] / share, total)
            pull[at] = total
        at += row[ROW_PARTS]


def _keep_work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """One for each number of J (R, M), and R numbers in a row for each weight."""
    return 2 * sizes[1], sizes[5]


def _kept(
    search: Array, lines: Array, residuals: Array, kept: Array, own: Array, pull: Array, count: int
) -> tuple[Array, ...]:
    if search[MOVED] == 0:
        return kept, own, pull
    kept, own = lines / math.sqrt(count), residuals / math.sqrt(count)
    return kept, own, kept.T @ own


def _kept_element(
    at: Any, search: Named, lines: Named, residuals: Named, kept: Named, own: Named, pull: Named, count: int
) -> Term:
    return lines[at] / math.sqrt(count) if search.array[MOVED] else kept[at] * 1.0


KEEP: Final = Operation(
    name="keep J",
    kernel=keep_accepted,
    cuda=(WorkRow(keep_accepted_cuda, work=_keep_work),),
    reads=("search", "lines", "residuals", "kept_lines", "kept_residuals", "kept_pull"),
    writes=("kept_lines", "kept_residuals", "kept_pull"),
    reference=_kept,
    formula="J ← lines / √count;  r ← residuals / √count;  v ← Jᵀr, if the point was accepted",
    words="What belongs to the accepted point is kept: after a rejected one the same system is solved again.",
    element=_kept_element,
    integers=("count",),
    torch="",
)


@kernel
def solve(row: Any, clock: Any, memory: Any, part: int) -> None:
    """move (P,) ← −lr·scale·Jᵀz in its places, where (JJᵀ + μ1)·z = r, for J (R, M), r and z (R,)."""
    settings, places, search = flat(row, memory, 0), flat(row, memory, 4), flat(row, memory, 5)
    J, r, v = pointer(row, memory, 1), pointer(row, memory, 2), flat(row, memory, 3)
    R, M = dimension(row, 1, 0), dimension(row, 1, 1)
    move, G, W, z = flat(row, memory, 6), pointer(row, memory, 8), pointer(row, memory, 9), pointer(row, memory, 10)
    damping, mean = search[DAMPING], search[DAMPING] * 0.0
    for i in range(R):
        for j in range(i + 1):
            G[i * R + j] = lane_dot(shifted(J, i * M), shifted(J, j * M), M)
            G[j * R + i] = G[i * R + j]
        mean += G[i * R + i] / R
        z[i] = 0.0
    solved = False
    for _ in range(TRIES):
        solved = factorise(W, G, damping, R)
        if solved:
            break
        damping = max(damping * 10.0, SMALLEST * mean)
    if solved:
        solve_factored(W, r, z, R)
    search[DAMPING] = damping
    rate = settings[0] * search[SCALE]
    for i in range(move.size):
        move[i] = 0.0
    wrong = np.int32(0)
    lengths, pulls, both = mean * 0.0, mean * 0.0, mean * 0.0
    for m in range(M):
        direction = mean * 0.0
        for n in range(R):
            direction += J[n * M + m] * z[n]
        place = int(places[m])
        move[place] = -(rate * direction)
        lengths += direction * direction
        pulls += v[m] * v[m]
        both += v[m] * direction
        wrong = mark_not_finite(wrong, move[place])
    note_move(search, rate, lengths, pulls, both)
    flat(row, memory, 11)[0] = verdict(wrong)


@kernel
def gram_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """G = JJᵀ (R, R), for J (R, M): every parts-th number."""
    J, G, R, M = pointer(row, memory, 1), pointer(row, memory, 8), dimension(row, 1, 0), dimension(row, 1, 1)
    at = part
    while at < R * R:
        i = ratio(at, R)
        G[at] = chain(shifted(J, i * M), 1, shifted(J, (at - i * R) * M), 1, M, DTYPE(0.0))
        at += row[ROW_PARTS]


SYSTEM: Final = system_kernels(
    __name__, Operands(matrix=8, right=2, search=5, move=6, factor=9, answer=10), DAMPING, TRIES, SMALLEST
)


def weights_of(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """A part for each weight."""
    return sizes[3]


@kernel
def move_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums = Jᵀz (M,), and move (P,) = −lr·scale·that in its places, for J (R, M) and z (R,): one number."""
    search, places, move = pointer(row, memory, 5), pointer(row, memory, 4), pointer(row, memory, 6)
    J, z, R, M = pointer(row, memory, 1), pointer(row, memory, 10), dimension(row, 1, 0), dimension(row, 1, 1)
    direction = chain(shifted(J, part), M, z, 1, R, DTYPE(0.0))
    room(row, memory)[part] = direction
    value = -(pointer(row, memory, 0)[0] * search[SCALE] * direction)
    move[int(places[part])] = value
    wrong = mark_not_finite(np.int32(0), value)
    if wrong != 0:  # the loop has cleared it, and whoever writes writes the same
        pointer(row, memory, 11)[0] = verdict(wrong)


@kernel
def report_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """The length of the move, and its cosine, in search (S,), from sums = Jᵀz (M,)."""
    v, d, search, M = pointer(row, memory, 3), room(row, memory), pointer(row, memory, 5), dimension(row, 1, 1)
    pulls, lengths = chain(v, 1, v, 1, M, DTYPE(0.0)), chain(d, 1, d, 1, M, DTYPE(0.0))
    note_move(search, pointer(row, memory, 0)[0] * search[SCALE], lengths, pulls, chain(v, 1, d, 1, M, DTYPE(0.0)))


def _gram_work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """M multiply-adds for each number of G (R, R), for J (R, M)."""
    return sizes[1] * sizes[2], sizes[8]


def _move_work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """R multiply-adds for each weight, for J (R, M)."""
    return sizes[1], sizes[3]


def _report_work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """Three products of vectors (M,), by one thread."""
    return 3 * sizes[3], 1


def _solved(
    settings: Array, j: Array, r: Array, v: Array, places: Array, search: Array, span: int
) -> tuple[Array, ...]:
    gram, damping = j @ j.T, float(search[DAMPING])
    factor, z = np.zeros_like(gram), np.zeros(len(r))
    for _ in range(TRIES):
        try:
            lower = np.linalg.cholesky(gram + damping * np.eye(len(r)))
        except np.linalg.LinAlgError:
            damping = max(damping * 10, SMALLEST * float(np.trace(gram)) / len(r))
            continue
        z = np.linalg.solve(lower.T, np.linalg.solve(lower, r))
        factor = both_halves(lower)
        break
    direction, search, rate = j.T @ z, search.copy(), settings[0] * float(search[SCALE])
    length = float(np.linalg.norm(direction))
    size = length * float(np.linalg.norm(v))
    search[DAMPING], search[LENGTH] = damping, abs(rate) * length
    search[COSINE] = np.dot(v, direction) / size if size > 0 else 0.0
    move = np.zeros(span)
    move[places.astype(int)] = -rate * direction
    return move, search, gram, factor, z


def _solve_element(
    at: Any, settings: Named, j: Named, r: Named, v: Named, places: Named, search: Named, span: int
) -> Term:
    found = np.flatnonzero(places.array == at[0])
    if not found.size:
        return as_term(0.0)
    z = Named("z", _solved(settings.array, j.array, r.array, v.array, places.array, search.array, span)[-1])
    rate = float(settings.array[0] * search.array[SCALE])
    return -(rate * total(j[n, int(found[0])] * z[n] for n in range(j.shape[0])))


SOLVE: Final = Operation(
    name="solve for the next move",
    kernel=solve,
    cuda=(
        WorkRow(gram_cuda, work=_gram_work),
        WorkTurnRow(SYSTEM.column, operand=8, axis=0, work=column_work(8)),
        AloneRow(SYSTEM.again, once),
        WorkTurnRow(SYSTEM.back, operand=8, axis=0),
        CudaRow(SYSTEM.finish),
        WorkRow(move_cuda, weights_of, _move_work),
        AloneRow(report_cuda, once, _report_work),
    ),
    reads=("optimizer", "kept_lines", "kept_residuals", "kept_pull", "places", "search"),
    writes=("move", "search", "small_gram", "factor", "answer", "finite_flags"),
    reference=_solved,
    formula="move = −lr·Jᵀ(JJᵀ + μ·1)⁻¹·r",
    words="The same move as from JᵀJ, by a smaller system: one equation for each error. With a small μ it is Gauss and "
    "Newton's step, with a large one a short step straight downhill.",
    element=_solve_element,
    integers=("span",),
    torch="J.T @ torch.linalg.solve(J @ J.T + mu * torch.eye(R), r)",
)


def judge_kernels(module: str, weigh: Callable[..., None]) -> tuple[Kernel, Kernel]:
    """The kernels of `JUDGE` on a processor and on a card, declared by a module.

    Args:
        weigh: `(settings, loss, search)` accepts or rejects a trial.
    """

    def judge(row: Any, clock: Any, memory: Any, part: int) -> None:
        """w (P,) stays, and point ← w, where the trial is accepted; else w ← point. accepted (1,) is the loss at w."""
        search, w, point = flat(row, memory, 4), flat(row, memory, 2), flat(row, memory, 3)
        weigh(flat(row, memory, 0), flat(row, memory, 1)[0], search)
        follow(search[MOVED] != 0.0, w, point)
        flat(row, memory, 8)[0] = search[LOSS]

    def judge_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
        """The same of search (S,) and accepted (1,) alone."""
        search = pointer(row, memory, 4)
        weigh(pointer(row, memory, 0), pointer(row, memory, 1)[0], search)
        pointer(row, memory, 8)[0] = search[LOSS]

    return Kernel(f"{module}:judge", judge), Kernel(f"{module}:judge_cuda", judge_cuda)


@inline
def follow(moved: bool, w: Any, point: Any) -> None:
    """point ← w, or w ← point, both (P,)."""
    for i in range(w.size):
        if moved:
            point[i] = w[i]
        else:
            w[i] = point[i]


@kernel
def follow_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w (P,) stays, or goes back to point, as search says: every parts-th number; operands are those of `JUDGE`."""
    follow(pointer(row, memory, 4)[MOVED] != 0.0, part_of(row, memory, 2, part), part_of(row, memory, 3, part))


def judged_element(judged: Callable[..., tuple[Array, ...]]) -> Callable[..., Term]:
    """One weight after a trial was judged: the trial's where it was accepted, else that of the accepted point."""

    def element(at: Any, settings: Named, loss: Named, w: Named, point: Named, search: Named) -> Term:
        moved = judged(settings.array, loss.array, w.array, point.array, search.array)[2][MOVED]
        return w[at] * 1.0 if moved else point[at] * 1.0

    return element
