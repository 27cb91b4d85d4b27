"""Batch, layer and RMS normalisation on a graphics card: sums over the rows in shares, all else number by number.

Operands are those of `nnplay.kernels.normalise.batch`, `nnplay.layers.layer_norm` and `nnplay.layers.rms_norm`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.convolution import fold_shares
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.normalise.loops import moved_bias, rounded_mean
from nnplay.kernels.operands import adds, dimension, pointer, rows_of, shifted, size
from nnplay.kernels.span_sums import last

#: Shares of the rows at the most, and the fewest rows of one.
_SHARES: Final = 64
_ROWS: Final = 16


def moment_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Two sums for each channel and share, from the sizes of x (R, C) and moments (chunks, 4, C)."""
    return _parts(sizes[0], sizes[1] // (4 * integers[0]))


def sum_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """The same from the sizes of x (R, C), dy, mean (C) and so on."""
    return _parts(sizes[0], sizes[2])


def row_sum_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """The same from the sizes of x (R, C), dy, mean (R) and so on."""
    return _parts(sizes[0], sizes[0] // sizes[2])


def square_sum_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """A sum for each channel and share, from the sizes of x (R, C), dy and rrms (R)."""
    return row_sum_parts(sizes, integers) // 2


def _parts(numbers: int, channels: int) -> int:
    return 2 * channels * max(1, min(_SHARES, numbers // channels // _ROWS))


@inline
def rows_of_share(s: int, shares: int, rows: int) -> Any:
    """The first row of share s, and the row behind its last one."""
    return quotient(rows * s, shares), quotient(rows * (s + 1), shares)


@kernel
def moments_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,0,c] = mean x − x[first], sums[s,1,c] = Σ (x − mean)², of share s of the rows of x (R, C)."""
    x, C = pointer(row, memory, 0), last(row, 0)
    shares = quotient(row[ROW_PARTS], 2 * C)
    s = quotient(part, 2 * C)
    c = part - s * 2 * C
    spread = c >= C
    if spread:
        c -= C
    begin, stop = rows_of_share(s, shares, quotient(size(row, 0), C))
    base, total = x[c], DTYPE(0.0)
    for r in range(begin, stop):
        total += x[r * C + c] - base
    mean = total / DTYPE(stop - begin)
    if spread:
        total = DTYPE(0.0)
        for r in range(begin, stop):
            distance = (x[r * C + c] - base) - mean
            total = multiply_add(distance, distance, total)
        mean = total
    room(row, memory)[part] = mean


@kernel
def moments_join(row: Any, clock: Any, memory: Any, part: int) -> None:
    """moments[0] = count, mean, its rest and Σ (x − mean)² of all rows; the other chunks of (P, 4, C) have count 0.

    Joined, counts n, m with means at distance δ have Σ (x − mean)² = both sums + δ²·n·m / (n + m).
    """
    x, out, sums = pointer(row, memory, 0), pointer(row, memory, 1), room(row, memory)
    C, P = last(row, 0), dimension(row, 1, 0)
    shares, rows = quotient(row[ROW_ROOM_COUNT], 2 * C), quotient(size(row, 0), C)
    c = part
    while c < C:
        count, distance, spread = DTYPE(0.0), DTYPE(0.0), DTYPE(0.0)
        for s in range(shares):
            begin, stop = rows_of_share(s, shares, rows)
            more = DTYPE(stop - begin)
            delta = sums[2 * s * C + c] - distance
            spread += sums[(2 * s + 1) * C + c] + delta * delta * (count * more / (count + more))
            distance += delta * (more / (count + more))
            count += more
        out[c] = count
        out[C + c], out[2 * C + c] = rounded_mean(x[c], distance)
        out[3 * C + c] = spread
        for p in range(1, P):
            for k in range(4):
                out[(4 * p + k) * C + c] = 0.0
        c += row[ROW_PARTS]


@kernel
def statistics(row: Any, clock: Any, memory: Any, part: int) -> None:
    """mean, rest, rstd = 1 / √(variance + eps) of moments (P, 4, C), each (C), whose first chunk has all rows.

    running = (1 − momentum)·running + momentum·batch.
    """
    moments, eps, momentum = pointer(row, memory, 0), pointer(row, memory, 1)[0], pointer(row, memory, 2)[0]
    mean, rest, rstd = pointer(row, memory, 5), pointer(row, memory, 6), pointer(row, memory, 7)
    running_mean, running_var = pointer(row, memory, 8), pointer(row, memory, 9)
    C = last(row, 0)
    c = part
    while c < C:
        count, spread = moments[c], moments[3 * C + c]
        mean[c], rest[c] = moments[C + c], moments[2 * C + c]
        rstd[c] = 1.0 / math.sqrt(spread / count + eps)
        running_mean[c] = multiply_add(momentum, mean[c], (1.0 - momentum) * running_mean[c])
        variance = spread / max(count - 1.0, 1.0)
        running_var[c] = multiply_add(momentum, variance, (1.0 - momentum) * running_var[c])
        c += row[ROW_PARTS]


@kernel
def running_rstd(row: Any, clock: Any, memory: Any, part: int) -> None:
    """rstd = 1 / √(running_var + eps), rest = 0, each (C)."""
    var, eps = pointer(row, memory, 0), pointer(row, memory, 1)[0]
    rstd, rest = pointer(row, memory, 2), pointer(row, memory, 3)
    c = part
    while c < size(row, 0):
        rstd[c] = 1.0 / math.sqrt(var[c] + eps)
        rest[c] = 0.0
        c += row[ROW_PARTS]


@kernel
def normalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = (x − mean − rest)·rstd·weight + bias, for x, y (R, C) and the others (C)."""
    x, mean, rest = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rstd, weight, bias = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    y, C = pointer(row, memory, 6), last(row, 0)
    at = part
    while at < size(row, 0):
        c = at - quotient(at, C) * C
        factor = rstd[c] * weight[c]
        y[at] = multiply_add(x[at] - mean[c], factor, moved_bias(bias[c], rest[c], factor))
        at += row[ROW_PARTS]


@kernel
def sums_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,0,c] = Σ dy·x̂, sums[s,1,c] = Σ dy, of share s of the rows of x, dy (R, C)."""
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd, C = pointer(row, memory, 3), pointer(row, memory, 4), last(row, 0)
    shares = quotient(row[ROW_PARTS], 2 * C)
    s = quotient(part, 2 * C)
    c = part - s * 2 * C
    begin, stop = rows_of_share(s, shares, quotient(size(row, 0), C))
    total = DTYPE(0.0)
    if c >= C:
        total = sum_of(shifted(dy, begin * C + c - C), C, stop - begin, total)
    else:
        for r in range(begin, stop):
            total = multiply_add(dy[r * C + c], (x[r * C + c] - mean[c]) - rest[c], total)
        total *= rstd[c]
    room(row, memory)[part] = total


@kernel
def row_sums_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """The same where every row has statistics of its own: x, dy (R, C), mean, rest, rstd (R)."""
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd = pointer(row, memory, 3), pointer(row, memory, 4)
    R, C = rows_of(row, memory, 0).shape
    shares = quotient(row[ROW_PARTS], 2 * C)
    s = quotient(part, 2 * C)
    c = part - s * 2 * C
    begin, stop = rows_of_share(s, shares, R)
    total = DTYPE(0.0)
    if c >= C:
        total = sum_of(shifted(dy, begin * C + c - C), C, stop - begin, total)
    else:
        for r in range(begin, stop):
            total = multiply_add(dy[r * C + c], ((x[r * C + c] - mean[r]) - rest[r]) * rstd[r], total)
    room(row, memory)[part] = total


@kernel
def sums_join(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[0] = Σₛ sums[s], both (2·C), and zeros in the other chunks of out (P, 2·C)."""
    fold_shares(row, memory, part, 5, 2 * last(row, 0))


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = weight·rstd·(dy − Σ dy/R − x̂·Σ (dy·x̂)/R), where x̂ = (x − mean − rest)·rstd.

    x, dy, dx (R, C), totals (2·C), the others (C).
    """
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd = pointer(row, memory, 3), pointer(row, memory, 4)
    weight, totals, dx = pointer(row, memory, 5), pointer(row, memory, 6), pointer(row, memory, 7)
    C = last(row, 0)
    count = DTYPE(quotient(size(row, 0), C))
    at = part
    while at < size(row, 0):
        c = at - quotient(at, C) * C
        direct = weight[c] * rstd[c]
        by_deviation = -weight[c] * rstd[c] * rstd[c] * totals[c] / count
        moved = multiply_add(by_deviation, x[at] - mean[c], -by_deviation * rest[c])
        moved = multiply_add(direct, dy[at] - totals[C + c] / count, moved)
        dx[at] = dx[at] + moved if adds(row, 7) else moved
        at += row[ROW_PARTS]


@kernel
def row_input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = rstd·(g − mean g − x̂·mean (g·x̂)), where g = dy·weight; x, dy, dx (R, C), mean, rest, rstd (R)."""
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd, weight = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    dx = pointer(row, memory, 6)
    R, C = rows_of(row, memory, 0).shape
    r = part
    while r < R:
        X, dY, dX = shifted(x, r * C), shifted(dy, r * C), shifted(dx, r * C)
        m, q, s = mean[r], rest[r], rstd[r]
        plain, along = DTYPE(0.0), DTYPE(0.0)
        for c in range(C):
            plain = multiply_add(dY[c], weight[c], plain)
            along = multiply_add(dY[c], weight[c] * ((X[c] - m) - q), along)
        plain, along = plain / DTYPE(C), along * s * s / DTYPE(C)
        for c in range(C):
            moved = s * (dY[c] * weight[c] - plain - ((X[c] - m) - q) * along)
            dX[c] = dX[c] + moved if adds(row, 6) else moved
        r += row[ROW_PARTS]


@kernel
def square_sums_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,c] = Σ dy·x·rrms of share s of the rows of x, dy (R, C), for rrms (R)."""
    x, dy, rrms = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    R, C = rows_of(row, memory, 0).shape
    s = quotient(part, C)
    c = part - s * C
    begin, stop = rows_of_share(s, quotient(row[ROW_PARTS], C), R)
    total = DTYPE(0.0)
    for r in range(begin, stop):
        total = multiply_add(dy[r * C + c], x[r * C + c] * rrms[r], total)
    room(row, memory)[part] = total


@kernel
def square_sums_join(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[0] = Σₛ sums[s], both (C), and zeros in the other chunks of out (P, C)."""
    fold_shares(row, memory, part, 3, last(row, 0))


@kernel
def square_input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = rrms·(g − x̂·mean (g·x̂)), where g = dy·weight, x̂ = x·rrms; x, dy, dx (R, C), rrms (R)."""
    x, dy, rrms = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    weight, dx = pointer(row, memory, 3), pointer(row, memory, 4)
    R, C = rows_of(row, memory, 0).shape
    r = part
    while r < R:
        X, dY, dX, s, along = shifted(x, r * C), shifted(dy, r * C), shifted(dx, r * C), rrms[r], DTYPE(0.0)
        for c in range(C):
            along = multiply_add(dY[c], weight[c] * X[c], along)
        along = along * s * s / DTYPE(C)
        for c in range(C):
            moved = s * (dY[c] * weight[c] - X[c] * along)
            dX[c] = dX[c] + moved if adds(row, 4) else moved
        r += row[ROW_PARTS]
