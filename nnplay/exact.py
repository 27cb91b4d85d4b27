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
#: Numbers that are worked on at a time, so that what lies between stays in the cache.
_PIECE: Final = 8192


def _in_pieces(function: Callable[[Array], Array], x: ArrayLike) -> Array:
    """A function of each single number, piece by piece."""
    x = np.asarray(x)
    if x.size <= _PIECE:
        return function(np.asarray(x, np.float64))
    flat, result = x.reshape(-1), np.empty(x.size)
    for start in range(0, x.size, _PIECE):
        piece = slice(start, start + _PIECE)
        result[piece] = function(np.asarray(flat[piece], np.float64))
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
    return _in_pieces(lambda piece: _sine_cosine(piece, 0), x)


def cos(x: ArrayLike) -> Array:
    """Cosine of angles up to a million."""
    return _in_pieces(lambda piece: _sine_cosine(piece, 1), x)


def exp(x: ArrayLike) -> Array:
    """eˣ for x from -700 to 700; 0 below."""
    return _in_pieces(_exp, x)


def _exp(x: Array) -> Array:
    within = np.clip(x, -700.0, 710.0)
    n = np.rint(within * 1.4426950408889634)
    r = within - n * _LN2[0]
    r -= n * _LN2[1]
    value = _series(_EXP, r)
    value *= _power_of_two(n)
    value[x < -700.0] = 0.0
    return value


def exp_single(x: ArrayLike) -> NDArray[np.float32]:
    """eˣ rounded to float32, for x up to 80: what `exp` gives then, bit for bit, in a third of the time.

    NumPy's function is quick, and off by a few units of the last place of float64. That reaches float32 only where
    eˣ lies about halfway between two of its numbers (Ziv's test, 1991), or is too small to have all its bits; there,
    one number in some thousands, `exp` has the word.
    """
    x = np.asarray(x)
    result = np.empty(x.size, np.float32)
    flat = x.reshape(-1)
    for start in range(0, x.size, _PIECE):
        piece = slice(start, start + _PIECE)
        result[piece] = _exp_single(np.asarray(flat[piece], np.float64))
    return result.reshape(x.shape)


def _exp_single(x: Array) -> NDArray[np.float32]:
    within = np.maximum(x, -110.0)  # what is below is 0 in float32
    value = np.exp(within)
    result = value.astype(np.float32)
    left = value.view(np.int64) + (_DOUBTFUL - _HALF)
    left &= 2 * _HALF - 1
    doubtful = np.flatnonzero((left < 2 * _DOUBTFUL) | ((value < _SMALLEST_WHOLE) & (value > _ZERO)))
    result[doubtful] = _exp(within[doubtful]).astype(np.float32)
    return result


def _power_of_two(n: Array) -> Array:
    """2ⁿ of whole numbers from -1022 to 1024, of which the last is infinite: a float64 whose exponent is n."""
    exponent = n.astype(np.int64)
    exponent += 1023
    exponent <<= 52
    return exponent.view(np.float64)


def log(x: ArrayLike) -> Array:
    """Natural logarithm of positive numbers."""
    return _in_pieces(_log, x)


def _log(x: Array) -> Array:
    fraction, exponent = np.frexp(x)
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
    result = np.asarray(a[..., :, 0, None] * b[..., 0, None, :])
    term = np.empty_like(result)
    for k in range(1, a.shape[-1]):
        result += np.multiply(a[..., :, k, None], b[..., k, None, :], out=term)
    return result


def sum_of_products(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Σₖ a[k, i, …]·b[k, j, …] (n, m, …), summed in the order of k, of many pairs of matrices a (k, n, …), b (k, m, …).

    The pairs stand in the last axis, along which NumPy is quick.
    """
    result = np.asarray(a[0][:, None] * b[0][None, :])
    term = np.empty_like(result)
    for left, right in zip(a[1:], b[1:], strict=True):
        result += np.multiply(left[:, None], right[None, :], out=term)
    return result
