"""Normalisation of groups of channels on a graphics card: sums by channel and by group, all else number by number.

Operands are those of `nnplay.kernels.normalise.groups`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.places import put
from nnplay.kernels.normalise.loops import moved_bias, rounded_mean
from nnplay.kernels.operands import adds, dimension, integer, pointer, shifted, size
from nnplay.kernels.span_sums import last


def moment_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Two numbers for each channel of an example, from the sizes of x, eps and mean (N, C)."""
    return 2 * sizes[2]


def total_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Two totals for each group of an example, from the sizes of weight (C) and sums (N, 2·C), and the groups."""
    return sizes[6] // sizes[5] * integers[0]  # sums have two numbers for each of weight


@inline
def channel_of(row: Any, part: int) -> Any:
    """Of a part: whether it takes the second sum, which channel c of which example n, numbers of an example, and C."""
    N, C = dimension(row, 0, 0), last(row, 0)
    second = part >= N * C
    number = part - N * C if second else part
    n = quotient(number, C)
    return second, n, number - n * C, quotient(size(row, 0), N), C


@kernel
def moments_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[0,n,c] = mean x − x[n,0,c], sums[1,n,c] = Σₚ (x − mean)², for x (N, P, C)."""
    spread, n, c, image, C = channel_of(row, part)
    x = shifted(pointer(row, memory, 0), n * image + c)
    places, base, total = quotient(image, C), x[0], DTYPE(0.0)
    for p in range(places):
        total += x[p * C] - base
    mean = total / DTYPE(places)
    if spread:
        total = DTYPE(0.0)
        for p in range(places):
            distance = (x[p * C] - base) - mean
            total = multiply_add(distance, distance, total)
        mean = total
    room(row, memory)[part] = mean


@kernel
def statistics(row: Any, clock: Any, memory: Any, part: int) -> None:
    """mean, rest, rstd = 1 / √(variance + eps) of each group, repeated for its channels: (N, C), for x (N, P, C)."""
    x, eps, sums = pointer(row, memory, 0), pointer(row, memory, 1)[0], room(row, memory)
    mean, rest, rstd = pointer(row, memory, 2), pointer(row, memory, 3), pointer(row, memory, 4)
    N, C, G = dimension(row, 0, 0), last(row, 0), integer(row, 0)
    image, width = quotient(size(row, 0), N), quotient(C, G)
    places = DTYPE(quotient(image, C))
    group = part
    while group < N * G:
        n = quotient(group, G)
        first = n * C + (group - n * G) * width
        X = shifted(x, n * image + first - n * C)
        base, centre, total = X[0], DTYPE(0.0), DTYPE(0.0)
        for c in range(width):
            centre += (X[c] - base) + sums[first + c]
        centre /= DTYPE(width)
        for c in range(width):
            distance = (X[c] - base) + sums[first + c] - centre
            total += sums[N * C + first + c] + places * distance * distance
        scale = 1.0 / math.sqrt(total / (places * DTYPE(width)) + eps)
        joined, lost = rounded_mean(base, centre)
        for c in range(width):
            mean[first + c], rest[first + c], rstd[first + c] = joined, lost, scale
        group += row[ROW_PARTS]


@kernel
def normalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,p,c] = (x[n,p,c] − mean[n,c] − rest[n,c])·rstd[n,c]·weight[c] + bias[c], for x, y (N, P, C)."""
    x, mean, rest = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rstd, weight, bias = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    y, C, image = pointer(row, memory, 6), last(row, 0), quotient(size(row, 0), dimension(row, 0, 0))
    at = part
    while at < size(row, 0):
        c = at - quotient(at, C) * C
        k = quotient(at, image) * C + c
        factor = rstd[k] * weight[c]
        y[at] = multiply_add(x[at] - mean[k], factor, moved_bias(bias[c], rest[k], factor))
        at += row[ROW_PARTS]


@kernel
def sums(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[n] = Σₚ dy·x̂, then Σₚ dy, where x̂ = (x − mean − rest)·rstd, for x, dy (N, P, C), out (N, 2·C)."""
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd, out = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    at = part
    while at < size(row, 5):
        plain, n, c, image, C = channel_of(row, at)
        X, dY, k, total = shifted(x, n * image + c), shifted(dy, n * image + c), n * C + c, DTYPE(0.0)
        places = quotient(image, C)
        if plain:
            out[n * 2 * C + C + c] = sum_of(dY, C, places, total)
        else:
            for p in range(places):
                total = multiply_add(dY[p * C], (X[p * C] - mean[k]) - rest[k], total)
            out[n * 2 * C + c] = total * rstd[k]
        at += row[ROW_PARTS]


@kernel
def totals_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """totals[0,n,g] = Σ weight·(Σ dy·x̂), totals[1,n,g] = Σ weight·(Σ dy) over the channels of group g.

    weight (C), and sums (N, 2·C) of `sums`.
    """
    weight, found, C, G = pointer(row, memory, 5), pointer(row, memory, 6), last(row, 0), integer(row, 0)
    groups, width = dimension(row, 0, 0) * G, quotient(C, G)
    plain = part >= groups
    group = part - groups if plain else part
    n = quotient(group, G)
    first = (group - n * G) * width
    S, total = shifted(found, n * 2 * C + (C if plain else 0)), DTYPE(0.0)
    for c in range(first, first + width):
        total += weight[c] * S[c]
    room(row, memory)[part] = total


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = rstd·(g − mean g − x̂·mean (g·x̂)) over a group, where g = dy·weight; dx (N, P, C)."""
    x, dy, mean = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    rest, rstd, weight = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    dx, totals = pointer(row, memory, 7), room(row, memory)
    N, C, G = dimension(row, 0, 0), last(row, 0), integer(row, 0)
    image, width = quotient(size(row, 0), N), quotient(C, G)
    count = DTYPE(quotient(image, G))
    at = part
    while at < size(row, 0):
        c, n = at - quotient(at, C) * C, quotient(at, image)
        k, group = n * C + c, n * G + quotient(c, width)
        along, plain = totals[group], totals[N * G + group]
        by_deviation = -rstd[k] * rstd[k] * along / count
        by_mean = -rstd[k] * plain / count - by_deviation * rest[k]
        moved = multiply_add(by_deviation, x[at] - mean[k], by_mean)
        put(dx, at, multiply_add(weight[c] * rstd[k], dy[at], moved), adds(row, 7))
        at += row[ROW_PARTS]
