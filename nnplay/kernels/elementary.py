"""Elementary functions written so that LLVM turns a loop over them into vector code.

In float64, which serves gradient checks, they are those of `nnplay.kernels.doubles`. In float32 they are polynomials
after range reduction (Cephes, S. L. Moshier), with relative errors below 3e-7, without a branch: bounds are written as
`bound if x < bound else x`, which is one instruction and lets NaN through.
"""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.compile.jit import COMPILING, DTYPE, inline

if COMPILING:
    from nnplay.kernels.compile.float_bits import exponent_of, mantissa_of, nearest, times_power_of_two
    from nnplay.kernels.compile.intrinsics import multiply_add

# Of the tape's type: `math.inf` in a kernel would be float64 and draw everything after it into float64.
_INFINITY = DTYPE(math.inf)
_NAN = DTYPE(math.nan)


if COMPILING == "float64":
    from nnplay.kernels.doubles import cosine_of_turns as cosine_of_turns
    from nnplay.kernels.doubles import erf as erf
    from nnplay.kernels.doubles import exp as exp
    from nnplay.kernels.doubles import log as log
    from nnplay.kernels.doubles import log1p as log1p
    from nnplay.kernels.doubles import tanh as tanh
else:

    @inline
    def exp(x: Any) -> Any:
        """eˣ; above 88.72 it is inf, below -87.33 (the smallest normal number) it is 0."""
        n = nearest(x * 1.44269504)
        r = multiply_add(n, -0.693359375, x)
        r = multiply_add(n, 2.12194440e-4, r)
        p = 1.9875691500e-4
        p = multiply_add(p, r, 1.3981999507e-3)
        p = multiply_add(p, r, 8.3334519073e-3)
        p = multiply_add(p, r, 4.1665795894e-2)
        p = multiply_add(p, r, 1.6666665459e-1)
        p = multiply_add(p, r, 5.0000001201e-1)
        value = times_power_of_two(multiply_add(p * r, r, r) + 1.0, n)
        value = value if x <= 88.72283 else x + _INFINITY
        return 0.0 if x < -87.33654 else value

    @inline
    def log(x: Any) -> Any:
        """Natural logarithm; of 0 it is -inf, of a negative number NaN."""
        tiny = x < 1.17549435e-38
        normal = x * 8388608.0 if tiny else x
        e = exponent_of(normal)
        e = e - 23.0 if tiny else e
        value = _log_near_one(mantissa_of(normal) - 1.0, e)
        value = value if x < _INFINITY else x
        value = value if x > 0.0 or x != x else -_INFINITY
        return _NAN if x < 0.0 else value

    @inline
    def log1p(x: Any) -> Any:
        """log(1 + x) for x between 0 and 1, accurate for small x."""
        high = x > 0.41421356
        return _log_near_one(0.5 * x - 0.5 if high else x, 1.0 if high else 0.0)

    @inline
    def _log_near_one(m: Any, e: Any) -> Any:
        """log((1 + m)·2ᵉ) for m between √½ - 1 and √2 - 1."""
        z = m * m
        p = 7.0376836292e-2
        p = multiply_add(p, m, -1.1514610310e-1)
        p = multiply_add(p, m, 1.1676998740e-1)
        p = multiply_add(p, m, -1.2420140846e-1)
        p = multiply_add(p, m, 1.4249322787e-1)
        p = multiply_add(p, m, -1.6668057665e-1)
        p = multiply_add(p, m, 2.0000714765e-1)
        p = multiply_add(p, m, -2.4999993993e-1)
        p = multiply_add(p, m, 3.3333331174e-1)
        low = multiply_add(e, -2.12194440e-4, p * m * z)
        return multiply_add(e, 0.693359375, m + multiply_add(z, -0.5, low))

    @inline
    def tanh(x: Any) -> Any:
        """Hyperbolic tangent: a clamped rational polynomial (Eigen's `ptanh`); beyond 9 it is 1."""
        c = -7.90531110763549805 if x < -7.90531110763549805 else x
        c = 7.90531110763549805 if c > 7.90531110763549805 else c
        z = c * c
        p = -2.76076847742355e-16
        p = multiply_add(p, z, 2.00018790482477e-13)
        p = multiply_add(p, z, -8.60467152213735e-11)
        p = multiply_add(p, z, 5.12229709037114e-08)
        p = multiply_add(p, z, 1.48572235717979e-05)
        p = multiply_add(p, z, 6.37261928935436e-04)
        p = multiply_add(p, z, 4.89352455891786e-03)
        q = 1.19825839466702e-06
        q = multiply_add(q, z, 1.18534705686654e-04)
        q = multiply_add(q, z, 2.26843463243900e-03)
        q = multiply_add(q, z, 4.89352518554385e-03)
        value = c * p / q
        value = 1.0 if x > 9.0 else value
        return -1.0 if x < -9.0 else value

    @inline
    def erf(x: Any) -> Any:
        """Error function: Abramowitz and Stegun 7.1.26 is too coarse, so a clamped rational polynomial (Eigen)."""
        c = -4.0 if x < -4.0 else x
        c = 4.0 if c > 4.0 else c
        z = c * c
        p = -2.72614225801306e-10
        p = multiply_add(p, z, 2.77068142495902e-08)
        p = multiply_add(p, z, -2.10102402082508e-06)
        p = multiply_add(p, z, -5.69250639462346e-05)
        p = multiply_add(p, z, -7.34990630326855e-04)
        p = multiply_add(p, z, -2.95459980854025e-03)
        p = multiply_add(p, z, -1.60960333262415e-02)
        q = -1.45660718464996e-05
        q = multiply_add(q, z, -2.13374055278905e-04)
        q = multiply_add(q, z, -1.68282697438203e-03)
        q = multiply_add(q, z, -7.37332916720468e-03)
        q = multiply_add(q, z, -1.42647390514189e-02)
        return c * p / q

    @inline
    def cosine_of_turns(x: Any) -> Any:
        """cos(2πx) for x from 0 to 1."""
        quarter = nearest(4.0 * x)
        r = multiply_add(quarter, -0.25, x) * 6.283185307
        z = r * r
        sine = multiply_add(multiply_add(-1.9515295891e-4, z, 8.3321608736e-3), z, -1.6666654611e-1)
        sine = multiply_add(sine * z, r, r)
        cosine = multiply_add(multiply_add(2.443315711809948e-5, z, -1.388731625493765e-3), z, 4.166664568298827e-2)
        cosine = multiply_add(cosine * z, z, multiply_add(z, -0.5, 1.0))
        value = sine if quarter == 1.0 or quarter == 3.0 else cosine
        return -value if quarter == 1.0 or quarter == 2.0 else value


@inline
def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return 1.0 / (1.0 + exp(-x))


@inline
def softplus(x: Any) -> Any:
    """log(1 + eˣ), without overflow for large x and with full relative accuracy for very negative x."""
    return (0.0 if x < 0.0 else x) + log1p(exp(-abs(x)))
