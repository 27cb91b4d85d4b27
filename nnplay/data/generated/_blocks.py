"""What generated sets share: their fields, and rows made in seeded blocks, so that fewer rows begin like more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.progress import report
from nnplay.fields import Field, integer, number
from nnplay.system import processors

Rows = dict[str, NDArray[Any]]

#: Rows of a block; a block has random numbers of its own.
BLOCK: Final = 1000
#: Each has the arrays of a block in memory.
_MOST_THREADS: Final = 4

SEED: Final = integer("seed", 0, "random seed: the same seed gives the same rows", low=0, high=2**32 - 1)


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

    def one(start: int) -> Rows:
        block = make(np.arange(start, start + BLOCK), np.random.Generator(np.random.PCG64([seed, start // BLOCK])))
        return {name: rows[: min(BLOCK, count - start)] for name, rows in block.items()}

    blocks = []
    for start, block in _in_threads(one, range(0, count, BLOCK)):
        blocks.append(block)
        report(min(start + BLOCK, count), count, what)
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _in_threads(make: Callable[[int], Rows], starts: range) -> Iterator[tuple[int, Rows]]:
    """`make` of each start, in order; NumPy lets other threads work meanwhile."""
    workers = min(_MOST_THREADS, processors.cores(), len(starts))
    if workers == 1:
        yield from ((start, make(start)) for start in starts)
        return
    from concurrent.futures import ThreadPoolExecutor

    threads = ThreadPoolExecutor(workers)
    try:
        blocks = threads.map(make, starts)
    except RuntimeError:  # the system has no thread left
        blocks = map(make, starts)
    try:
        yield from zip(starts, blocks, strict=True)
    finally:
        threads.shutdown(cancel_futures=True)
