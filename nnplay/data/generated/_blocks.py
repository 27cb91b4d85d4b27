"""What generated sets share: their fields, and rows made in seeded blocks, so that fewer rows begin like more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.progress import report
from nnplay.fields import Field, integer, number

Rows = dict[str, NDArray[Any]]

#: Rows of a block; a block has random numbers of its own.
BLOCK: Final = 1000

SEED: Final = integer(
    "seed", 0, "start of the random numbers: the same seed gives the same rows", low=0, high=2**32 - 1
)


def samples(default: int, what: str) -> Field:
    """The field for how many rows to make."""
    return integer("samples", default, f"number of {what}", high=1_000_000)


def noise(default: float, what: str) -> Field:
    """The field for how far rows are disturbed."""
    return number("noise", default, what, low=0.0, high=1.0)


def in_blocks(count: int, seed: int, what: str, make: Callable[[NDArray[np.int64], np.random.Generator], Rows]) -> Rows:
    """Rows 0 … count-1, made block by block and joined.

    Args:
        what: said to whoever listens for progress.
        make: from the numbers of a whole block's rows (BLOCK,) and its random numbers to arrays (BLOCK, …) by name.
    """
    blocks = []
    for start in range(0, count, BLOCK):
        block = make(np.arange(start, start + BLOCK), np.random.Generator(np.random.PCG64([seed, start // BLOCK])))
        wanted = min(BLOCK, count - start)
        blocks.append({name: rows[:wanted] for name, rows in block.items()})
        report(start + wanted, count, what)
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
