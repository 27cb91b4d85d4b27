"""The loss of a whole part of the data, which is evaluated block by block.

The loop adds up what each block gives, times the block's rows, and divides by all rows. So where the loss of many rows
is not the mean of what their blocks come to (Dice, weighted means), a block gives what it *adds*: the loss of all rows
so far, times their number, less what the blocks before have given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import inline

Array = NDArray[Any]


@inline
def add_block(tally: Any, at: int, first: bool, rows: int, so_far: Any) -> Any:
    """What a block gives; tally[at] (rows so far) and tally[at + 1] (what was given so far) move on.

    `so_far` is the loss of all rows up to the end of the block.
    """
    before = 0.0 if first else tally[at]
    given = 0.0 if first else tally[at + 1]
    tally[at] = before + rows
    tally[at + 1] = so_far * tally[at]
    return (tally[at + 1] - given) / rows


def block_added(tally: Array, first: bool, rows: int, so_far: Any) -> tuple[Any, Array]:
    """The same in NumPy: what a block gives, and the new tally (2,)."""
    before, given = (0.0, 0.0) if first else (float(tally[0]), float(tally[1]))
    now = so_far * (before + rows)
    return (now - given) / rows, np.array([before + rows, now])
