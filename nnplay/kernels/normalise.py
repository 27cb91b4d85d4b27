"""Kernels of normalisation: mean and spread of every channel, and the layers that shift and scale by them.

Loops over rows take wide rows, as `nnplay.kernels.spans` says. Mean and spread are found block by block and merged
(Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances; 1979), which stays
accurate in float32 for any number of rows.
"""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.jit import COMPILING, inline, kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.spans import CHANNELS, copy, fold, folds, last, repeat, zero

if COMPILING:
    from nnplay.kernels.jit import REAL as real
    from nnplay.kernels.tile import scratch
else:
    real: Any = None
    scratch: Any = None

#: Rows in a block of the merged sums.
_ROWS = 128


@inline
def channel_moments(x: Any, C: int, rows: int, mean: Any, spread: Any) -> None:
    """Mean of each channel over rows (rows, C), and the sum of squared distances from it, both (C)."""
    total, centre, squares = scratch(128), scratch(128), scratch(128)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        wide = width * times
        m, s = shifted(mean, first), shifted(spread, first)
        zero(m, width)
        zero(s, width)
        for begin in range(0, rows, _ROWS):
            count = min(_ROWS, rows - begin)
            block = shifted(x, begin * C + first)
            zero(total, wide)
            for g in range(count // times):
                copy(total, shifted(block, g * times * C), wide, True)
            for r in range(count // times * times, count):
                copy(total, shifted(block, r * C), width, True)
            fold(total, width, times)
            for c in range(width):
                total[c] /= real(count)
            repeat(centre, total, width, times)
            _squared_distances(block, C, count, times, width, centre, squares)
            _merge(m, s, total, squares, width, real(begin), real(count))


@inline
def _squared_distances(block: Any, C: int, count: int, times: int, width: int, centre: Any, squares: Any) -> None:
    wide = width * times
    zero(squares, wide)
    for g in range(count // times):
        X = shifted(block, g * times * C)
        for j in range(wide):
            squares[j] += (X[j] - centre[j]) * (X[j] - centre[j])
    for r in range(count // times * times, count):
        X = shifted(block, r * C)
        for j in range(width):
            squares[j] += (X[j] - centre[j]) * (X[j] - centre[j])
    fold(squares, width, times)


@inline
def _merge(mean: Any, spread: Any, more_mean: Any, more_spread: Any, width: int, count: Any, more: Any) -> None:
    """Joins mean and spread of `count` rows with those of `more` further rows."""
    for c in range(width):
        apart = more_mean[c] - mean[c]
        mean[c] += apart * (more / (count + more))
        spread[c] += more_spread[c] + apart * apart * (count * more / (count + more))


@inline
def gradient_sums(
    x: Any, dy: Any, C: int, rows: int, mean: Any, plain: Any, along: Any, gated: bool, rstd: Any, weight: Any,
    bias: Any,
) -> None:  # fmt: skip
    """Per channel: plain = Σ dy and along = Σ dy·(x - mean), over rows (rows, C); where `gated`, dy passes `gate`."""
    total, product, passed = scratch(128), scratch(128), scratch(128)
    centre, factor, offset = scratch(128), scratch(128), scratch(128)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        repeat(centre, shifted(mean, first), width, times)
        if gated:
            scale_rows(first, width, times, mean, rstd, weight, bias, centre, factor, offset)
        zero(shifted(plain, first), width)
        zero(shifted(along, first), width)
        for begin in range(0, rows, _ROWS):
            count = min(_ROWS, rows - begin)
            zero(total, width * times)
            zero(product, width * times)
            for g in range((count + times - 1) // times):
                place, numbers = (begin + g * times) * C + first, min(times, count - g * times) * width
                X, dY = shifted(x, place), shifted(dy, place)
                if gated:
                    gate(passed, X, dY, numbers, centre, factor, offset)
                    dY = passed
                for j in range(numbers):
                    total[j] += dY[j]
                    product[j] += dY[j] * (X[j] - centre[j])
            fold(total, width, times)
            fold(product, width, times)
            copy(shifted(plain, first), total, width, True)
            copy(shifted(along, first), product, width, True)


@inline
def gate(passed: Any, x: Any, dy: Any, count: int, centre: Any, factor: Any, offset: Any) -> None:
    """What a ReLU behind the normalisation hands back: dy where (x - centre)·factor + offset is positive, else 0."""
    for j in range(count):
        passed[j] = dy[j] * (1.0 if (x[j] - centre[j]) * factor[j] + offset[j] > 0.0 else 0.0)


@inline
def shift_and_scale(x: Any, y: Any, C: int, rows: int, mean: Any, rstd: Any, weight: Any, bias: Any) -> None:
    """y = (x - mean)·rstd·weight + bias, channel by channel, over rows (rows, C)."""
    centre, factor, offset = scratch(128), scratch(128), scratch(128)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        scale_rows(first, width, times, mean, rstd, weight, bias, centre, factor, offset)
        for g in range((rows + times - 1) // times):
            place, count = g * times * C + first, min(times, rows - g * times) * width
            X, Y = shifted(x, place), shifted(y, place)
            for j in range(count):
                Y[j] = (X[j] - centre[j]) * factor[j] + offset[j]


@inline
def scale_rows(
    first: int, width: int, times: int, mean: Any, rstd: Any, weight: Any, bias: Any, centre: Any, factor: Any,
    offset: Any,
) -> None:  # fmt: skip
    """Wide rows of y = (x - centre)·factor + offset for channels `first` … `first + width`."""
    for r in range(times):
        for c in range(width):
            centre[r * width + c] = mean[first + c]
            factor[r * width + c] = rstd[first + c] * weight[first + c]
            offset[r * width + c] = bias[first + c]


@inline
def input_gradient(
    x: Any, dy: Any, dx: Any, C: int, first: int, width: int, rows: int, mean: Any, a: Any, b: Any, c: Any, u: Any,
    add: bool, gated: bool, offset: Any,
) -> None:  # fmt: skip
    """dx = a·(dy - u) + b·(x - mean) + c for channels `first` … `first + width`; mean, a, b, c, u are wide rows.

    Where `gated`, dy passes `gate`, whose factor is `a`.
    """
    passed = scratch(128)
    times = folds(C)
    for g in range((rows + times - 1) // times):
        place, count = g * times * C + first, min(times, rows - g * times) * width
        X, dY, dX = shifted(x, place), shifted(dy, place), shifted(dx, place)
        if gated:
            gate(passed, X, dY, count, mean, a, offset)
            dY = passed
        if add:
            for j in range(count):
                dX[j] += a[j] * (dY[j] - u[j]) + b[j] * (X[j] - mean[j]) + c[j]
        else:
            for j in range(count):
                dX[j] = a[j] * (dY[j] - u[j]) + b[j] * (X[j] - mean[j]) + c[j]


# -- over the batch ----------------------------------------------------------------------------------------------------


@kernel
def batch_moments(row: Any, clock: Any, memory: Any, part: int) -> None:
    x, out = pointer(row, memory, 0), pointer(row, memory, 1)  # x (…, C), out (P, 3, C): count, mean, spread
    C, P = last(row, 0), dimension(row, 1, 0)
    rows = size(row, 0) // C
    first, end = share(row, part, P)
    for p in range(first, end):
        begin, stop = rows * p // P, rows * (p + 1) // P
        place = shifted(out, p * 3 * C)
        for c in range(C):
            place[c] = real(stop - begin)
        channel_moments(shifted(x, begin * C), C, stop - begin, shifted(place, C), shifted(place, 2 * C))


@kernel
def batch_statistics(row: Any, clock: Any, memory: Any, part: int) -> None:
    moments, eps, momentum = pointer(row, memory, 0), pointer(row, memory, 1)[0], pointer(row, memory, 2)[0]
    mean, rstd = pointer(row, memory, 5), pointer(row, memory, 6)
    running_mean, running_var = pointer(row, memory, 7), pointer(row, memory, 8)
    P, C = dimension(row, 0, 0), last(row, 0)
    for c in range(C):
        count, centre, spread = moments[c], moments[C + c], moments[2 * C + c]
        for p in range(1, P):
            more = moments[3 * p * C + c]
            if more > 0.0:
                apart = moments[(3 * p + 1) * C + c] - centre
                spread += moments[(3 * p + 2) * C + c] + apart * apart * (count * more / (count + more))
                centre += apart * (more / (count + more))
                count += more
        mean[c] = centre
        rstd[c] = 1.0 / math.sqrt(spread / count + eps)
        running_mean[c] += momentum * (centre - running_mean[c])
        running_var[c] += momentum * (spread / max(count - 1.0, 1.0) - running_var[c])


@kernel
def batch_normalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    x, mean, rstd = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    weight, bias, y = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    C = last(row, 0)
    start, stop = share(row, part, size(row, 0) // C)
    X, Y = shifted(x, start * C), shifted(y, start * C)
    shift_and_scale(X, Y, C, stop - start, mean, rstd, weight, bias)


@kernel
def batch_normalise_relu(row: Any, clock: Any, memory: Any, part: int) -> None:
    x, mean, rstd = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    weight, bias, y = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, C = integer(row, 4), integer(row, 5), last(row, 0)  # y (N, HP, WP, C): zeros around a ReLU of x (N, H, W, C)
    centre, factor, offset = scratch(128), scratch(128), scratch(128)
    start, stop = share(row, part, size(row, 0) // (H * W * C) * HP)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        scale_rows(first, width, times, mean, rstd, weight, bias, centre, factor, offset)
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
                    value = (X[j] - centre[j]) * factor[j] + offset[j]
                    Y[j] = 0.0 if value <= 0.0 else value


@kernel
def running_rstd(row: Any, clock: Any, memory: Any, part: int) -> None:
    var, eps, rstd = pointer(row, memory, 0), pointer(row, memory, 1)[0], pointer(row, memory, 2)
    for c in range(size(row, 0)):
        rstd[c] = 1.0 / math.sqrt(var[c] + eps)


@kernel
def batch_sums(row: Any, clock: Any, memory: Any, part: int) -> None:
    _batch_sums(row, memory, part, False, pointer(row, memory, 3), pointer(row, memory, 3), 4)


@kernel
def batch_sums_relu(row: Any, clock: Any, memory: Any, part: int) -> None:
    _batch_sums(row, memory, part, True, pointer(row, memory, 4), pointer(row, memory, 5), 6)


@inline
def _batch_sums(row: Any, memory: Any, part: int, gated: bool, weight: Any, bias: Any, target: int) -> None:
    x, dy, mean, rstd = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        pointer(row, memory, 3),
    )
    out = pointer(row, memory, target)  # (P, 2·C): Σ dy·x̂, then Σ dy, of P portions of the rows
    C, P = last(row, 0), dimension(row, target, 0)
    rows = size(row, 0) // C
    first, end = share(row, part, P)
    for p in range(first, end):
        begin, stop = rows * p // P, rows * (p + 1) // P
        place = shifted(out, p * 2 * C)
        gradient_sums(
            shifted(x, begin * C), shifted(dy, begin * C), C, stop - begin, mean, shifted(place, C), place,
            gated, rstd, weight, bias,
        )  # fmt: skip
        for c in range(C):
            place[c] *= rstd[c]


@kernel
def batch_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    _batch_input(row, memory, part, False, pointer(row, memory, 4), 6)


@kernel
def batch_input_relu(row: Any, clock: Any, memory: Any, part: int) -> None:
    _batch_input(row, memory, part, True, pointer(row, memory, 6), 7)


@inline
def _batch_input(row: Any, memory: Any, part: int, gated: bool, bias: Any, target: int) -> None:
    x, dy, mean, rstd = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        pointer(row, memory, 3),
    )
    weight, totals, dx = pointer(row, memory, 4), pointer(row, memory, 5), pointer(row, memory, target)
    centre, a, b, c, u, offset = scratch(128), scratch(128), scratch(128), scratch(128), scratch(128), scratch(128)
    C = last(row, 0)
    count = real(size(row, 0) // C)
    start, stop = share(row, part, size(row, 0) // C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        for j in range(width * folds(C)):
            k = first + j % width
            centre[j] = mean[k]
            a[j] = weight[k] * rstd[k]
            b[j] = -weight[k] * rstd[k] * rstd[k] * totals[k] / count
            c[j] = 0.0
            u[j] = totals[C + k] / count
            offset[j] = bias[k]
        X, dY, dX = shifted(x, start * C), shifted(dy, start * C), shifted(dx, start * C)
        input_gradient(
            X, dY, dX, C, first, width, stop - start, centre, a, b, c, u, adds(row, target), gated, offset
        )  # fmt: skip


# -- over groups of channels of one example ----------------------------------------------------------------------------


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
