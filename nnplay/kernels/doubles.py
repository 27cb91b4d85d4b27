"""Elementary functions in float64 whatever the tape's type: of the C library's, no two need give the same last bits.

They serve gradient checks, which run in float64, and the few numbers that are worked out once a row or once a tape, so
they are written to be right to the last bit or two, not to be fast. Their constants stand in tuples, as literals in a
kernel are of the tape's type.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from nnplay.kernels.compile.jit import COMPILING, inline

if COMPILING:
    from nnplay.kernels.compile.float_bits import exponent_of, mantissa_of, nearest, times_power_of_two
    from nnplay.kernels.compile.intrinsics import multiply_add

#: log₂e, and ln 2 as a number of few bits and the rest.
_LN2: Final = (1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10)
#: 1/k! for k = 14 … 2.
_FACTORIALS: Final = tuple(1.0 / math.factorial(k) for k in range(14, 1, -1))
#: Series of sine and cosine: (-1)^k / (2k + 1)! and (-1)^k / (2k)! for k = 10 … 0.
_SINE: Final = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(10, -1, -1))
_COSINE: Final = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(10, -1, -1))
#: Of fdlibm's logarithm, highest power first.
_LOG: Final = (
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
)
#: Where eˣ is inf and 0; the smallest normal number, and 2⁵⁴.
_ENDS: Final = (709.782712893384, -745.1332191019412, 2.2250738585072014e-308, 18014398509481984.0)
_SMALL: Final = (-0.35, 2.0, 6.0, 0.5)
_ROOT_PI: Final = (1.772453850905516,)
_TURN: Final = (6.283185307179586,)
_NUMBERS: Final = (0.0, 1.0, 2.0, math.inf, math.nan)


@inline
def exp(x: Any) -> Any:
    """eˣ."""
    n = nearest(min(max(x, _ENDS[1] - _NUMBERS[2]), _ENDS[0] + _NUMBERS[2]) * _LN2[0])
    r = multiply_add(n, -_LN2[2], multiply_add(n, -_LN2[1], x))
    value = multiply_add(_series(r) * r, r, r) + _NUMBERS[1]
    half = nearest(n * _SMALL[3])  # in two steps: 2ⁿ itself may be no normal number
    value = value * times_power_of_two(_NUMBERS[1], half) * times_power_of_two(_NUMBERS[1], n - half)
    value = _NUMBERS[0] if x < _ENDS[1] else value
    return x + _NUMBERS[3] if x > _ENDS[0] or x != x else value


@inline
def _series(x: Any) -> Any:
    """(eˣ - 1 - x) / x² for small x."""
    p = _NUMBERS[0]
    for k in range(len(_FACTORIALS)):
        p = multiply_add(p, x, _FACTORIALS[k])
    return p


@inline
def expm1(x: Any) -> Any:
    """eˣ - 1 for x ≤ 0."""
    return multiply_add(_series(x) * x, x, x) if x > _SMALL[0] else exp(x) - _NUMBERS[1]


@inline
def log(x: Any) -> Any:
    """Natural logarithm; of 0 it is -inf, of a negative number NaN."""
    tiny = x < _ENDS[2]
    normal = x * _ENDS[3] if tiny else x
    e = exponent_of(normal)
    e = e - 54 if tiny else e
    f = mantissa_of(normal) - _NUMBERS[1]
    s = f / (_NUMBERS[2] + f)
    z = s * s
    p = _NUMBERS[0]
    for k in range(len(_LOG)):
        p = multiply_add(p, z, _LOG[k])
    square = _SMALL[3] * f * f
    value = e * _LN2[1] - ((square - multiply_add(s, multiply_add(p, z, square), e * _LN2[2])) - f)
    value = value if x < _NUMBERS[3] else x
    value = value if x > _NUMBERS[0] or x != x else -_NUMBERS[3]
    return _NUMBERS[4] if x < _NUMBERS[0] else value


@inline
def log1p(x: Any) -> Any:
    """log(1 + x) for x from 0 to 1: the logarithm of the rounded sum, and what the rounding left out."""
    u = _NUMBERS[1] + x
    return log(u) + (x - (u - _NUMBERS[1])) / u


@inline
def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    t = expm1(-abs(x) * _NUMBERS[2])
    value = -t / (_NUMBERS[2] + t)
    return -value if x < _NUMBERS[0] else value


@inline
def erf(x: Any) -> Any:
    """Error function: near 0 by a series of positive terms, far from it by a continued fraction of 1 - erf."""
    a = abs(x)
    if a < _SMALL[1]:
        term = total = a
        for k in range(1, 40):
            term = term * (_NUMBERS[2] * a * a) / np.float64(2 * k + 1)
            total = total + term
        value = _NUMBERS[2] / _ROOT_PI[0] * exp(-a * a) * total
    elif a < _SMALL[2]:
        fraction = a
        for k in range(60, 0, -1):
            fraction = a + np.float64(k) * _SMALL[3] / fraction
        value = _NUMBERS[1] - exp(-a * a) / (_ROOT_PI[0] * fraction)
    else:
        value = _NUMBERS[1] if x == x else x
    return -value if x < _NUMBERS[0] else value


@inline
def sine_cosine(x: Any) -> Any:
    """Sine and cosine of an x between -1 and 1."""
    z = x * x
    sine, cosine = _NUMBERS[0], _NUMBERS[0]
    for k in range(len(_SINE)):
        sine = multiply_add(sine, z, _SINE[k])
        cosine = multiply_add(cosine, z, _COSINE[k])
    return sine * x, cosine


@inline
def cosine_of_turns(x: Any) -> Any:
    """cos(2πx) for x from 0 to 1."""
    quarter = nearest(4 * x)
    sine, cosine = sine_cosine((x - quarter / 4) * _TURN[0])
    value = sine if quarter == 1 or quarter == 3 else cosine
    return -value if quarter == 1 or quarter == 2 else value


@inline
def whole_power(x: Any, n: int) -> Any:
    """xⁿ for a whole n from 0, by squaring."""
    result = _NUMBERS[1]
    while n > 0:
        if n & 1:
            result = result * x
        x = x * x
        n >>= 1
    return result
