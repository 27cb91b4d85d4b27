"""x times the chance that a normal number is below it, and its slope: in float64 right far below 0 too."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import COMPILING, inline
from nnplay.kernels.elementary import erf, exp

if COMPILING == "float64":
    from nnplay.kernels.normal import cumulative, density


if COMPILING == "float64":

    @inline
    def gelu(x: Any) -> Any:
        """x·Φ(x)."""
        return x * cumulative(x)

    @inline
    def gelu_slope(x: Any) -> Any:
        """Φ(x) + x·φ(x)."""
        return cumulative(x) + x * density(x)

else:

    @inline
    def gelu(x: Any) -> Any:
        """x·Φ(x); below −6 the rounding of erf would be multiplied by a large x, so there it is 0."""
        return 0.0 if x < -6.0 else 0.5 * x * (1.0 + erf(x * 0.7071067811865476))

    @inline
    def gelu_slope(x: Any) -> Any:
        """Φ(x) + x·φ(x), with c = x/√2; few operations, so that LLVM inlines it and the loop becomes vector code."""
        c = x * 0.7071067811865476
        return 0.5 + 0.5 * erf(c) + 0.5641895835477563 * c * exp(-c * c)
