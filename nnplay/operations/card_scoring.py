"""Scores on a graphics card: right rows are counted in parts, and the counts added up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from nnplay.kernels.abi import CLOCK_BATCH, ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline, kernel
from nnplay.kernels.cuda.partial import fold, once, room, sum_of, whole
from nnplay.kernels.cuda.row_counts import row_folds, row_parts
from nnplay.kernels.operands import dimension, flat, integer, pointer, ratio, shifted, size
from nnplay.kernels.span_sums import last
from nnplay.operations.whole import add_block
from nnplay.records.operation import CudaRow

#: Shares of the rows at the most, where two counts are taken of each.
_SHARES: Final = 1024


@inline
def is_largest(z: Any, C: int, label: int) -> bool:
    """Whether the largest of z (C,), the first of several, has that number."""
    best = 0
    for c in range(1, C):
        if z[c] > z[best]:
            best = c
    return best == label


def counted_by(first: Kernel, last_one: Kernel) -> tuple[CudaRow, ...]:
    """The rows that count side by side, and add up; see `score_cuda`."""
    return CudaRow(first, row_parts), CudaRow(fold, row_folds), CudaRow(last_one, once)


@kernel
def largest_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ [argmax z[n] = target[n]] over this part of the rows of z (M, C), target (M,)."""
    z, target = pointer(row, memory, 0), flat(row, memory, 1)
    C = quotient(size(row, 0), target.size)
    right = 0
    n = part
    while n < target.size:
        if is_largest(shifted(z, n * C), C, int(target[n])):
            right += 1
        n += row[ROW_PARTS]
    room(row, memory)[part] = right


@kernel
def score_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σ sums, by the share that an answer has of its row; target (M,)."""
    flat(row, memory, 2)[0] = whole(row, memory) * DTYPE(dimension(row, 0, 0)) / DTYPE(size(row, 1))


@kernel
def largest_columns_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ [argmax z[n] = argmax target[n]] over this part of the rows of z and target (M, C)."""
    z, target, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    right, n = 0, part
    while n < ratio(size(row, 0), C):
        wanted = 0
        for c in range(1, C):
            if target[n * C + c] > target[n * C + wanted]:
                wanted = c
        if is_largest(shifted(z, n * C), C, wanted):
            right += 1
        n += row[ROW_PARTS]
    room(row, memory)[part] = right


@kernel
def columns_score_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σ sums, by the share that an answer has of its row; z (M, C)."""
    answers = ratio(size(row, 0), last(row, 0))
    flat(row, memory, 2)[0] = whole(row, memory) * DTYPE(dimension(row, 0, 0)) / DTYPE(answers)


@inline
def above(row: Any, memory: Any, part: int, threshold: Any, below: bool = False) -> None:
    """sums[part] = how many of this part are on the same side of the threshold as their target is of 0.5."""
    z, target = pointer(row, memory, 0), pointer(row, memory, 1)
    right = 0
    i = part
    while i < size(row, 1):
        if (z[i] < threshold if below else z[i] > threshold) == (target[i] > 0.5):
            right += 1
        i += row[ROW_PARTS]
    room(row, memory)[part] = right


@kernel
def above_zero_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ [(z[n] > 0) = target[n]] over this part of z and target (M,)."""
    above(row, memory, part, 0.0)


@kernel
def above_half_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ [(p[n] > 0.5) = target[n]] over this part of p and target (M,)."""
    above(row, memory, part, 0.5)


@kernel
def below_half_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ [(z[n] < 0.5) = target[n]] over this part of distances z and target (M,)."""
    above(row, memory, part, 0.5, True)


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


def kept_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Two counts for each part of the rows, of which there are as many as of numbers of target (M,)."""
    return 2 * max(1, min(_SHARES, sizes[1] // 32))


@kernel
def kept_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Of z (N, C) and target (N,), for share s of the rows: sums[0,s] = Σ [argmax z[n] = target[n]],
    sums[1,s] = how many are not ignored.
    """
    z, target, shares = pointer(row, memory, 0), flat(row, memory, 1), ratio(row[ROW_PARTS], 2)
    C, found = last(row, 0), 0
    n = part if part < shares else part - shares
    while n < target.size:
        label = int(target[n])
        if label != integer(row, 0) and (part >= shares or is_largest(shifted(z, n * C), C, label)):
            found += 1
        n += shares
    room(row, memory)[part] = found


@kernel
def kept_score_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """tally (4,) and score (1,) from the sums of all shares."""
    shares = ratio(row[ROW_ROOM_COUNT], 2)
    right = sum_of(room(row, memory), 1, shares, DTYPE(0.0))
    add_to_tally(row, clock, memory, right, sum_of(shifted(room(row, memory), shares), 1, shares, DTYPE(0.0)))


LARGEST: Final = counted_by(largest_cuda, score_cuda)
LARGEST_COLUMNS: Final = counted_by(largest_columns_cuda, columns_score_cuda)
ABOVE_ZERO: Final = counted_by(above_zero_cuda, score_cuda)
ABOVE_HALF: Final = counted_by(above_half_cuda, score_cuda)
BELOW_HALF: Final = counted_by(below_half_cuda, score_cuda)
LARGEST_KEPT: Final = (CudaRow(kept_cuda, kept_parts), CudaRow(kept_score_cuda, once))
