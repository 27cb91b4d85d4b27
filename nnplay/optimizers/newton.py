"""Newton's method for tiny networks: the whole Hessian, its eigenvalues, and a step that they scale.

The Hessian is measured: for each weight two evaluations with the weight moved a little, whose gradients differ by a
line of it (right to about ten digits in float64). Each of these is a step of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import flag, number
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import mark_not_finite, scratch
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.partial import once, room
from nnplay.kernels.eigenvalues import diagonalise
from nnplay.kernels.operands import dimension, flat, matrix, pointer, ratio, shifted, size
from nnplay.operations.search.report import (
    ACCEPTED,
    COSINE,
    FRESH,
    LENGTH,
    LOOKS,
    LOSS,
    MOVED,
    OWN,
    REJECTED,
    SCALE,
    SIZE,
    TRIAL,
)
from nnplay.operations.search.trial import TRIAL as TRY
from nnplay.records.cuda_work import AloneRow
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation, Use
from nnplay.records.optimizer import OptimizerRecord, verdict
from nnplay.records.whole_rule import WholeRule, WholeSizes
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]
#: Weights at the most: a step takes twice as many evaluations, and one.
MOST: Final = 64
#: 1 while the Hessian is being measured; which weight is moved, and which way: 0 up, 1 down.
PROBES: Final = OWN
COLUMN: Final = OWN + 1
SIDE: Final = OWN + 2
#: Where the settings stand.
_PROBE, _FLOOR, _SADDLE = 1, 2, 3
#: Share of a step below which the search begins anew.
_LEAST: Final = 1e-6

NEWTON = OptimizerRecord(
    name="newton",
    title="Newton",
    about="Measures how the slope changes with every weight, and jumps to where it would be 0.",
    when="Networks of a few weights, to see the curvature itself: its eigenvalues are in the inspector.",
    fields=(
        number("lr", 1.0, "share of the step that is tried", low=0.0, live=True),
        number("probe", 1e-4, "how far a weight is moved to measure the curvature", low=1e-12, live=True),
        number("floor", 1e-6, "least curvature, as a share of the largest", low=1e-15, high=1.0, live=True),
        flag("saddle_free", True, "go down where the loss curves down, and not up to the saddle", live=True),
    ),
    slots=(),
    rule=None,
    whole=lambda sizes, values: rule(sizes),
    most_weights=MOST,
    torch="PyTorch has none; torch.func.hessian gives the matrix",
    cases=({"lr": 1.0}, {"lr": 0.5, "saddle_free": False}),
    refused=(Refused({"probe": 0}, (), "≥ 1e-12"), Refused({"floor": 2}, (), "≤ 1")),
)


def rule(sizes: WholeSizes) -> WholeRule:
    """The rows: the Hessian is measured by two evaluations a weight."""
    span, M = sizes.span, sizes.weights
    return WholeRule(
        slots={
            "search": (SIZE,), "point": (span,), "move": (span,), "slope": (span,), "hessian": (M, M),
            "eigenvalues": (M,),
        },
        scratch={},
        constants={"places": sizes.places.astype(float)},
        trial=Use(TRY),
        judge=(Use(TAKE_IN),),
        update=(Use(CHOOSE),),
    )  # fmt: skip


# -- taking in an evaluation -----------------------------------------------------------------------------------------


@inline
def judge(s: Any, loss: Any, M: int) -> int:
    """Takes in a loss: all but vectors and the Hessian. Returns what becomes of these.

    2k or 2k + 1 for the first or second gradient of line k, −1 where the point is accepted, −2 where it is not.
    """
    s[TRIAL] = loss
    s[LOOKS] += 1.0
    s[MOVED] = 0.0
    if s[FRESH] == 0.0 and s[PROBES] != 0.0:
        k = min(int(s[COLUMN]), M - 1)
        if s[SIDE] == 0.0:
            s[SIDE] = 1.0
            return 2 * k
        s[SIDE] = 0.0
        s[COLUMN] = k + 1.0
        if k + 1 == M:
            s[PROBES] = 0.0
        return 2 * k + 1
    if s[FRESH] != 0.0 or loss < s[LOSS]:
        s[MOVED] = 1.0
        s[LOSS] = loss
        s[ACCEPTED] += 1.0 - s[FRESH]
        s[SCALE] = 1.0
        s[PROBES] = 1.0
        s[COLUMN] = 0.0
        s[SIDE] = 0.0
        return -1
    s[REJECTED] += 1.0
    s[SCALE] = s[SCALE] * 0.5
    if s[SCALE] < _LEAST:
        s[LOOKS] = 0.0
    return -2


@kernel
def take_in(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Judges w (P,), or takes the gradient g (P,) there as half of a line of the Hessian (M, M); w ← the best point.

    g becomes the slope at that point, and accepted (1,) the loss there.
    """
    settings, loss, g, w = flat(row, memory, 0), flat(row, memory, 1)[0], flat(row, memory, 2), flat(row, memory, 3)
    point, s, slope, H = flat(row, memory, 4), flat(row, memory, 5), flat(row, memory, 6), matrix(row, memory, 7)
    places, M = flat(row, memory, 8), dimension(row, 7, 0)
    action = judge(s, loss, M)
    if action >= 0:
        k = action // 2
        for m in range(M):
            here = g[int(places[m])]
            H[k, m] = here if action == 2 * k else (H[k, m] - here) / (2.0 * settings[_PROBE])
    for i in range(w.size):
        if action == -1:
            point[i] = w[i]
            slope[i] = g[i]
        w[i] = point[i]
        g[i] = slope[i]
    flat(row, memory, 15)[0] = s[LOSS]


@kernel
def judge_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `take_in` does to search (S,) and accepted (1,); sums[0] = what `judge` returns."""
    s = pointer(row, memory, 5)
    room(row, memory)[0] = judge(s, pointer(row, memory, 1)[0], dimension(row, 7, 0))
    pointer(row, memory, 15)[0] = s[LOSS]


@kernel
def line_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `take_in` does to the Hessian (M, M): every parts-th number of a line."""
    g, H, places = pointer(row, memory, 2), pointer(row, memory, 7), pointer(row, memory, 8)
    action, M, twice = int(room(row, memory)[0]), dimension(row, 7, 0), 2.0 * pointer(row, memory, 0)[_PROBE]
    k = ratio(action, 2) if action >= 0 else 0
    m = part
    while action >= 0 and m < M:
        here = g[int(places[m])]
        H[k * M + m] = here if action == 2 * k else (H[k * M + m] - here) / twice
        m += row[ROW_PARTS]


@kernel
def follow_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `take_in` does to vectors (P,): every parts-th number."""
    g, w, point, slope = (
        pointer(row, memory, 2),
        pointer(row, memory, 3),
        pointer(row, memory, 4),
        pointer(row, memory, 6),
    )
    accepted = int(room(row, memory)[0]) == -1
    at = part
    while at < size(row, 2):
        if accepted:
            point[at] = w[at]
            slope[at] = g[at]
        w[at] = point[at]
        g[at] = slope[at]
        at += row[ROW_PARTS]


def _taken_in(
    settings: Array, loss: Array, g: Array, w: Array, point: Array, s: Array, slope: Array, h: Array, places: Array
) -> tuple[Array, ...]:
    s, h, own = s.copy(), h.copy(), g[places.astype(int)]
    s[TRIAL], s[MOVED] = loss[0], 0
    s[LOOKS] += 1
    if s[FRESH] != 0 or s[PROBES] == 0:
        if s[FRESH] != 0 or loss[0] < s[LOSS]:
            s[ACCEPTED] += 1 - s[FRESH]
            s[MOVED], s[LOSS], s[SCALE], s[PROBES], s[COLUMN], s[SIDE] = 1, loss[0], 1, 1, 0, 0
            point, slope = w, g
        else:
            s[REJECTED] += 1
            s[SCALE] *= 0.5
            s[LOOKS] *= s[SCALE] >= _LEAST
    else:
        k = min(int(s[COLUMN]), len(h) - 1)
        if s[SIDE] == 0:
            h[k], s[SIDE] = own, 1
        else:
            h[k], s[SIDE], s[COLUMN] = (h[k] - own) / (2 * settings[_PROBE]), 0, k + 1
            s[PROBES] *= k + 1 < len(h)
    return slope, point, point, s, slope, h, s[LOSS : LOSS + 1]


def _taken_element(at: Any, *read: Named) -> Term:
    value = float(_taken_in(*(item.array for item in read))[0][at])
    return Term(value, "g at the accepted point", f"{value:.4g}")


TAKE_IN: Operation = Operation(
    name="take in an evaluation",
    kernel=take_in,
    cuda=(CudaRow(judge_cuda, once), CudaRow(line_cuda), CudaRow(follow_cuda)),
    reads=("optimizer", "loss", "gradients", "parameters", "point", "search", "slope", "hessian", "places"),
    writes=("gradients", "parameters", "point", "search", "slope", "hessian", "accepted"),
    reference=_taken_in,
    formula="H[k] ← (g(w + h·e_k) − g(w − h·e_k)) / 2h",
    words="A trial that lowers the loss is kept. Then each weight is moved up and down a little: how the gradient "
    "differs is a line of the Hessian.",
    element=_taken_element,
    torch="torch.func.hessian",
)


# -- the next point --------------------------------------------------------------------------------------------------


@inline
def step(
    A: Any, V: Any, settings: Any, s: Any, slope: Any, places: Any, move: Any, values: Any, M: int
) -> None:  # fmt: skip
    """A step by the eigenpairs of A (M, M), which becomes diagonal; see `choose`. V (M, M) is room."""
    diagonalise(A, V, M)
    largest = A[0] * 0.0
    for i in range(M):
        largest = max(largest, abs(A[i * M + i]))
    rate = settings[0] * s[SCALE]
    for k in range(M):
        along = largest * 0.0
        for m in range(M):
            along += V[m * M + k] * slope[int(places[m])]
        curve = A[k * M + k]
        size = max(abs(curve), settings[_FLOOR] * largest)
        down = -size if curve < 0.0 and settings[_SADDLE] == 0.0 else size
        for m in range(M):
            if size > 0.0:
                move[int(places[m])] -= rate * along / down * V[m * M + k]
    for k in range(M):
        rank = 0
        for m in range(M):
            lower = A[m * M + m] < A[k * M + k] or (A[m * M + m] == A[k * M + k] and m < k)
            rank += 1 if lower else 0
        values[rank] = A[k * M + k]
    lengths, pulls, both = largest * 0.0, largest * 0.0, largest * 0.0
    for i in range(move.size):
        lengths += move[i] * move[i]
        pulls += slope[i] * slope[i]
        both -= move[i] * slope[i]
    s[LENGTH] = math.sqrt(lengths)
    size = math.sqrt(lengths) * math.sqrt(pulls)
    s[COSINE] = both / size if size > 0.0 else 0.0 * size


@kernel
def choose(row: Any, clock: Any, memory: Any, part: int) -> None:
    """move (P,) ← ±probe for the weight that is measured; else −lr·scale·Σ v·(v·g)/λ over eigenpairs of H (M, M).

    Eigenvalues (M,) are in rising order; one smaller than floor times the largest counts as that.
    """
    settings, s, slope = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    H, places, move, values = matrix(row, memory, 3), flat(row, memory, 4), flat(row, memory, 6), flat(row, memory, 8)
    M, wrong = dimension(row, 3, 0), np.int32(0)
    for i in range(move.size):
        move[i] = 0.0
    if s[PROBES] != 0.0:
        k = min(int(s[COLUMN]), M - 1)
        move[int(places[k])] = settings[_PROBE] if s[SIDE] == 0.0 else -settings[_PROBE]
    else:
        A, V = scratch(4096), scratch(4096)
        for i in range(M):
            for j in range(M):
                A[i * M + j] = (H[i, j] + H[j, i]) / 2.0
        step(A, V, settings, s, slope, places, move, values, M)
    for i in range(move.size):
        wrong = mark_not_finite(wrong, move[i])
    flat(row, memory, 9)[0] = verdict(wrong)


def two_matrices(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """A part for each number of two matrices like the Hessian."""
    return 2 * sizes[3]


@kernel
def mirror_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums = (H + Hᵀ) / 2, and room behind it for as many numbers; move = 0 in the place of that number."""
    H, M, move = pointer(row, memory, 3), dimension(row, 3, 0), pointer(row, memory, 6)
    if part < M * M:
        i = ratio(part, M)
        room(row, memory)[part] = (H[part] + H[(part - i * M) * M + i]) / 2.0
    at = part
    while at < size(row, 6):
        move[at] = 0.0
        at += row[ROW_PARTS]


@kernel
def choose_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `choose`, from (H + Hᵀ) / 2 (M, M) in sums; by one thread, as each rotation needs the one in front of it."""
    settings, s, slope = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    places, move, values, A = flat(row, memory, 4), flat(row, memory, 6), flat(row, memory, 8), room(row, memory)
    M, wrong = dimension(row, 3, 0), np.int32(0)
    if s[PROBES] != 0.0:
        k = min(int(s[COLUMN]), M - 1)
        move[int(places[k])] = settings[_PROBE] if s[SIDE] == 0.0 else -settings[_PROBE]
    else:
        step(A, shifted(A, M * M), settings, s, slope, places, move, values, M)
    for i in range(move.size):
        wrong = mark_not_finite(wrong, move[i])
    flat(row, memory, 9)[0] = verdict(wrong)


def _choose_work(sizes: Sequence[int], integers: Sequence[int]) -> tuple[int, int]:
    """Some 8 sweeps of M²/2 rotations of 12·M multiply-adds each, once in 2·M + 1 steps, by one thread."""
    return 24 * sizes[3], 1


def _chosen(
    settings: Array, s: Array, slope: Array, h: Array, places: Array, values: Array
) -> tuple[Array, Array, Array]:
    move, own = np.zeros(len(slope)), places.astype(int)
    if s[PROBES] != 0:
        move[own[min(int(s[COLUMN]), len(h) - 1)]] = settings[_PROBE] * (1 if s[SIDE] == 0 else -1)
        return move, s, values
    s, (values, vectors) = s.copy(), np.linalg.eigh((h + h.T) / 2)
    size = np.maximum(np.abs(values), settings[_FLOOR] * np.max(np.abs(values)))
    down = np.where((values < 0) & (settings[_SADDLE] == 0), -size, size)
    step = vectors @ ((vectors.T @ slope[own]) / np.where(size > 0, down, np.inf))
    move[own] = -settings[0] * s[SCALE] * step
    both = float(np.linalg.norm(move) * np.linalg.norm(slope))
    s[LENGTH], s[COSINE] = np.linalg.norm(move), -np.dot(move, slope) / both if both > 0 else 0
    return move, s, values


def _choose_element(at: Any, *read: Named) -> Term:
    value = float(_chosen(*(item.array for item in read))[0][at])
    return as_term(value) if value == 0 else Term(value, "−lr·(|H|⁻¹·g), or ±probe", f"{value:.4g}")


CHOOSE: Operation = Operation(
    name="choose the next point",
    kernel=choose,
    cuda=(CudaRow(mirror_cuda, two_matrices), AloneRow(choose_cuda, once, _choose_work)),
    reads=("optimizer", "search", "slope", "hessian", "places", "eigenvalues"),
    writes=("move", "search", "eigenvalues", "finite_flags"),
    reference=_chosen,
    formula="move = −lr·Σ v·(v·g)/|λ|, over the eigenvalues λ and eigenvectors v of H",
    words="Far where the loss is flat, a little way where it curves much. Where it curves down, the way down is gone, "
    "unless saddle_free is off.",
    element=_choose_element,
    torch="",
)
