"""Scores on a graphics card: right rows are counted in parts, and the counts added up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline, kernel
from nnplay.kernels.cuda.partial import fold, once, room, sum_of, whole
from nnplay.kernels.cuda.row_counts import row_folds, row_parts
from nnplay.kernels.operands import dimension, flat, integer, pointer, ratio, shifted, size
from nnplay.kernels.span_sums import last
from nnplay.operations.tallies import add_to_tally, is_largest
from nnplay.records.operation import CudaRow

#: Shares of the rows at the most, where two counts are taken of each.
_SHARES: Final = 1024


def count_rows(count: Kernel, score: Kernel) -> tuple[CudaRow, ...]:
    """The rows that count side by side, add up, and write the score; see `score_cuda`."""
    return CudaRow(count, row_parts), CudaRow(fold, row_folds), CudaRow(score, once)


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
def count_sides(row: Any, memory: Any, part: int, threshold: Any, below: bool) -> None:
    """sums[part] = how many of this part are on the same side of the threshold as their target is of 0.5.

    Where `below` holds, on the other side: of distances, which are small where the target is 1.
    """
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
    count_sides(row, memory, part, 0.0, False)


@kernel
def above_half_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ [(p[n] > 0.5) = target[n]] over this part of p and target (M,)."""
    count_sides(row, memory, part, 0.5, False)


@kernel
def below_half_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ [(z[n] < 0.5) = target[n]] over this part of distances z and target (M,)."""
    count_sides(row, memory, part, 0.5, True)


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


LARGEST: Final = count_rows(largest_cuda, score_cuda)
LARGEST_COLUMNS: Final = count_rows(largest_columns_cuda, columns_score_cuda)
ABOVE_ZERO: Final = count_rows(above_zero_cuda, score_cuda)
ABOVE_HALF: Final = count_rows(above_half_cuda, score_cuda)
BELOW_HALF: Final = count_rows(below_half_cuda, score_cuda)
LARGEST_KEPT: Final = (CudaRow(kept_cuda, kept_parts), CudaRow(kept_score_cuda, once))
