"""Kernels of normalisation over groups of channels of one example; the loops are those of `kernels.normalise`."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.compile.jit import COMPILING, inline, kernel
from nnplay.kernels.normalise.loops import channel_moments, gradient_sums, input_gradient, shift_and_scale
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import CHANNELS, copy, folds, last

if COMPILING:
    from nnplay.kernels.compile.jit import REAL as real
    from nnplay.kernels.tile import scratch


@kernel
def group_statistics(row: Any, clock: Any, memory: Any, part: int) -> None:
    x, eps = pointer(row, memory, 0), pointer(row, memory, 1)[0]
    mean, rstd = pointer(row, memory, 2), pointer(row, memory, 3)  # (N, C): the same throughout a group
    N, C, G = dimension(row, 0, 0), last(row, 0), integer(row, 0)
    rows, width = size(row, 0) // (N * C), C // G
    start, stop = share(row, part, N)
    for n in range(start, stop):
        m, s = shifted(mean, n * C), shifted(rstd, n * C)
        channel_moments(shifted(x, n * rows * C), C, rows, m, s)
        for g in range(G):
            _join_channels(shifted(m, g * width), shifted(s, g * width), width, real(rows), eps)


@inline
def _join_channels(mean: Any, spread: Any, width: int, rows: Any, eps: Any) -> None:
    """From mean and spread of single channels to mean and 1 / deviation of the group, in place."""
    centre = 0.0 * eps
    for c in range(width):
        centre += mean[c]
    centre /= real(width)
    total = 0.0 * eps
    for c in range(width):
        total += spread[c] + rows * (mean[c] - centre) * (mean[c] - centre)
    rstd = 1.0 / math.sqrt(total / (rows * real(width)) + eps)
    for c in range(width):
        mean[c] = centre
        spread[c] = rstd


@kernel
def group_normalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    x, mean, rstd = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    weight, bias, y = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    N, C = dimension(row, 0, 0), last(row, 0)
    image = size(row, 0) // N
    start, stop = share(row, part, N)
    for n in range(start, stop):
        X, Y = shifted(x, n * image), shifted(y, n * image)
        shift_and_scale(X, Y, C, image // C, shifted(mean, n * C), shifted(rstd, n * C), weight, bias)


@kernel
def group_sums(row: Any, clock: Any, memory: Any, part: int) -> None:
    x, dy, mean, rstd = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        pointer(row, memory, 3),
    )
    out = pointer(row, memory, 4)  # (N, 2·C): Σ dy·x̂, then Σ dy, of each example
    N, C = dimension(row, 0, 0), last(row, 0)
    image = size(row, 0) // N
    start, stop = share(row, part, N)
    for n in range(start, stop):
        place = shifted(out, n * 2 * C)
        X, dY = shifted(x, n * image), shifted(dy, n * image)
        m = shifted(mean, n * C)
        gradient_sums(X, dY, C, image // C, m, shifted(place, C), place, False, m, m, m)
        for c in range(C):
            place[c] *= rstd[n * C + c]


@kernel
def group_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    x, dy, mean, rstd = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        pointer(row, memory, 3),
    )
    weight, sums, dx = pointer(row, memory, 4), pointer(row, memory, 5), pointer(row, memory, 6)
    centre, a, b, c, u = scratch(128), scratch(128), scratch(128), scratch(128), scratch(128)
    N, C, G = dimension(row, 0, 0), last(row, 0), integer(row, 0)
    image, channels = size(row, 0) // N, C // G
    count = real(image // C * channels)
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
                a[j] = weight[k] * r[k]
                b[j] = -r[k] * r[k] * along / count
                c[j] = -r[k] * plain / count
                u[j] = 0.0
            for values in (centre, a, b, c, u):
                for t in range(1, folds(C)):
                    copy(shifted(values, t * width), values, width, False)
            X, dY, dX = shifted(x, n * image), shifted(dy, n * image), shifted(dx, n * image)
            input_gradient(
                X, dY, dX, C, first, width, image // C, centre, a, b, c, u, adds(row, 6), False, u
            )  # fmt: skip


@inline
def _group_totals(sums: Any, weight: Any, C: int, first: int, channels: int) -> Any:
    """Σ weight·(Σ dy·x̂) and Σ weight·(Σ dy) over the channels of a group."""
    along, plain = 0.0 * weight[0], 0.0 * weight[0]
    for c in range(first, first + channels):
        along += weight[c] * sums[c]
        plain += weight[c] * sums[C + c]
    return along, plain
