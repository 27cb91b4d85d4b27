"""eˣ − 1, accurate near 0, where `exp(x) - 1` has no digits left."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import COMPILING, inline
from nnplay.kernels.elementary import exp

if COMPILING:
    from nnplay.kernels.compile.intrinsics import multiply_add

if COMPILING == "float64":
    from nnplay.kernels.doubles import expm1 as expm1

else:

    @inline
    def expm1(x: Any) -> Any:
        """eˣ − 1 for x ≤ 0: its Taylor series above −0.35, where the next term is below 2e-8 of the sum."""
        p = 1.9841270e-4
        p = multiply_add(p, x, 1.3888889e-3)
        p = multiply_add(p, x, 8.3333333e-3)
        p = multiply_add(p, x, 4.1666667e-2)
        p = multiply_add(p, x, 1.6666667e-1)
        p = multiply_add(p, x, 0.5)
        p = multiply_add(p * x, x, x)
        return p if x > -0.35 else exp(x) - 1.0
