"""Kernels of batch normalisation, alone and with the ReLU behind it; the loops are those of `kernels.normalise`."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.arithmetic import multiply_add, scratch
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.normalise.loops import (
    channel_moments,
    gradient_sums,
    input_gradient,
    moved_bias,
    rounded_mean,
    scale_rows,
    shift_and_scale,
)
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import CHANNELS, folds, last, zero


@kernel
def batch_moments(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[p] = count, mean x, its rest, Σ (x − mean)² of chunk p of the rows; x (R, C), out (P, 4, C)."""
    x, out = pointer(row, memory, 0), pointer(row, memory, 1)
    C, P = last(row, 0), dimension(row, 1, 0)
    rows = size(row, 0) // C
    first, end = share(row, part, P)
    for p in range(first, end):
        begin, stop = rows * p // P, rows * (p + 1) // P
        place = shifted(out, p * 4 * C)
        for c in range(C):
            place[c] = DTYPE(stop - begin)
        mean, rest, spread = shifted(place, C), shifted(place, 2 * C), shifted(place, 3 * C)
        channel_moments(shifted(x, begin * C), C, stop - begin, mean, rest, spread)


@kernel
def batch_count(row: Any, clock: Any, memory: Any, part: int) -> None:
    """batches += 1, share = 1 / batches; both (1,)."""
    before, after, share_of_each = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    count = before[0] + DTYPE(1.0)
    after[0] = count
    share_of_each[0] = DTYPE(1.0) / count


@kernel
def batch_statistics(row: Any, clock: Any, memory: Any, part: int) -> None:
    """mean, rest, rstd = 1 / √(variance + eps) of all chunks joined, each (C).

    running = (1 − momentum)·running + momentum·batch. moments (P, 4, C). Joined, counts n, m with means at distance δ
    have Σ (x − mean)² = both sums + δ²·n·m / (n + m).
    """
    moments, eps, momentum = pointer(row, memory, 0), pointer(row, memory, 1)[0], pointer(row, memory, 2)[0]
    mean, rest, rstd = pointer(row, memory, 5), pointer(row, memory, 6), pointer(row, memory, 7)
    running_mean, running_var = pointer(row, memory, 8), pointer(row, memory, 9)
    P, C = dimension(row, 0, 0), last(row, 0)
    for c in range(C):
        count, base = moments[c], moments[C + c]
        distance, spread = moments[2 * C + c], moments[3 * C + c]
        for p in range(1, P):
            more = moments[4 * p * C + c]
            if more > 0.0:
                if count == 0.0:
                    base = moments[(4 * p + 1) * C + c]
                delta = (moments[(4 * p + 1) * C + c] - base) + moments[(4 * p + 2) * C + c] - distance
                spread += moments[(4 * p + 3) * C + c] + delta * delta * (count * more / (count + more))
                distance += delta * (more / (count + more))
                count += more
        mean[c], rest[c] = rounded_mean(base, distance)
        rstd[c] = 1.0 / math.sqrt(spread / count + eps)
        running_mean[c] = multiply_add(momentum, mean[c], (1.0 - momentum) * running_mean[c])
        variance = spread / max(count - 1.0, 1.0)
        running_var[c] = multiply_add(momentum, variance, (1.0 - momentum) * running_var[c])


@kernel
def batch_normalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = (x − mean − rest)·rstd·weight + bias, for x, y (R, C) and the others (C)."""
    x, mean, rest = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rstd, weight, bias = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    y = pointer(row, memory, 6)
    C = last(row, 0)
    start, stop = share(row, part, size(row, 0) // C)
    X, Y = shifted(x, start * C), shifted(y, start * C)
    shift_and_scale(X, Y, C, stop - start, mean, rest, rstd, weight, bias)


@kernel
def batch_normalise_relu(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, HP, WP, C) = zeros around max(0, (x − mean − rest)·rstd·weight + bias), for x (N, H, W, C), others (C)."""
    x, mean, rest = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rstd, weight, bias = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    y = pointer(row, memory, 6)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, C = (
        integer(row, 4),
        integer(row, 5),
        last(row, 0),
    )
    centre, factor, offset = scratch(128), scratch(128), scratch(128)
    start, stop = share(row, part, size(row, 0) // (H * W * C) * HP)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        scale_rows(first, width, times, mean, rest, rstd, weight, bias, centre, factor, offset)
        for line in range(start, stop):
            n, h = line // HP, line % HP - top
            inside = 0 <= h < H
            target = shifted(y, line * WP * C)
            if first == 0:
                zero(target, left * C if inside else WP * C)
            if not inside:
                continue
            if first == 0:
                zero(shifted(target, (left + W) * C), (WP - left - W) * C)
            source, target = shifted(x, (n * H + h) * W * C + first), shifted(target, left * C + first)
            for g in range((W + times - 1) // times):
                X, Y = shifted(source, g * times * C), shifted(target, g * times * C)
                for j in range(min(times, W - g * times) * width):
                    value = multiply_add(X[j] - centre[j], factor[j], offset[j])
                    Y[j] = 0.0 if value <= 0.0 else value


@kernel
def running_rstd(row: Any, clock: Any, memory: Any, part: int) -> None:
    """rstd = 1 / √(running_var + eps), rest = 0, each (C)."""
    var, eps = pointer(row, memory, 0), pointer(row, memory, 1)[0]
    rstd, rest = pointer(row, memory, 2), pointer(row, memory, 3)
    for c in range(size(row, 0)):
        rstd[c] = 1.0 / math.sqrt(var[c] + eps)
        rest[c] = 0.0


@kernel
def batch_sums(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x̂·weight + bias, so out (P, 2·C) = Σ dy·x̂, then Σ dy, of P chunks of the rows; x, dy (R, C)."""
    _batch_sums(row, memory, part, False, pointer(row, memory, 4), pointer(row, memory, 4), 5)


@kernel
def batch_sums_relu(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `batch_sums`, where dy (R, C) passes a ReLU behind first."""
    _batch_sums(row, memory, part, True, pointer(row, memory, 5), pointer(row, memory, 6), 7)


@inline
def _batch_sums(row: Any, memory: Any, part: int, gated: bool, weight: Any, bias: Any, target: int) -> None:
    """`batch_sums` into operand `target`; where `gated`, dy is 0 where the ReLU behind was off."""
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd = pointer(row, memory, 3), pointer(row, memory, 4)
    out = pointer(row, memory, target)
    C, P = last(row, 0), dimension(row, target, 0)
    rows = size(row, 0) // C
    first, end = share(row, part, P)
    for p in range(first, end):
        begin, stop = rows * p // P, rows * (p + 1) // P
        place = shifted(out, p * 2 * C)
        gradient_sums(
            shifted(x, begin * C), shifted(dy, begin * C), C, stop - begin, mean, rest, shifted(place, C), place,
            gated, rstd, weight, bias,
        )  # fmt: skip
        for c in range(C):
            place[c] *= rstd[c]


@kernel
def batch_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = weight·rstd·(dy − Σ dy/R − x̂·Σ (dy·x̂)/R), where x̂ = (x − mean − rest)·rstd.

    x, dy, dx (R, C), totals (2·C).
    """
    _batch_input(row, memory, part, False, pointer(row, memory, 5), 7)


@kernel
def batch_input_relu(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `batch_input`, where dy (R, C) passes a ReLU behind first."""
    _batch_input(row, memory, part, True, pointer(row, memory, 7), 8)


@inline
def _batch_input(row: Any, memory: Any, part: int, gated: bool, bias: Any, target: int) -> None:
    """`batch_input` into operand `target`; where `gated`, dy is 0 where the ReLU behind was off.

    x moves y in three ways: directly (term 1), through the mean of its channel (term 2), and through the deviation
    (term 3): dx = direct·(dy − mean_dy) + by_deviation·(x − mean − rest).
    """
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd = pointer(row, memory, 3), pointer(row, memory, 4)
    weight, totals, dx = pointer(row, memory, 5), pointer(row, memory, 6), pointer(row, memory, target)
    centre, direct, mean_dy = scratch(128), scratch(128), scratch(128)
    by_deviation, by_mean, offset = scratch(128), scratch(128), scratch(128)
    C = last(row, 0)
    count = DTYPE(size(row, 0) // C)
    start, stop = share(row, part, size(row, 0) // C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        for j in range(width * folds(C)):
            k = first + j % width
            centre[j] = mean[k]
            direct[j] = weight[k] * rstd[k]  # term 1
            mean_dy[j] = totals[C + k] / count  # term 2
            by_deviation[j] = -weight[k] * rstd[k] * rstd[k] * totals[k] / count  # term 3
            by_mean[j] = -by_deviation[j] * rest[k]  # the rest of the mean; term 2 is in `mean_dy`
            offset[j] = moved_bias(bias[k], rest[k], direct[j])
        X, dY, dX = shifted(x, start * C), shifted(dy, start * C), shifted(dx, start * C)
        input_gradient(
            X, dY, dX, C, first, width, stop - start, centre, direct, by_deviation, by_mean, mean_dy,
            adds(row, target), gated, offset,
        )  # fmt: skip
