"""Elementary functions on NumPy arrays that give the same bits everywhere.

NumPy's own, and those of `math`, differ in the last bits from processor to processor and from one C library to another.
These use nothing but operations that are exact or rounded as IEEE 754 says (+ - * / √, and taking numbers apart), in
float64, and are right to the last bit or two. They serve what enters a run: data, initial weights, learning rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: π/2 and ln 2 in parts of 33 bits, so that their products with small whole numbers are exact (fdlibm).
_HALF_PI: Final = (1.57079632673412561417e00, 6.07710050630396597660e-11, 2.02226624871116645580e-21)
_LN2: Final = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
_SINE: Final = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(9, -1, -1))
_COSINE: Final = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(9, -1, -1))
_EXP: Final = tuple(1.0 / math.factorial(k) for k in range(14, -1, -1))
_LOG: Final = tuple(1.0 / k for k in range(25, 0, -2))
#: tan(π/8), and the series of the arc tangent for what lies below it.
_TURN: Final = 0.4142135623730951
_ATAN: Final = tuple((-1.0) ** k / (2 * k + 1) for k in range(21, -1, -1))


#: Half of the last place of float32, and how near to it is doubtful, in units of the last place of float64.
_HALF: Final = 1 << 28
_DOUBTFUL: Final = 1 << 12
#: The smallest float32 with all its bits, and what is 0 in float32 beyond doubt.
_SMALLEST_WHOLE: Final = 2.0**-126
_ZERO: Final = 2.0**-151
#: Sines below it are small beside the error that NumPy's have there.
_SMALL_SINE: Final = 2.0**-10
#: Numbers that are worked on at a time: with all that comes of them on the way, they stay in the processor's cache.
_PIECE: Final = 1 << 13
_PRODUCTS: Final = 1 << 17


def _in_pieces(function: Callable[[Array], Array], x: Array) -> Array:
    """`function`, which takes each number by itself, of all numbers of x."""
    if x.size <= _PIECE:
        return function(x)
    flat, result = x.reshape(-1), np.empty(x.size)
    for first in range(0, x.size, _PIECE):
        piece = slice(first, first + _PIECE)
        result[piece] = function(flat[piece])
    return result.reshape(x.shape)


def _series(coefficients: tuple[float, ...], x: Array) -> Array:
    """The polynomial with these coefficients, highest power first."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value *= x
        value += coefficient
    return value


def _sine_cosine(x: Array, quarters: int) -> Array:
    """sin(x + quarters·π/2)."""
    turns = np.rint(x * 0.6366197723675814)
    r = x - turns * _HALF_PI[0]
    r -= turns * _HALF_PI[1]
    r -= turns * _HALF_PI[2]
    quarter = (turns + quarters) % 4
    z = r * r
    value = np.where(quarter % 2 == 0, _series(_SINE, z) * r, _series(_COSINE, z))
    return np.where(quarter >= 2, -value, value)


def sin(x: ArrayLike) -> Array:
    """Sine of angles up to a million."""
    return _in_pieces(lambda piece: _sine_cosine(piece, 0), np.asarray(x, np.float64))


def cos(x: ArrayLike) -> Array:
    """Cosine of angles up to a million."""
    return _in_pieces(lambda piece: _sine_cosine(piece, 1), np.asarray(x, np.float64))


def exp(x: ArrayLike) -> Array:
    """eˣ for x from -700 to 700; 0 below."""
    return _in_pieces(_exp, np.asarray(x, np.float64))


def _exp(x: Array) -> Array:
    within = np.maximum(x, -1000.0)
    n = np.rint(within * 1.4426950408889634)
    r = within - n * _LN2[0]
    r -= n * _LN2[1]
    return np.where(x < -700.0, 0.0, np.ldexp(_series(_EXP, r), n.astype(np.int64)))


def exp_single(x: ArrayLike) -> NDArray[np.float32]:
    """eˣ rounded to float32, for x up to 80: what `exp` gives then, bit for bit, in a third of the time.

    NumPy's function is quick, and off by a few units of the last place of float64. That reaches float32 only where
    eˣ lies about halfway between two of its numbers (Ziv's test, 1991), or is too small to have all its bits; there,
    one number in some thousands, `exp` has the word.
    """
    return _single_in_pieces(_exp_single, np.asarray(x))


def sin_single(x: ArrayLike) -> NDArray[np.float32]:
    """Sine rounded to float32: what `sin` gives then, bit for bit, in a third of the time (as `exp_single` does)."""
    return _single_in_pieces(_sin_single, np.asarray(x))


def _single_in_pieces(function: Callable[[Array], NDArray[np.float32]], x: NDArray[Any]) -> NDArray[np.float32]:
    result = np.empty(x.size, np.float32)
    flat = x.reshape(-1)
    for start in range(0, x.size, _PIECE):
        piece = slice(start, start + _PIECE)
        result[piece] = function(np.asarray(flat[piece], np.float64))
    return result.reshape(x.shape)


def _exp_single(x: Array) -> NDArray[np.float32]:
    within = np.maximum(x, -110.0)  # what is below is 0 in float32
    value = np.exp(within)
    doubtful = _near_half(value)
    doubtful |= (value < _SMALLEST_WHOLE) & (value > _ZERO)
    return _settle(value, doubtful, _exp, within)


def _sin_single(x: Array) -> NDArray[np.float32]:
    value = np.sin(x)
    doubtful = _near_half(value)
    doubtful |= np.abs(value) < _SMALL_SINE
    return _settle(value, doubtful, lambda few: _sine_cosine(few, 0), x)


def _near_half(value: Array) -> NDArray[np.bool_]:
    """Whether a unit or two of the last place of float64 may decide which float32 is nearest."""
    left = value.view(np.int64) + (_DOUBTFUL - _HALF)
    left &= 2 * _HALF - 1
    return left < 2 * _DOUBTFUL


def _settle(
    value: Array, doubtful: NDArray[np.bool_], function: Callable[[Array], Array], x: Array
) -> NDArray[np.float32]:
    """The values in float32; `function` of x where they are doubtful."""
    result = value.astype(np.float32)
    few = np.flatnonzero(doubtful)
    result[few] = function(x[few]).astype(np.float32)
    return result


def log(x: ArrayLike) -> Array:
    """Natural logarithm of positive numbers."""
    fraction, exponent = np.frexp(np.asarray(x, np.float64))
    low = fraction < 0.7071067811865476
    fraction, e = np.where(low, 2 * fraction, fraction), (exponent - low).astype(np.float64)
    f = fraction - 1.0
    s = f / (2.0 + f)
    return np.asarray(e * _LN2[0] + (e * _LN2[1] + 2.0 * s * _series(_LOG, s * s)))


def arctan2(y: ArrayLike, x: ArrayLike) -> Array:
    """The angle of the point (x, y), from -π to π; of (0, 0) it is 0."""
    y, x = np.asarray(y, np.float64), np.asarray(x, np.float64)
    high, low = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    ratio = low / np.where(high == 0.0, 1.0, high)
    wide = ratio > _TURN
    r = np.where(wide, (ratio - 1.0) / (ratio + 1.0), ratio)
    angle = _series(_ATAN, r * r) * r + np.where(wide, math.pi / 4, 0.0)
    angle = np.where(np.abs(y) > np.abs(x), math.pi / 2 - angle, angle)
    angle = np.where(x < 0.0, math.pi - angle, angle)
    return np.asarray(np.where(y < 0.0, -angle, angle))


def hypot(x: ArrayLike, y: ArrayLike) -> Array:
    """Distance of (x, y) from the origin, for numbers of ordinary size."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return np.asarray(np.sqrt(x * x + y * y))


def power(base: float, whole: ArrayLike) -> Array:
    """base to whole powers from 0 on, by squaring."""
    left = np.asarray(whole, np.float64).astype(np.int64)
    result, square = np.ones(left.shape), float(base)
    while np.any(left > 0):
        result = np.where(left % 2 == 1, result * square, result)
        square *= square
        left = left // 2
    return result


def product(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """The matrix product a·b (…, n, k)·(…, k, m), summed in the order of k; a BLAS takes each processor's own order."""
    if a.ndim == b.ndim == 3 and len(a) == len(b):
        return _products(a, b)
    result = a[..., :, 0, None] * b[..., 0, None, :]
    for k in range(1, a.shape[-1]):
        result += a[..., :, k, None] * b[..., k, None, :]
    return np.asarray(result)


def _products(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """As many products (count, n, k)·(count, k, m), with `count` as the axis along which numbers are neighbours."""
    size = a.shape[1] * b.shape[2]
    result = np.empty((len(a), a.shape[1], b.shape[2]), np.result_type(a, b))
    few = max(1, _PRODUCTS // max(1, size))
    for first in range(0, len(a), few):
        piece = slice(first, first + few)
        left, right = (np.ascontiguousarray(m[piece].transpose(axes)) for m, axes in ((a, (2, 1, 0)), (b, (1, 2, 0))))
        sums = left[0][:, None] * right[0][None]
        term = np.empty_like(sums)
        for k in range(1, len(left)):
            sums += np.multiply(left[k][:, None], right[k][None], out=term)
        result[piece] = sums.transpose(2, 0, 1)
    return result
