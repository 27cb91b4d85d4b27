"""Sums of columns, each added up from the first row to the last: the bits are those of one addition after the other."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import inline, noalias
from nnplay.kernels.operands import shifted

#: Rows that are added to a total before it is written back.
TOGETHER = 8


@inline
def add_columns(total: Any, x: Any, stride: int, rows: int, columns: int) -> None:
    """total (columns) += Σₙ x[n·stride + column] over `rows` rows, in their order; the two do not overlap."""
    for group in range(rows // TOGETHER):
        _add_eight(total, shifted(x, group * TOGETHER * stride), stride, columns)
    for n in range(rows // TOGETHER * TOGETHER, rows):
        _add_one(total, shifted(x, n * stride), columns)


@noalias
def _add_eight(total: Any, x: Any, stride: int, columns: int) -> None:
    """total (columns) += x[0] + … + x[7·stride], one addition after the other."""
    for o in range(columns):
        t = total[o] + x[o]
        t += x[stride + o]
        t += x[2 * stride + o]
        t += x[3 * stride + o]
        t += x[4 * stride + o]
        t += x[5 * stride + o]
        t += x[6 * stride + o]
        total[o] = t + x[7 * stride + o]


@noalias
def _add_one(total: Any, x: Any, columns: int) -> None:
    """total (columns) += x."""
    for o in range(columns):
        total[o] += x[o]
