"""What kernels that count right answers share, on a processor and on a graphics card."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnplay.kernels.abi import CLOCK_BATCH
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.operands import dimension, flat
from nnplay.operations.whole import add_block


@inline
def is_largest(z: Any, C: int, label: int) -> bool:
    """Whether the largest of z (C,), the first of several, has that number."""
    best = 0
    for c in range(1, C):
        if z[c] > z[best]:
            best = c
    return best == label


@inline
def add_to_tally(row: Any, clock: Any, memory: Any, more_right: Any, more_kept: Any) -> None:
    """Adds what one block of rows came to, and writes its score."""
    score, tally = flat(row, memory, 3), flat(row, memory, 4)
    first, rows = clock[CLOCK_BATCH] == 0, dimension(row, 0, 0)
    right = np.float64(0.0 if first else tally[0]) + more_right
    kept = np.float64(0.0 if first else tally[1]) + more_kept
    tally[0] = right
    tally[1] = kept
    score[0] = rows * add_block(tally, 2, first, rows, 0.0 if kept == 0.0 else right / kept)
