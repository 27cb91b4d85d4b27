"""A number for each row of inputs by which equal rows are found."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Inputs that are looked at together.
_PIECE: Final = 1 << 16
#: Odd, with its bits spread evenly; its multiples are (a step of Knuth's multiplicative hashing, 64 bits of the golden
#: ratio).
_GOLDEN: Final = 0x9E3779B97F4A7C15


def row_keys(x: NDArray[Any]) -> NDArray[np.uint64]:
    """For rows (N, …) keys (N,): the same for rows whose bits are the same, and by all chances for no others."""
    rows = np.ascontiguousarray(x).reshape(len(x), -1)
    bits = rows.view(f"u{rows.dtype.itemsize}")
    keys = np.zeros(len(x), dtype=np.uint64)
    factors = _scrambled(np.arange(1, bits.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
    step = max(1, _PIECE // bits.shape[1])
    for first in range(0, len(x), step):
        piece = _scrambled(bits[first : first + step].astype(np.uint64) + factors)
        keys[first : first + step] = (piece * factors).sum(axis=1, dtype=np.uint64)
    return keys


def _scrambled(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each number with all its bits mixed (the end of SplitMix64; Steele, Lea and Flood, 2014)."""
    mixed = numbers * np.uint64(_GOLDEN)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
