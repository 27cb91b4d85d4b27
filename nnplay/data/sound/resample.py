"""Sounds at another rate: a windowed sinc, from + - * / alone, so that it has the same bits on every processor."""

from __future__ import annotations

import functools
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact

Floats = NDArray[np.float64]
#: Zero crossings of the sinc on each side.
_CROSSINGS: Final = 12
#: Phases between two values; rates that have more in common with no other are refused by nobody, only rounded.
_MOST_PHASES: Final = 4096


def resample(wave: NDArray[np.float32], old: int, new: int) -> NDArray[np.float32]:
    """A wave (n,) of `old` values a second as one of `new` (ceil(n·new/old),).

    y[m] = Σ x[k] h(m·old/new − k), where h is a sinc below half of the lower rate, in a Hann window.
    """
    if old == new:
        return wave
    weights, reach = _weights(old, new)
    phases = len(weights)
    count = -(-len(wave) * new // old)
    place = np.arange(count, dtype=np.int64) * old
    first, rest = place // new, place % new
    phase = rest * phases // new
    padded = np.concatenate([np.zeros(reach), wave.astype(np.float64), np.zeros(reach + 1)])
    chosen = weights[phase]
    result = np.zeros(count)
    for tap in range(weights.shape[1]):
        result += padded[np.minimum(first + tap, len(padded) - 1)] * chosen[:, tap]
    return result.astype(np.float32)


@functools.lru_cache(maxsize=16)
def _weights(old: int, new: int) -> tuple[Floats, int]:
    """For each phase the weights of the values around (phases, 2·reach + 1), and how far they reach."""
    phases = min(_MOST_PHASES, new // math.gcd(old, new))
    cut = min(1.0, new / old)
    reach = math.ceil(_CROSSINGS / cut)
    offset = np.arange(-reach, reach + 1)[None, :] - (np.arange(phases) / phases)[:, None]
    x = offset * cut
    within = np.abs(x) < _CROSSINGS
    window = np.where(within, 0.5 + 0.5 * exact.cos(np.pi / _CROSSINGS * np.clip(x, -_CROSSINGS, _CROSSINGS)), 0.0)
    safe = np.where(x == 0, 1.0, x)
    sinc = np.where(x == 0, 1.0, exact.sin(np.pi * safe) / (np.pi * safe))
    return np.asarray(sinc * window * cut), reach
