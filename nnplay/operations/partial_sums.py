"""Sums over the batch in a fixed number of chunks, so that threads can share them and the bits stay the same.

The rows of a batch are cut into chunks by their shape alone. Each chunk is summed by itself, in order; a second row
adds up what they came to, in order. However many threads there are, the same numbers are added in the same order.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import convolution as kernels
from nnplay.kernels.cuda import convolution as cuda
from nnplay.records.operation import CudaRow, Operation, Shape
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]
#: Chunks at the most, and the most numbers that all chunks of a sum together may take.
CHUNKS: Final = 8
_ROOM: Final = 2**22


def count_chunks(count: int) -> int:
    """Into how many chunks a sum of `count` numbers is cut: fewer where each takes much memory."""
    return max(1, min(CHUNKS, _ROOM // count))


def chunk(rows: int, p: int, chunks: int) -> slice:
    """The rows of chunk p."""
    return slice(rows * p // chunks, rows * (p + 1) // chunks)


def sum_of(shape: Shape, first: int = 0) -> dict[str, int]:
    """The integers of `ADD_PARTIAL_SUMS`: where such a sum begins in each chunk, and its strides."""
    steps = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    sizes = {"first": first, "count": int(np.prod(shape))}
    return sizes | dict(zip(("s0", "s1", "s2", "s3", "s4"), [*steps, 0, 0, 0, 0, 0], strict=False))


def add_partial_sums(partial_sums: Array, first: int, count: int, **steps: int) -> Array:
    return np.asarray(partial_sums[:, first : first + count].sum(axis=0))


def _element(at: tuple[int, ...], partial_sums: Named, first: int, count: int, **steps: int) -> Term:
    place = first + sum(index * step for index, step in zip(at, steps.values(), strict=False))
    return total(partial_sums[p, place] for p in range(partial_sums.shape[0]))


ADD_PARTIAL_SUMS = Operation(
    name="partial sums combined",
    kernel=kernels.add_partial_sums,
    cuda=(CudaRow(cuda.add_partial_sums),),
    reads=("partial_sums",),
    writes=("y",),
    reference=add_partial_sums,
    formula="y = Σₚ partial_sums[p]",
    words="Adds up the partial sums of all chunks in order, which gives the same bits for any number of threads.",
    element=_element,
    integers=("first", "count", "s0", "s1", "s2", "s3", "s4"),
    torch="autograd",
)
