"""What optimizers share that search along directions: a row that takes in an evaluation, and what is kept meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.arithmetic import lane_dot
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import flat, pointer
from nnplay.operations.search import line_search as ls
from nnplay.operations.search.report import ACCEPTED, COSINE, FRESH, LENGTH, LOOKS, LOSS, MOVED, REJECTED, SIZE, TRIAL
from nnplay.operations.search.trial import TRIAL as TRY
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.whole_rule import WholeRule, WholeSizes
from nnplay.records.worked import Named, Term

Array = NDArray[Any]
#: Where the settings stand: the learning rate, whether lines are searched, and the curvature condition.
SEARCHES, C2 = 1, 2
#: A slope along d that is no descent.
FLAT: Final = 1e-12


def rule(
    sizes: WholeSizes, direction: Operation, slots: Mapping[str, Shape], scratch: Mapping[str, Shape]
) -> WholeRule:
    """The rows of an optimizer that goes along directions, which that row chooses; all vectors are (P,)."""
    span = (sizes.span,)
    vectors = ("point", "move", "along", "slope", "slope_before", "near", "far")
    return WholeRule(
        slots={"search": (SIZE,), **dict.fromkeys(vectors, span), **slots},
        scratch=scratch,
        trial=Use(TRY),
        judge=(Use(TAKE_IN),),
        update=(Use(direction),),
    )


@inline
def keep_gradients(action: int, slope: Any, g: Any, near: Any, far: Any) -> None:
    """Puts gradients (P,) where the search has moved the ends of its bracket to; near and far (P,) belong to these."""
    for i in range(g.size):
        if action & ls.START_TO_NEAR:
            near[i] = slope[i]
        if action & ls.NEAR_TO_FAR:
            far[i] = near[i]
        if action & ls.FAR_TO_NEAR:
            near[i] = far[i]
        if action & ls.TRIAL_TO_NEAR:
            near[i] = g[i]
        if action & ls.TRIAL_TO_FAR:
            far[i] = g[i]


@inline
def arrive(s: Any, point: Any, along: Any, slope: Any, before: Any, near: Any, far: Any) -> None:
    """Ends a search at the lower end of its bracket: point (P,) moves there, slope (P,) is the gradient there."""
    low = int(s[ls.LOW])
    s[ls.T] = s[ls.ENDS + low]
    s[LOSS] = s[ls.LOSSES + low]
    s[ACCEPTED] += 1.0
    for i in range(point.size):
        before[i] = slope[i]
        slope[i] = near[i] if low == 0 else far[i]
        point[i] = point[i] + s[ls.T] * along[i]


@inline
def begin_at(s: Any, loss: Any, w: Any, g: Any, point: Any, slope: Any, before: Any) -> None:
    """Takes w (P,) as the accepted point, where nothing is searched for."""
    for i in range(w.size):
        before[i] = slope[i]
        slope[i] = g[i]
        point[i] = w[i]
    s[LOSS] = loss
    if s[FRESH] == 0.0:
        s[ACCEPTED] += 1.0


@kernel
def take_in(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Moves the search on by the loss and gradient g (P,) at w = point + t·d.

    Where it arrives, point and w become its end, slope the gradient there, slope_before the one where it began. Where
    it goes on, w ← point and move ← t·d for the next t. g becomes the gradient at w, and accepted (1,) the loss there.
    """
    settings, loss, s = flat(row, memory, 0), flat(row, memory, 1)[0], flat(row, memory, 5)
    g, w, point, along = flat(row, memory, 2), flat(row, memory, 3), flat(row, memory, 4), flat(row, memory, 6)
    slope, before, near = flat(row, memory, 7), flat(row, memory, 8), flat(row, memory, 9)
    far, move, M = flat(row, memory, 10), flat(row, memory, 11), flat(row, memory, 2).size
    s[TRIAL] = loss
    s[LOOKS] += 1.0
    s[MOVED] = 1.0
    s[ls.ARRIVED] = 1.0
    if s[FRESH] != 0.0:
        s[ls.DIRECTIONS] = 0.0
        s[ls.PAIRS] = 0.0
    if s[FRESH] != 0.0 or settings[SEARCHES] == 0.0 or s[ls.PHASE] == 0.0:
        begin_at(s, loss, w, g, point, slope, before)
    else:
        action = ls.search_on(s, loss, lane_dot(pointer(row, memory, 2), pointer(row, memory, 6), M), settings[C2])
        keep_gradients(action, slope, g, near, far)
        if s[ls.ARRIVED] != 0.0:
            arrive(s, point, along, slope, before, near, far)
        else:
            s[MOVED] = 0.0
            s[REJECTED] += 1.0
            s[LENGTH] = s[ls.T] * s[ls.SPAN]
        for i in range(M):
            move[i] = s[ls.T] * along[i]
            w[i] = point[i]
            g[i] = slope[i]
    flat(row, memory, 21)[0] = s[LOSS]


def _taken_in(
    settings: Array, loss: Array, g: Array, w: Array, point: Array, s: Array, along: Array, slope: Array, before: Array,
    near: Array, far: Array, move: Array,
) -> tuple[Array, ...]:  # fmt: skip
    s, f = s.copy(), loss[0]
    s[TRIAL], s[MOVED], s[ls.ARRIVED] = f, 1, 1
    s[LOOKS] += 1
    if s[FRESH] != 0:
        s[ls.DIRECTIONS] = s[ls.PAIRS] = 0
    if s[FRESH] != 0 or settings[SEARCHES] == 0 or s[ls.PHASE] == 0:
        s[LOSS] = f
        s[ACCEPTED] += s[FRESH] == 0
        return g, w, w, s, g, slope, near, far, move, s[LOSS : LOSS + 1]
    action = ls.search_on(s, f, np.dot(g, along), settings[C2])
    near = slope if action & ls.START_TO_NEAR else near
    far = near if action & ls.NEAR_TO_FAR else far
    near = far if action & ls.FAR_TO_NEAR else near
    near = g if action & ls.TRIAL_TO_NEAR else near
    far = g if action & ls.TRIAL_TO_FAR else far
    low = int(s[ls.LOW])
    if s[ls.ARRIVED] != 0:
        s[ls.T], s[LOSS] = s[ls.ENDS + low], s[ls.LOSSES + low]
        s[ACCEPTED] += 1
        before, slope = slope, far if low else near
        point = point + s[ls.T] * along
    else:
        s[MOVED] = 0
        s[REJECTED] += 1
        s[LENGTH] = s[ls.T] * s[ls.SPAN]
    return slope, point, point, s, slope, before, near, far, s[ls.T] * along, s[LOSS : LOSS + 1]


def _element(at: Any, *read: Named) -> Term:
    made = _taken_in(*(item.array for item in read))[0]
    return Term(float(made[at]), "g at the accepted point", f"{made[at]:.4g}")


TAKE_IN: Final = Operation(
    name="take in an evaluation",
    kernel=take_in,
    reads=(
        "optimizer", "loss", "gradients", "parameters", "point", "search", "along", "slope", "slope_before", "near",
        "far", "move",
    ),
    writes=(
        "gradients", "parameters", "point", "search", "slope", "slope_before", "near", "far", "move", "accepted",
    ),
    reference=_taken_in,
    formula="Wolfe: loss ≤ loss₀ + 10⁻⁴·t·g₀·d and |g·d| ≤ c2·|g₀·d|",
    words="A search along a line ends where the loss fell enough and its slope became small. Until then the weights go "
    "back, and another length is tried.",
    element=_element,
    torch="_strong_wolfe of torch.optim.LBFGS",
)  # fmt: skip


# -- what both directions end with ---------------------------------------------------------------------------------


@inline
def set_out(s: Any, t: Any, M: int, along: Any, slope: Any, near: Any, move: Any) -> None:
    """Begins a search at the accepted point along d (M,) with length t; where d is no descent, it stays there."""
    inner, reach = lane_dot(slope, along, M), t * 0.0
    lengths, pulls = lane_dot(along, along, M), lane_dot(slope, slope, M)
    for i in range(M):
        reach = max(reach, abs(along[i]))
        near[i] = slope[i]
    moves = inner < 0.0 and math.isfinite(t)
    s[ls.T] = t if moves else t * 0.0
    s[ls.PHASE] = 1.0 if moves else 0.0
    if not moves:
        s[ls.DIRECTIONS] = 0.0
        s[ls.T] = 0.0
    for i in range(M):
        move[i] = s[ls.T] * along[i]
    s[ls.T_BEFORE] = 0.0
    s[ls.F_BEFORE] = s[LOSS]
    s[ls.SLOPE_BEFORE] = inner
    s[ls.SLOPE] = inner
    s[ls.TURNS] = 0.0
    s[ls.REACH] = reach
    s[ls.SPAN] = math.sqrt(lengths)
    s[LENGTH] = s[ls.T] * s[ls.SPAN]
    both = math.sqrt(lengths) * math.sqrt(pulls)
    s[COSINE] = -inner / both if both > 0.0 else both * 0.0


def set_out_reference(s: Array, t: float, along: Array, slope: Array) -> tuple[Array, Array]:
    """The numbers of a search that begins, and its first move."""
    inner = float(np.dot(slope, along))
    moves = inner < 0 and math.isfinite(t)
    lengths, pulls = float(np.linalg.norm(along)), float(np.linalg.norm(slope))
    s[ls.T], s[ls.PHASE] = (t, 1) if moves else (0, 0)
    s[ls.DIRECTIONS] *= moves
    s[ls.T_BEFORE], s[ls.F_BEFORE], s[ls.SLOPE_BEFORE], s[ls.SLOPE] = 0, s[LOSS], inner, inner
    s[ls.TURNS], s[ls.REACH], s[ls.SPAN] = 0, float(np.max(np.abs(along), initial=0)), lengths
    s[LENGTH], s[COSINE] = s[ls.T] * lengths, -inner / (lengths * pulls) if lengths * pulls > 0 else 0
    return s, s[ls.T] * along


Reference = Callable[..., tuple[Array, ...]]


def element_of(reference: Reference, words: str) -> Callable[..., Term]:
    """An element of the first thing that a definition gives, as a term with these words."""

    def element(at: Any, *read: Named) -> Term:
        value = float(reference(*(item.array for item in read))[0][at])
        return Term(value, words, f"{value:.4g}")

    return element
