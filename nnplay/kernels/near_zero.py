"""eˣ − 1 and log(1 + x), accurate near 0, where `exp` and `log` have no digits left after the subtraction."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.elementary import exp
from nnplay.kernels.jit import COMPILING, inline

if COMPILING == "float64":

    @inline
    def expm1(x: Any) -> Any:
        """eˣ − 1 for x ≤ 0."""
        return math.expm1(x)

    @inline
    def log1p(x: Any) -> Any:
        """log(1 + x) for 0 ≤ x ≤ 1."""
        return math.log1p(x)

else:

    @inline
    def expm1(x: Any) -> Any:
        """eˣ − 1 for x ≤ 0: its Taylor series above −0.35, where the next term is below 2e-8 of the sum."""
        p = 1.9841270e-4
        p = p * x + 1.3888889e-3
        p = p * x + 8.3333333e-3
        p = p * x + 4.1666667e-2
        p = p * x + 1.6666667e-1
        p = p * x + 0.5
        p = p * x * x + x
        return p if x > -0.35 else exp(x) - 1.0

    @inline
    def log1p(x: Any) -> Any:
        """log(1 + x) for 0 ≤ x ≤ 1: the series of 2·atanh(s) with s = x / (2 + x) ≤ 1/3."""
        s = x / (2.0 + x)
        z = s * s
        p = 1.3333333e-1
        p = p * z + 1.5384615e-1
        p = p * z + 1.8181818e-1
        p = p * z + 2.2222222e-1
        p = p * z + 2.8571429e-1
        p = p * z + 0.4
        p = p * z + 6.6666667e-1
        return p * z * s + 2.0 * s


@inline
def softplus(x: Any) -> Any:
    """log(1 + eˣ), without overflow for large x and with all digits for very negative x."""
    return max(x, 0.0) + log1p(exp(-abs(x)))
