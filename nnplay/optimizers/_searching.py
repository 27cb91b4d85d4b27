"""What optimizers share that search along directions: a row that takes in an evaluation, and what is kept meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.partial import once, room
from nnplay.kernels.cuda.shares import dot, largest, shares_in, sums, top, total
from nnplay.kernels.operands import flat, part_of, pointer, ratio, shifted, size
from nnplay.operations.search import line_search as ls
from nnplay.operations.search.report import ACCEPTED, COSINE, FRESH, LENGTH, LOOKS, LOSS, MOVED, REJECTED, SIZE, TRIAL
from nnplay.operations.search.trial import TRIAL as TRY
from nnplay.records.operation import CudaRow, Operation, Shape, Use
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
def decide(s: Any, loss: Any, inner: Any, c2: Any, searches: Any) -> int:
    """Takes in the loss at point + t·d and the slope along d there: all but vectors; returns what becomes of these.

    −1 where nothing is searched for, so that w is the accepted point; else see `line_search`.
    """
    s[TRIAL] = loss
    s[LOOKS] += 1.0
    s[MOVED] = 1.0
    s[ls.ARRIVED] = 1.0
    if s[FRESH] != 0.0:
        s[ls.DIRECTIONS] = 0.0
        s[ls.PAIRS] = 0.0
    if s[FRESH] != 0.0 or searches == 0.0 or s[ls.PHASE] == 0.0:
        s[LOSS] = loss
        if s[FRESH] == 0.0:
            s[ACCEPTED] += 1.0
        return -1
    action: int = ls.search_on(s, loss, inner, c2)
    if s[ls.ARRIVED] != 0.0:
        low = int(s[ls.LOW])
        s[ls.T] = s[ls.ENDS + low]
        s[LOSS] = s[ls.LOSSES + low]
        s[ACCEPTED] += 1.0
    else:
        s[MOVED] = 0.0
        s[REJECTED] += 1.0
        s[LENGTH] = s[ls.T] * s[ls.SPAN]
    return action


@inline
def follow(
    action: int, s: Any, g: Any, w: Any, point: Any, along: Any, slope: Any, before: Any, near: Any, far: Any,
    move: Any,
) -> None:  # fmt: skip
    """What `decide` has decided, for vectors (P,): see `take_in`."""
    if action < 0:
        for i in range(w.size):
            before[i] = slope[i]
            slope[i] = g[i]
            point[i] = w[i]
        return
    keep_gradients(action, slope, g, near, far)
    if s[ls.ARRIVED] != 0.0:
        for i in range(point.size):
            before[i] = slope[i]
            slope[i] = near[i] if s[ls.LOW] == 0.0 else far[i]
            point[i] = point[i] + s[ls.T] * along[i]
    for i in range(w.size):
        move[i] = s[ls.T] * along[i]
        w[i] = point[i]
        g[i] = slope[i]


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
    inner = lane_dot(pointer(row, memory, 2), pointer(row, memory, 6), M)
    action = decide(s, loss, inner, settings[C2], settings[SEARCHES])
    follow(action, s, g, w, point, along, slope, before, near, far, move)
    flat(row, memory, 21)[0] = s[LOSS]


@kernel
def slopes_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[p] = share p of g·d, both (P,)."""
    g, along = pointer(row, memory, 2), pointer(row, memory, 6)
    room(row, memory)[part] = dot(g, along, size(row, 2), part, shares_in(row, 1))


@kernel
def decide_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `take_in` does to search (S,) and accepted (1,); sums[0] = what `decide` returns."""
    settings, s = pointer(row, memory, 0), pointer(row, memory, 5)
    inner = total(row, memory, 0, shares_in(row, 1))
    room(row, memory)[0] = decide(s, pointer(row, memory, 1)[0], inner, settings[C2], settings[SEARCHES])
    pointer(row, memory, 21)[0] = s[LOSS]


@kernel
def follow_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `take_in` does to vectors (P,): every parts-th number."""
    g, w, point = part_of(row, memory, 2, part), part_of(row, memory, 3, part), part_of(row, memory, 4, part)
    along, slope, before = part_of(row, memory, 6, part), part_of(row, memory, 7, part), part_of(row, memory, 8, part)
    near, far, move = part_of(row, memory, 9, part), part_of(row, memory, 10, part), part_of(row, memory, 11, part)
    action = int(room(row, memory)[0])
    follow(action, pointer(row, memory, 5), g, w, point, along, slope, before, near, far, move)


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
    cuda=(CudaRow(slopes_cuda, sums(2, 1)), CudaRow(decide_cuda, once), CudaRow(follow_cuda)),
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
    begin_search(s, t, inner, reach, lengths, pulls)
    for i in range(M):
        move[i] = s[ls.T] * along[i]


@inline
def begin_search(s: Any, t: Any, inner: Any, reach: Any, lengths: Any, pulls: Any) -> None:
    """The same of all but vectors: with the slope g·d, the largest number of d, d·d and g·g."""
    moves = inner < 0.0 and math.isfinite(t)
    s[ls.T] = t if moves else t * 0.0
    s[ls.PHASE] = 1.0 if moves else 0.0
    if not moves:
        s[ls.DIRECTIONS] = 0.0
        s[ls.T] = 0.0
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


#: Sums that the card's rows of a direction have room for: five that it begins with, and four of what it came to.
SUMS: Final = 9
#: Where those of the direction stand: g·d, d·d, g·g and the largest number of d.
ALONG: Final = 5


@kernel
def direction_sums_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Shares of g·d, d·d, g·g and the largest number of d, for the slope g and the direction d (P,), by number."""
    g, d, M, shares = pointer(row, memory, 2), pointer(row, memory, 4), size(row, 2), shares_in(row, SUMS)
    found = shifted(room(row, memory), ALONG * shares)
    at = part
    while at < 4 * shares:
        kind = ratio(at, shares)
        share = at - kind * shares
        if kind == 3:
            found[at] = largest(d, M, share, shares)
        else:
            found[at] = dot(d if kind == 1 else g, g if kind == 2 else d, M, share, shares)
        at += row[ROW_PARTS]


@kernel
def begin_search_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `set_out` does to search (S,), once a search has ended: with the length that stands there."""
    s, shares = pointer(row, memory, 1), shares_in(row, SUMS)
    if s[ls.ARRIVED] != 0.0:
        inner, lengths = total(row, memory, ALONG, shares), total(row, memory, ALONG + 1, shares)
        reach, pulls = top(row, memory, ALONG + 3, shares), total(row, memory, ALONG + 2, shares)
        begin_search(s, s[ls.T], inner, reach, lengths, pulls)


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
