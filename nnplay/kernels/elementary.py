"""Elementary functions written so that LLVM turns a loop over them into vector code.

In float64 they are the C library's, accurate to the last bit or two, since float64 serves gradient checks. In float32 they
are polynomials after range reduction (Cephes, S. L. Moshier), with errors of a few units in the last place.
"""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.jit import COMPILING, inline

if COMPILING:
    from nnplay.kernels.intrinsics import exponent_of, mantissa_of, power_of_two
else:
    exponent_of: Any = None
    mantissa_of: Any = None
    power_of_two: Any = None

_WIDE = COMPILING == "float64"


if _WIDE:

    @inline
    def exp(x: Any) -> Any:
        """eˣ."""
        return math.exp(x)

    @inline
    def log(x: Any) -> Any:
        """Natural logarithm of x > 0."""
        return math.log(x)

    @inline
    def tanh(x: Any) -> Any:
        """Hyperbolic tangent."""
        return math.tanh(x)

    @inline
    def erf(x: Any) -> Any:
        """Error function."""
        return math.erf(x)

else:

    @inline
    def exp(x: Any) -> Any:
        """eˣ; NaN stays NaN, above 88.7 it is inf, below -87.3 it is 0."""
        bounded = min(max(x, -87.4), 88.8)
        n = math.floor(bounded * 1.44269504 + 0.5)
        r = bounded - n * 0.693359375 + n * 2.12194440e-4
        p = 1.9875691500e-4
        p = p * r + 1.3981999507e-3
        p = p * r + 8.3334519073e-3
        p = p * r + 4.1665795894e-2
        p = p * r + 1.6666665459e-1
        p = p * r + 5.0000001201e-1
        p = p * r * r + r + 1.0
        half = math.floor(n * 0.5)
        scaled = p * power_of_two(half) * power_of_two(n - half)
        return scaled if x == x else x

    @inline
    def log(x: Any) -> Any:
        """Natural logarithm; of 0 it is -inf, of a negative number NaN."""
        tiny = x < 1.17549435e-38
        positive = x * 8388608.0 if tiny else x
        m = mantissa_of(positive)
        low = m < 0.707106781
        e = exponent_of(positive) - (1.0 if low else 0.0) - (23.0 if tiny else 0.0)
        m = m + m - 1.0 if low else m - 1.0
        z = m * m
        p = 7.0376836292e-2
        p = p * m - 1.1514610310e-1
        p = p * m + 1.1676998740e-1
        p = p * m - 1.2420140846e-1
        p = p * m + 1.4249322787e-1
        p = p * m - 1.6668057665e-1
        p = p * m + 2.0000714765e-1
        p = p * m - 2.4999993993e-1
        p = p * m + 3.3333331174e-1
        p = p * m * z - 2.12194440e-4 * e - 0.5 * z
        value = m + p + 0.693359375 * e
        value = value if x > 0.0 else (-math.inf if x == 0.0 else math.nan)
        return value if x < math.inf else x

    @inline
    def tanh(x: Any) -> Any:
        """Hyperbolic tangent: a clamped rational polynomial (Eigen's `ptanh`), error below 3e-7."""
        c = min(max(x, -7.90531110763549805), 7.90531110763549805)
        z = c * c
        p = -2.76076847742355e-16
        p = p * z + 2.00018790482477e-13
        p = p * z - 8.60467152213735e-11
        p = p * z + 5.12229709037114e-08
        p = p * z + 1.48572235717979e-05
        p = p * z + 6.37261928875436e-04
        p = p * z + 4.89352455891786e-03
        q = 1.19825839466702e-06
        q = q * z + 1.18534705686654e-04
        q = q * z + 2.26843463243900e-03
        q = q * z + 4.89352518554385e-03
        return c * p / q if x == x else x

    @inline
    def erf(x: Any) -> Any:
        """Error function: Abramowitz and Stegun 7.1.26 is too coarse, so a clamped rational polynomial (Eigen)."""
        c = min(max(x, -4.0), 4.0)
        z = c * c
        p = -2.72614225801306e-10
        p = p * z + 2.77068142495902e-08
        p = p * z - 2.10102402082508e-06
        p = p * z - 5.69250639462346e-05
        p = p * z - 7.34990630326855e-04
        p = p * z - 2.95459980854025e-03
        p = p * z - 1.60960333262415e-02
        q = -1.45660718464996e-05
        q = q * z - 2.13374055278905e-04
        q = q * z - 1.68282697438203e-03
        q = q * z - 7.37332916720468e-03
        q = q * z - 1.42647390514189e-02
        return c * p / q if x == x else x


@inline
def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return 1.0 / (1.0 + exp(-x))


@inline
def softplus(x: Any) -> Any:
    """log(1 + eˣ), without overflow for large x."""
    return max(x, 0.0) + log(1.0 + exp(-abs(x)))
