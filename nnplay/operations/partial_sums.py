"""Sums over the batch in a fixed number of portions, so that threads can share them and the bits stay the same.

The rows of a batch are cut into portions by their shape alone. Each portion is summed by itself, in order; a second row
adds up the portions, in order. However many threads there are, the same numbers are added in the same order.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.convolution import convolution as kernels
from nnplay.records.operation import Operation, Shape
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]
#: Portions at the most, and the most numbers that all portions of a sum together may take.
PORTIONS: Final = 8
_ROOM: Final = 2**22


def portions_of(count: int) -> int:
    """Into how many portions a sum of `count` numbers is cut: fewer where each takes much memory."""
    return max(1, min(PORTIONS, _ROOM // count))


def portion(rows: int, p: int, portions: int) -> slice:
    """The rows of portion p."""
    return slice(rows * p // portions, rows * (p + 1) // portions)


def sum_of(shape: Shape, first: int = 0) -> dict[str, int]:
    """The integers of `ADD_PORTIONS`: where such a sum begins in each portion, and its strides."""
    steps = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    sizes = {"first": first, "count": int(np.prod(shape))}
    return sizes | dict(zip(("s0", "s1", "s2", "s3"), [*steps, 0, 0, 0, 0], strict=False))


def portions_added(portions: Array, first: int, count: int, **steps: int) -> Array:
    return np.asarray(portions[:, first : first + count].sum(axis=0))


def _added_element(at: tuple[int, ...], portions: Named, first: int, count: int, **steps: int) -> Term:
    place = first + sum(index * step for index, step in zip(at, steps.values(), strict=False))
    return total(portions[p, place] for p in range(portions.shape[0]))


ADD_PORTIONS = Operation(
    name="portions added",
    kernel=kernels.add_portions,
    reads=("portions",),
    writes=("y",),
    reference=portions_added,
    formula="y = Σₚ portions[p]",
    words="Adds up the portions of the batch, in order, which gives the same bits on any number of threads.",
    element=_added_element,
    integers=("first", "count", "s0", "s1", "s2", "s3"),
    torch="autograd",
)
