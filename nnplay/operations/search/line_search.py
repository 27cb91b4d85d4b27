"""A line search that meets the strong Wolfe conditions, one evaluation at a time (PyTorch's `strong_wolfe`).

Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6. A search goes out from a point along a direction d:
it first brackets a length t that is good enough, then zooms in. `search_on` is told what an evaluation came to, and
says what next; it works on the numbers of `nnplay.operations.search.report`, so a search can stop at any evaluation.
"""

from __future__ import annotations

import math
from typing import Any, Final

from nnplay.kernels.compile.jit import inline
from nnplay.operations.search.report import LOSS, OWN

#: Searches along directions so far.
DIRECTIONS: Final = OWN
#: What the evaluation under way is for: 0 the point itself, 1 to bracket, 2 to zoom.
PHASE: Final = OWN + 1
#: The length that is tried, and the one before it with loss and slope along d.
T: Final = OWN + 2
T_BEFORE: Final = OWN + 3
F_BEFORE: Final = OWN + 4
SLOPE_BEFORE: Final = OWN + 5
#: Slope along d where the search begins.
SLOPE: Final = OWN + 6
#: The bracket's two lengths, losses, and slopes along d: `near` and `far` are the gradients there.
ENDS: Final = OWN + 7
LOSSES: Final = OWN + 9
SLOPES: Final = OWN + 11
TURNS: Final = OWN + 13
#: 1 after a zoom that came near an end of the bracket.
STUCK: Final = OWN + 14
#: Which end of the bracket is the lower one.
LOW: Final = OWN + 15
#: Largest number of d, and its length.
REACH: Final = OWN + 16
SPAN: Final = OWN + 17
#: 1 where the search has come to its end: the lower end is where it goes.
ARRIVED: Final = OWN + 18
#: Pairs in the history of L-BFGS, and where the newest stands; what a direction begins with.
PAIRS: Final = OWN + 19
NEWEST: Final = OWN + 20
CURVATURE: Final = OWN + 21

#: Armijo's and the curvature condition; the change of parameters that is none; evaluations of a search at the most.
C1: Final = 1e-4
NO_CHANGE: Final = 1e-9
MOST_TURNS: Final = 25

#: What becomes of the gradients at the ends of the bracket, in the order in which it is done.
NEAR_TO_FAR: Final = 1
FAR_TO_NEAR: Final = 2
TRIAL_TO_NEAR: Final = 4
TRIAL_TO_FAR: Final = 8
START_TO_NEAR: Final = 16


@inline
def minimum_of_cubic(x1: Any, f1: Any, g1: Any, x2: Any, f2: Any, g2: Any, low: Any, high: Any) -> Any:
    """Where the cubic through two points with these values and slopes is lowest, within bounds; else their middle."""
    d1 = g1 + g2 - 3.0 * (f1 - f2) / (x1 - x2)
    square = d1 * d1 - g1 * g2
    if not square >= 0.0:
        return (low + high) / 2.0
    d2 = math.sqrt(square)
    if x1 <= x2:
        found = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2.0 * d2))
    else:
        found = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2.0 * d2))
    if not math.isfinite(found):
        return (low + high) / 2.0
    return min(max(found, low), high)


@inline
def search_on(s: Any, f: Any, slope: Any, c2: Any) -> int:
    """Takes in what the evaluation at length s[T] came to, loss and slope along d; returns what becomes of gradients.

    Afterwards s[ARRIVED] says whether the search is over; if not, s[T] is the length to be tried next. A loss that is
    not finite counts as too high: the search goes half way back.
    """
    s[ARRIVED] = 0.0
    action: int = bracket(s, f, slope, c2) if s[PHASE] == 1.0 else zoom(s, f, slope, c2)
    return action


@inline
def bracket(s: Any, f: Any, slope: Any, c2: Any) -> int:
    """The first phase: goes further out until a good length lies between two."""
    t, t_before = s[T], s[T_BEFORE]
    if not (math.isfinite(f) and math.isfinite(slope)):
        s[TURNS] += 1.0
        if s[TURNS] >= MOST_TURNS:
            begin_nowhere(s)
            return START_TO_NEAR
        s[T] = t_before + (t - t_before) / 2.0
        return 0
    if s[TURNS] >= MOST_TURNS:
        set_end(s, 0, s[T] * 0.0, s[LOSS], s[SLOPE])
        set_end(s, 1, t, f, slope)
        choose_low(s)
        s[ARRIVED] = 1.0
        return START_TO_NEAR + TRIAL_TO_FAR
    high = f > s[LOSS] + C1 * t * s[SLOPE] or (s[TURNS] > 1.0 and f >= s[F_BEFORE])
    good = abs(slope) <= -c2 * s[SLOPE]
    if high or (slope >= 0.0 and not good):
        set_end(s, 0, t_before, s[F_BEFORE], s[SLOPE_BEFORE])
        set_end(s, 1, t, f, slope)
        choose_low(s)
        s[PHASE] = 2.0
        s[STUCK] = 0.0
        narrow(s)
        return TRIAL_TO_FAR
    if good:
        set_end(s, 0, t, f, slope)
        set_end(s, 1, t, f, slope)
        s[LOW] = 0.0
        s[ARRIVED] = 1.0
        return TRIAL_TO_NEAR
    s[T] = minimum_of_cubic(
        t_before, s[F_BEFORE], s[SLOPE_BEFORE], t, f, slope, t + 0.01 * (t - t_before), t * 10.0
    )  # fmt: skip
    s[T_BEFORE] = t
    s[F_BEFORE] = f
    s[SLOPE_BEFORE] = slope
    s[TURNS] += 1.0
    return TRIAL_TO_NEAR


@inline
def zoom(s: Any, f: Any, slope: Any, c2: Any) -> int:
    """The second phase: makes the bracket smaller around a good length."""
    t = s[T]
    low = int(s[LOW])
    high = 1 - low
    s[TURNS] += 1.0
    done = False
    action = 0
    if not (math.isfinite(f) and math.isfinite(slope)):
        s[ENDS + high] = t
        s[LOSSES + high] = s[LOSSES + low] + abs(s[LOSSES + low]) + 1.0
        s[SLOPES + high] = -s[SLOPES + low]
    elif f > s[LOSS] + C1 * t * s[SLOPE] or f >= s[LOSSES + low]:
        set_end(s, high, t, f, slope)
        choose_low(s)
        action = TRIAL_TO_FAR if high == 1 else TRIAL_TO_NEAR
    else:
        if abs(slope) <= -c2 * s[SLOPE]:
            done = True
        elif slope * (s[ENDS + high] - s[ENDS + low]) >= 0.0:
            set_end(s, high, s[ENDS + low], s[LOSSES + low], s[SLOPES + low])
            action = NEAR_TO_FAR if high == 1 else FAR_TO_NEAR
        set_end(s, low, t, f, slope)
        action += TRIAL_TO_FAR if low == 1 else TRIAL_TO_NEAR
    if done or s[TURNS] >= MOST_TURNS:
        s[ARRIVED] = 1.0
    else:
        narrow(s)
    return action


@inline
def narrow(s: Any) -> None:
    """Chooses the next length within the bracket, or ends the search where that is too small."""
    a, b = s[ENDS], s[ENDS + 1]
    first, last = min(a, b), max(a, b)
    if s[TURNS] >= MOST_TURNS or (last - first) * s[REACH] < NO_CHANGE:
        s[ARRIVED] = 1.0
        return
    t = minimum_of_cubic(a, s[LOSSES], s[SLOPES], b, s[LOSSES + 1], s[SLOPES + 1], first, last)
    edge = 0.1 * (last - first)
    if min(last - t, t - first) < edge:
        if s[STUCK] != 0.0 or t >= last or t <= first:
            t = last - edge if abs(t - last) < abs(t - first) else first + edge
            s[STUCK] = 0.0
        else:
            s[STUCK] = 1.0
    else:
        s[STUCK] = 0.0
    s[T] = t


@inline
def begin_nowhere(s: Any) -> None:
    """Ends a search that found no finite loss: it stays where it began."""
    set_end(s, 0, s[T] * 0.0, s[LOSS], s[SLOPE])
    set_end(s, 1, s[T] * 0.0, s[LOSS], s[SLOPE])
    s[LOW] = 0.0
    s[ARRIVED] = 1.0


@inline
def set_end(s: Any, end: int, t: Any, f: Any, slope: Any) -> None:
    """Puts length, loss and slope at an end of the bracket."""
    s[ENDS + end] = t
    s[LOSSES + end] = f
    s[SLOPES + end] = slope


@inline
def choose_low(s: Any) -> None:
    """The end with the lower loss."""
    s[LOW] = 0.0 if s[LOSSES] <= s[LOSSES + 1] else 1.0
