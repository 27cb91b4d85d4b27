"""Sums over all paths that spell a sequence of labels with blanks between them, step by step in logarithms.

A path is in one of 2S + 1 states at each step: blanks are even, labels odd. `paths` (N, T + 1, 2T + 1) is room for one
row of states a step, and one more.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.elementary import exp, log

Array = NDArray[Any]
#: The logarithm of what cannot be, and from where on a path counts as such: of the tape's type, and for definitions.
NEVER = DTYPE(-1e30)
IMPOSSIBLE = DTYPE(-1e29)
NEVER_LOG: Final = -1e30
IMPOSSIBLE_LOG: Final = -1e29


def spelled_states(labels: Array) -> Array:
    """Labels with blanks before, between and behind them, up to the padding."""
    count = int(np.argmax(labels == 0)) if (labels == 0).any() else len(labels)
    states = np.zeros(2 * count + 1, np.int64)
    states[1::2] = labels[:count]
    return states


def _skips(states: Array) -> Array:
    """Which states may be entered from the last but one: labels that differ from the label before."""
    skips = np.zeros(len(states), np.bool_)
    skips[3::2] = states[3::2] != states[1:-2:2]
    return skips


def sum_forward(logs: Array, states: Array) -> Array:
    """Logarithms α (T, L) of the probabilities of all beginnings that end in a state."""
    alpha = np.full((len(logs), len(states)), NEVER_LOG)
    alpha[0, :2] = logs[0, states[:2]]
    for t in range(1, len(logs)):
        one, two = np.full(len(states), NEVER_LOG), np.full(len(states), NEVER_LOG)
        one[1:], two[2:] = alpha[t - 1, :-1], np.where(_skips(states)[2:], alpha[t - 1, :-2], NEVER_LOG)
        alpha[t] = np.logaddexp(np.logaddexp(alpha[t - 1], one), two) + logs[t, states]
    return alpha


def sum_backward(logs: Array, states: Array) -> Array:
    """Logarithms β (T, L) of the probabilities of all endings from a state on, with its own step."""
    return np.asarray(sum_forward(logs[::-1], states[::-1])[::-1, ::-1])


@inline
def add_logs(a: Any, b: Any, c: Any) -> Any:
    """log(eᵃ + eᵇ + eᶜ), NEVER where all three are impossible."""
    top = max(a, b, c)
    summed = raised(a - top) + raised(b - top) + raised(c - top)
    return NEVER if top <= IMPOSSIBLE else top + log(summed)


@inline
def raised(x: Any) -> Any:
    """eˣ for x up to 0; 0 far below, however far."""
    return exp(x) if x > -80.0 else 0.0


@inline
def count_labels(target: Any, n: int) -> int:
    """Labels of row n before the padding."""
    count = 0
    while count < target.shape[1] and int(target[n, count]) != 0:
        count += 1
    return count


@inline
def state_label(target: Any, n: int, s: int) -> int:
    """The class of state s of row n: blanks are even, labels odd."""
    return int(target[n, s // 2]) if s % 2 == 1 else 0


@inline
def skips_to(target: Any, n: int, s: int) -> bool:
    """Whether state s may follow state s − 2: a label that differs from the one before."""
    return s % 2 == 1 and s >= 3 and int(target[n, s // 2]) != int(target[n, s // 2 - 1])


@inline
def run_forward(target: Any, logs: Any, paths: Any, n: int, T: int, L: int) -> Any:
    """paths[n, t, s] = α, less the largest of its step; returns the logarithm of the probability of the labels."""
    offset = np.float64(0)
    for t in range(T):
        top = NEVER
        for s in range(L):
            if t == 0:
                before = DTYPE(0.0) if s < 2 else NEVER
            else:
                one = paths[n, t - 1, s - 1] if s >= 1 else NEVER
                two = paths[n, t - 1, s - 2] if skips_to(target, n, s) else NEVER
                before = add_logs(paths[n, t - 1, s], one, two)
            paths[n, t, s] = before + logs[n, t, state_label(target, n, s)]
            top = max(top, paths[n, t, s])
        if top > IMPOSSIBLE:
            offset += top
            for s in range(L):
                paths[n, t, s] -= top
    last = paths[n, T - 1, L - 2] if L > 1 else NEVER
    return offset + add_logs(paths[n, T - 1, L - 1], last, NEVER)


@inline
def run_backward(target: Any, occupancy: Any, paths: Any, n: int, T: int, L: int, C: int) -> None:
    """α in paths becomes β step by step; log p in occupancy becomes the share of paths that are at each class."""
    for back in range(T):
        t = T - 1 - back
        top, largest = NEVER, NEVER
        for s in range(L):
            if t == T - 1:
                behind = DTYPE(0.0) if s >= L - 2 else NEVER
            else:
                one = paths[n, t + 1, s + 1] if s + 1 < L else NEVER
                two = NEVER
                if s + 2 < L:
                    two = paths[n, t + 1, s + 2] if skips_to(target, n, s + 2) else NEVER
                behind = add_logs(paths[n, t + 1, s], one, two)
            paths[n, T, s] = paths[n, t, s] + behind
            paths[n, t, s] = behind + occupancy[n, t, state_label(target, n, s)]
            top, largest = max(top, paths[n, t, s]), max(largest, paths[n, T, s])
        summed = np.float64(0)
        for s in range(L):
            if top > IMPOSSIBLE:
                paths[n, t, s] -= top
            paths[n, T, s] = raised(paths[n, T, s] - largest)
            summed += paths[n, T, s]
        for c in range(C):
            occupancy[n, t, c] = 0.0
        for s in range(L):
            occupancy[n, t, state_label(target, n, s)] += paths[n, T, s] / summed
