"""Loops of normalisation: mean and spread of every channel, shifting and scaling by them, and the way back.

Loops over rows take wide rows, as `nnplay.kernels.span_sums` says. Mean and spread are found block by block and merged
(Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances; 1979), which stays
accurate in float32 for any number of rows. All of it is done on distances from the first row, which are exact where
the mean is far from 0, and a mean is kept as two numbers: `mean`, and `rest`, which rounding took from it.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.arithmetic import multiply_add, scratch
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.operands import shifted
from nnplay.kernels.span_sums import CHANNELS, copy, fold, folds, repeat, zero

#: Rows in a block of the merged sums.
_ROWS = 128


@inline
def channel_moments(x: Any, C: int, rows: int, mean: Any, rest: Any, spread: Any) -> None:
    """Mean of each channel over rows (rows, C), and the sum of squared distances from it, each (C).

    The mean is mean + rest: `rest` is what rounding took from it.
    """
    total, centre, squares, base = scratch(128), scratch(128), scratch(128), scratch(128)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        m, q, s = shifted(mean, first), shifted(rest, first), shifted(spread, first)
        zero(m, width)
        zero(q, width)
        zero(s, width)
        if rows > 0:
            repeat(base, shifted(x, first), width, times)
            for begin in range(0, rows, _ROWS):
                count = min(_ROWS, rows - begin)
                block = shifted(x, begin * C + first)
                _distances(block, C, count, times, width, base, total)
                repeat(centre, total, width, times)
                _squared_distances(block, C, count, times, width, base, centre, squares)
                _merge(q, s, total, squares, width, DTYPE(begin), DTYPE(count))
            for c in range(width):
                m[c], q[c] = rounded_mean(base[c], q[c])


@inline
def rounded_mean(base: Any, distance: Any) -> Any:
    """base + distance, and what rounding took from it."""
    mean = base + distance
    return mean, (base - mean) + distance


@inline
def _distances(block: Any, C: int, count: int, times: int, width: int, base: Any, total: Any) -> None:
    """total (C) = Σ (x − base) / count over a block (count, C), taken as wide rows of `times` rows each."""
    wide = width * times
    zero(total, wide)
    for g in range(count // times):
        X = shifted(block, g * times * C)
        for j in range(wide):
            total[j] += X[j] - base[j]
    for r in range(count // times * times, count):
        X = shifted(block, r * C)
        for j in range(width):
            total[j] += X[j] - base[j]
    fold(total, width, times)
    for c in range(width):
        total[c] /= DTYPE(count)


@inline
def _squared_distances(
    block: Any, C: int, count: int, times: int, width: int, base: Any, centre: Any, squares: Any
) -> None:
    """squares (C) = Σ (x − base − centre)² over a block (count, C), taken as wide rows of `times` rows each."""
    wide = width * times
    zero(squares, wide)
    for g in range(count // times):
        X = shifted(block, g * times * C)
        for j in range(wide):
            distance = (X[j] - base[j]) - centre[j]
            squares[j] = multiply_add(distance, distance, squares[j])
    for r in range(count // times * times, count):
        X = shifted(block, r * C)
        for j in range(width):
            distance = (X[j] - base[j]) - centre[j]
            squares[j] = multiply_add(distance, distance, squares[j])
    fold(squares, width, times)


@inline
def _merge(mean: Any, spread: Any, more_mean: Any, more_spread: Any, width: int, count: Any, more: Any) -> None:
    """Joins mean and spread of `count` rows with those of `more` further rows."""
    for c in range(width):
        delta = more_mean[c] - mean[c]
        mean[c] += delta * (more / (count + more))
        spread[c] += more_spread[c] + delta * delta * (count * more / (count + more))


@inline
def gradient_sums(
    x: Any, dy: Any, C: int, rows: int, mean: Any, rest: Any, plain: Any, along: Any, gated: bool, rstd: Any,
    weight: Any, bias: Any,
) -> None:  # fmt: skip
    """Per channel: plain = Σ dy and along = Σ dy·(x - mean - rest), over rows (rows, C).

    Where `gated`, dy passes `gate`.
    """
    total, product, passed = scratch(128), scratch(128), scratch(128)
    centre, factor, offset = scratch(128), scratch(128), scratch(128)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        repeat(centre, shifted(mean, first), width, times)
        if gated:
            scale_rows(first, width, times, mean, rest, rstd, weight, bias, centre, factor, offset)
        zero(shifted(plain, first), width)
        zero(shifted(along, first), width)
        for begin in range(0, rows, _ROWS):
            count = min(_ROWS, rows - begin)
            zero(total, width * times)
            zero(product, width * times)
            r = 0
            while r < count:
                together = times if r + times <= count else 1  # rows that make a wide row, then the rest one by one
                place, numbers = (begin + r) * C + first, together * width
                X, dY = shifted(x, place), shifted(dy, place)
                if gated:
                    gate(passed, X, dY, numbers, centre, factor, offset)
                    dY = passed
                for j in range(numbers):
                    total[j] += dY[j]
                    product[j] = multiply_add(dY[j], X[j] - centre[j], product[j])
                r += together
            fold(total, width, times)
            fold(product, width, times)
            copy(shifted(plain, first), total, width, True)
            copy(shifted(along, first), product, width, True)
        for c in range(first, first + width):
            along[c] -= rest[c] * plain[c]


@inline
def gate(passed: Any, x: Any, dy: Any, count: int, centre: Any, factor: Any, offset: Any) -> None:
    """What a ReLU behind the normalisation hands back: dy where (x - centre)·factor + offset is positive, else 0."""
    for j in range(count):
        passed[j] = dy[j] * (1.0 if multiply_add(x[j] - centre[j], factor[j], offset[j]) > 0.0 else 0.0)


@inline
def shift_and_scale(x: Any, y: Any, C: int, rows: int, mean: Any, rest: Any, rstd: Any, weight: Any, bias: Any) -> None:
    """y = (x - mean - rest)·rstd·weight + bias, channel by channel, over rows (rows, C)."""
    centre, factor, offset = scratch(128), scratch(128), scratch(128)
    times = folds(C)
    for first in range(0, C, CHANNELS):
        width = min(CHANNELS, C - first)
        scale_rows(first, width, times, mean, rest, rstd, weight, bias, centre, factor, offset)
        for g in range((rows + times - 1) // times):
            place, count = g * times * C + first, min(times, rows - g * times) * width
            X, Y = shifted(x, place), shifted(y, place)
            for j in range(count):
                Y[j] = multiply_add(X[j] - centre[j], factor[j], offset[j])


@inline
def scale_rows(
    first: int, width: int, times: int, mean: Any, rest: Any, rstd: Any, weight: Any, bias: Any, centre: Any,
    factor: Any, offset: Any,
) -> None:  # fmt: skip
    """Wide rows of y = (x - centre)·factor + offset for channels `first` … `first + width`."""
    for r in range(times):
        for c in range(width):
            centre[r * width + c] = mean[first + c]
            factor[r * width + c] = rstd[first + c] * weight[first + c]
            offset[r * width + c] = moved_bias(bias[first + c], rest[first + c], factor[r * width + c])


@inline
def moved_bias(bias: Any, rest: Any, factor: Any) -> Any:
    """bias − rest·factor, for (x − mean − rest)·factor + bias = (x − mean)·factor + that."""
    return multiply_add(-rest, factor, bias)


@inline
def input_gradient(
    x: Any, dy: Any, dx: Any, C: int, first: int, width: int, rows: int, mean: Any,
    direct: Any, by_deviation: Any, by_mean: Any, mean_dy: Any, add: bool, gated: bool, offset: Any,
) -> None:  # fmt: skip
    """dx = direct·(dy − mean_dy) + by_deviation·(x − mean) + by_mean, for channels `first` … `first + width`.

    x, dy, dx (rows, C); the others are wide rows. Where `gated`, dy passes `gate`, whose factor is `direct`.
    """
    passed = scratch(128)
    times = folds(C)
    for g in range((rows + times - 1) // times):
        place, count = g * times * C + first, min(times, rows - g * times) * width
        X, dY, dX = shifted(x, place), shifted(dy, place), shifted(dx, place)
        if gated:
            gate(passed, X, dY, count, mean, direct, offset)
            dY = passed
        if add:
            for j in range(count):
                dX[j] += multiply_add(
                    direct[j], dY[j] - mean_dy[j], multiply_add(by_deviation[j], X[j] - mean[j], by_mean[j])
                )
        else:
            for j in range(count):
                dX[j] = multiply_add(
                    direct[j], dY[j] - mean_dy[j], multiply_add(by_deviation[j], X[j] - mean[j], by_mean[j])
                )
