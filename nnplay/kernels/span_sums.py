"""Spans of neighbouring numbers: cleared, copied, added, and summed over rows.

Sums over rows run over channels in their inner loop. Where channels are few, several rows are taken as one wide row, so
that whole vectors are used; the narrow rows of the wide sum are folded at the end.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import OPERAND_LAST, OPERAND_WIDTH, ROW_OPERANDS
from nnplay.kernels.compile.jit import COMPILING, inline, noalias
from nnplay.kernels.operands import shifted

if COMPILING:
    from nnplay.kernels.tile import scratch

#: Channels that are worked on at once, and numbers in a wide row made of several narrow ones.
CHANNELS = 128
_WIDE = 64


@inline
def last(row: Any, k: int) -> int:
    """Length of operand `k` along its last axis."""
    length: int = row[ROW_OPERANDS + k * OPERAND_WIDTH + OPERAND_LAST]
    return length


@inline
def zero(place: Any, count: int) -> None:
    """Writes zeros."""
    for i in range(count):
        place[i] = 0.0


@inline
def copy(target: Any, source: Any, count: int, add: bool) -> None:
    """target = source, or target += source, for `count` numbers; the two do not overlap."""
    if add:
        _add(target, source, count)
    else:
        _copy(target, source, count)


@noalias
def _add(target: Any, source: Any, count: int) -> None:
    """target += source, for `count` numbers."""
    for i in range(count):
        target[i] += source[i]


@noalias
def _copy(target: Any, source: Any, count: int) -> None:
    """target = source, for `count` numbers."""
    for i in range(count):
        target[i] = source[i]


@inline
def folds(C: int) -> int:
    """How many rows of C channels make a wide row."""
    return max(1, _WIDE // C)


@inline
def repeat(target: Any, source: Any, width: int, times: int) -> None:
    """Writes a row several times behind itself."""
    for r in range(times):
        copy(shifted(target, r * width), source, width, False)


@inline
def fold(total: Any, width: int, times: int) -> None:
    """Adds the narrow rows of a wide row to the first of them."""
    for r in range(1, times):
        copy(total, shifted(total, r * width), width, True)


@inline
def add_rows(target: Any, x: Any, C: int, rows: int) -> None:
    """target (C) += Σ over rows of x (rows, C)."""
    total = scratch(128)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        zero(total, width * times)
        for g in range(rows // times):
            copy(total, shifted(x, g * times * C + first), width * times, True)
        for r in range(rows // times * times, rows):
            copy(total, shifted(x, r * C + first), width, True)
        fold(total, width, times)
        copy(shifted(target, first), total, width, True)
