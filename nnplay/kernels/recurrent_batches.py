"""How loops through time share the batch: rows are independent, so each share takes some of them through all steps."""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import COMPILING, inline, noalias
from nnplay.kernels.matmul import product

if COMPILING:
    from nnplay.kernels.compile.intrinsics import shifted
    from nnplay.kernels.tile import scratch

#: Rows that take each step together: enough to use weights several times, few enough to give every thread some.
TOGETHER: Final = 8
#: Columns of a weight's gradient that a share takes at the least: the width of the widest register tile.
PANEL: Final = 32
_ONES: Final = 256


@inline
def groups(rows: int) -> int:
    """How many groups the rows of a batch make."""
    return (rows + TOGETHER - 1) // TOGETHER


@noalias
def copy(target: Any, source: Any, count: int) -> None:
    """Copies numbers to another place."""
    for j in range(count):
        target[j] = source[j]


@noalias
def add(target: Any, source: Any, count: int) -> None:
    """Adds numbers to those at another place."""
    for j in range(count):
        target[j] += source[j]


@inline
def zero(target: Any, count: int) -> None:
    """Sets numbers to 0."""
    for j in range(count):
        target[j] = 0.0


@inline
def is_linked(s: int, steps: int, truncate: int) -> bool:
    """Whether the error comes back from step s + 1 to step s: not from behind the end, nor across a cut."""
    return s < steps - 1 and not (truncate > 0 and (s + 1) % truncate == 0)


@inline
def take_over(previous: Any, hidden: Any, stride: int, back: int, rows: int, H: int, begins: bool) -> None:
    """The states before a step become its `previous`: those `back` from `hidden`, or 0 where the sequence begins."""
    for n in range(rows):
        if begins:
            zero(shifted(previous, n * stride), H)
        else:
            copy(shifted(previous, n * stride), shifted(hidden, n * stride + back), H)


@inline
def column_sums(a: Any, a_row: int, sums: Any, rows: int, columns: int, add_to: bool) -> None:
    """Sum of each column of A (rows, columns), whose rows are `a_row` apart; added to what is there when `add_to`."""
    ones = scratch(_ONES)  # a sum over rows is a product with a row of ones
    for m in range(_ONES):
        ones[m] = 1.0
    for m in range(0, rows, _ONES):
        count = min(_ONES, rows - m)
        product(ones, _ONES, 1, shifted(a, m * a_row), a_row, sums, columns, 1, columns, count, m > 0 or add_to)
