"""Sine and cosine of any angle, the same bits on every processor: a multiple of π/2 taken off, then a polynomial.

What is taken off is held in three parts of a number each, so that angles up to some hundred thousands keep their
digits.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import COMPILING, inline

if COMPILING:
    from nnplay.kernels.compile.float_bits import nearest
    from nnplay.kernels.compile.intrinsics import multiply_add
if COMPILING == "float64":
    from nnplay.kernels.doubles import sine_cosine


@inline
def _by_quarter(s: Any, c: Any, n: Any) -> Any:
    """The sine of n quarter turns and an angle whose sine and cosine are s and c."""
    q = n - 4.0 * nearest(n * 0.25 - 0.375)
    value = c if q == 1.0 or q == 3.0 else s
    return -value if q >= 2.0 else value


if COMPILING == "float64":

    @inline
    def _shifted_sine(x: Any, ahead: Any) -> Any:
        """sin(x + ahead·π/2) for an `ahead` of 0 or 1."""
        n = nearest(x * 0.6366197723675814)
        r = multiply_add(n, -1.5707963267948966, x)
        r = multiply_add(n, -6.123233995736766e-17, r)
        r = multiply_add(n, 1.4973849048591698e-33, r)
        s, c = sine_cosine(r)
        return _by_quarter(s, c, n + ahead)

else:

    @inline
    def _shifted_sine(x: Any, ahead: Any) -> Any:
        """sin(x + ahead·π/2) for an `ahead` of 0 or 1; the polynomials are Cephes's (S. L. Moshier)."""
        n = nearest(x * 0.6366197723675814)
        r = multiply_add(n, -1.5707963705062866, x)
        r = multiply_add(n, 4.371138828673793e-08, r)
        r = multiply_add(n, 1.7151245100058819e-15, r)
        z = r * r
        s = multiply_add(multiply_add(-1.9515295891e-4, z, 8.3321608736e-3), z, -1.6666654611e-1)
        s = multiply_add(s * z, r, r)
        c = multiply_add(multiply_add(2.443315711809948e-5, z, -1.388731625493765e-3), z, 4.166664568298827e-2)
        c = multiply_add(c * z, z, multiply_add(z, -0.5, 1.0))
        return _by_quarter(s, c, n + ahead)


@inline
def sine(x: Any) -> Any:
    """sin x, with x in radians."""
    return _shifted_sine(x, 0.0)


@inline
def cosine(x: Any) -> Any:
    """cos x, with x in radians: the sine a quarter turn ahead."""
    return _shifted_sine(x, 1.0)
