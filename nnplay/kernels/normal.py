"""The normal distribution in float64: its density, and the chance that a normal number is smaller.

Serves float64 alone: `1 + erf(x / √2)` has no digits left far below 0, where this one still has fifteen.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from nnplay.kernels.compile.jit import COMPILING, inline
from nnplay.kernels.doubles import erf, exp

if COMPILING:
    from nnplay.kernels.compile.intrinsics import multiply_add

#: 1 / √2, 1 / √(2π), and where the continued fraction takes over.
_NORMAL: Final = (0.7071067811865476, 0.3989422804014327, -3.0)
_NUMBERS: Final = (0.5, 1.0)


@inline
def density(x: Any) -> Any:
    """φ(x) = e^(−x²/2) / √(2π); what the rounding of x² leaves out is put back, as it would grow with x."""
    square = x * x
    left_out = multiply_add(x, x, -square)
    return _NORMAL[1] * exp(-_NUMBERS[0] * square) * (_NUMBERS[1] - _NUMBERS[0] * left_out)


@inline
def cumulative(x: Any) -> Any:
    """Φ(x), the chance that a normal number is below x."""
    if x < _NORMAL[2]:
        fraction = -x
        for k in range(60, 0, -1):
            fraction = np.float64(k) / fraction - x
        value = density(x) / fraction
    else:
        value = _NUMBERS[0] + _NUMBERS[0] * erf(x * _NORMAL[0])
    return value
