"""Kernels of normalisation over groups of channels of one example; the loops are those of `kernels.normalise`."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.compile.jit import COMPILING, DTYPE, inline, kernel
from nnplay.kernels.normalise.loops import (
    channel_moments,
    gradient_sums,
    input_gradient,
    rounded_mean,
    shift_and_scale,
)
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import CHANNELS, copy, folds, last

if COMPILING:
    from nnplay.kernels.tile import scratch


@kernel
def group_statistics(row: Any, clock: Any, memory: Any, part: int) -> None:
    """mean, rest, rstd = 1 / √(variance + eps) of each group, repeated for its channels: (N, C), for x (N, P, C)."""
    x, eps = pointer(row, memory, 0), pointer(row, memory, 1)[0]
    mean, rest, rstd = pointer(row, memory, 2), pointer(row, memory, 3), pointer(row, memory, 4)
    N, C, G = dimension(row, 0, 0), last(row, 0), integer(row, 0)
    rows, width = size(row, 0) // (N * C), C // G
    start, stop = share(row, part, N)
    for n in range(start, stop):
        m, q, s = shifted(mean, n * C), shifted(rest, n * C), shifted(rstd, n * C)
        channel_moments(shifted(x, n * rows * C), C, rows, m, q, s)
        for c in range(0, C, width):
            _join_channels(shifted(m, c), shifted(q, c), shifted(s, c), width, DTYPE(rows), eps)


@inline
def _join_channels(mean: Any, rest: Any, spread: Any, width: int, rows: Any, eps: Any) -> None:
    """From mean and spread of single channels to mean and 1 / deviation of the group, in place."""
    base, centre = mean[0], 0.0 * eps
    for c in range(width):
        centre += (mean[c] - base) + rest[c]
    centre /= DTYPE(width)
    total = 0.0 * eps
    for c in range(width):
        distance = (mean[c] - base) + rest[c] - centre
        total += spread[c] + rows * distance * distance
    rstd = 1.0 / math.sqrt(total / (rows * DTYPE(width)) + eps)
    joined, lost = rounded_mean(base, centre)
    for c in range(width):
        mean[c] = joined
        rest[c] = lost
        spread[c] = rstd


@kernel
def group_normalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,p,c] = (x[n,p,c] − mean[n,c] − rest[n,c])·rstd[n,c]·weight[c] + bias[c], for x, y (N, P, C)."""
    x, mean, rest = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rstd, weight, bias = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    y = pointer(row, memory, 6)
    N, C = dimension(row, 0, 0), last(row, 0)
    image = size(row, 0) // N
    start, stop = share(row, part, N)
    for n in range(start, stop):
        X, Y = shifted(x, n * image), shifted(y, n * image)
        m, q, s = shifted(mean, n * C), shifted(rest, n * C), shifted(rstd, n * C)
        shift_and_scale(X, Y, C, image // C, m, q, s, weight, bias)


@kernel
def group_sums(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x̂·weight + bias, so out[n] = Σₚ dy·x̂, then Σₚ dy, for x, dy (N, P, C), out (N, 2·C)."""
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd, out = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    N, C = dimension(row, 0, 0), last(row, 0)
    image = size(row, 0) // N
    start, stop = share(row, part, N)
    for n in range(start, stop):
        place = shifted(out, n * 2 * C)
        X, dY = shifted(x, n * image), shifted(dy, n * image)
        m, q = shifted(mean, n * C), shifted(rest, n * C)
        gradient_sums(X, dY, C, image // C, m, q, shifted(place, C), place, False, m, m, m)
        for c in range(C):
            place[c] *= rstd[n * C + c]


@kernel
def group_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = rstd·(g − mean g − x̂·mean (g·x̂)) over a group, where g = dy·weight; dx (N, P, C).

    x̂ = (x − mean − rest)·rstd. x moves y in three ways: directly (term 1), through the mean of its group (term 2), and
    through the deviation (term 3): dx = direct·dy + by_deviation·(x − mean − rest) + by_mean. sums (N, 2·C) are those
    of `group_sums`.
    """
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd, weight = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    sums, dx = pointer(row, memory, 6), pointer(row, memory, 7)
    centre, direct, mean_dy = scratch(128), scratch(128), scratch(128)
    by_deviation, by_mean = scratch(128), scratch(128)
    N, C, G = dimension(row, 0, 0), last(row, 0), integer(row, 0)
    image, channels = size(row, 0) // N, C // G
    count = DTYPE(image // C * channels)
    start, stop = share(row, part, N)
    for n in range(start, stop):
        r = shifted(rstd, n * C)
        for first in range(0, C, CHANNELS):
            width = min(CHANNELS, C - first)
            along, plain = 0.0 * count, 0.0 * count
            for j in range(width):
                k = first + j
                if j == 0 or k % channels == 0:
                    along, plain = _group_totals(
                        shifted(sums, n * 2 * C), weight, C, k // channels * channels, channels
                    )
                centre[j] = mean[n * C + k]
                direct[j] = weight[k] * r[k]  # term 1
                by_deviation[j] = -r[k] * r[k] * along / count  # term 3
                by_mean[j] = -r[k] * plain / count - by_deviation[j] * rest[n * C + k]  # term 2, the rest of the mean
                mean_dy[j] = 0.0  # it is in `by_mean`
            for values in (centre, direct, by_deviation, by_mean, mean_dy):
                for t in range(1, folds(C)):
                    copy(shifted(values, t * width), values, width, False)
            X, dY, dX = shifted(x, n * image), shifted(dy, n * image), shifted(dx, n * image)
            input_gradient(
                X, dY, dX, C, first, width, image // C, centre, direct, by_deviation, by_mean, mean_dy,
                adds(row, 7), False, mean_dy,
            )  # fmt: skip


@inline
def _group_totals(sums: Any, weight: Any, C: int, first: int, channels: int) -> Any:
    """Σ weight·(Σ dy·x̂) and Σ weight·(Σ dy) over the channels of a group."""
    along, plain = 0.0 * weight[0], 0.0 * weight[0]
    for c in range(first, first + channels):
        along += weight[c] * sums[c]
        plain += weight[c] * sums[C + c]
    return along, plain
