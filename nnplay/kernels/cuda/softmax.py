"""Softmax of a row by one thread of a graphics card: the bits of `nnplay.kernels.softmax`, in fewer loops."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.arithmetic import lane_max
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.elementary import exp
from nnplay.kernels.operands import shifted


@inline
def softmax(z: Any, p: Any, C: int) -> Any:
    """p = softmax(z), for z and p (C,): the largest of z, and Σ e^(z − largest)."""
    top, norm, left, z_at, p_at = lane_max(z, C), DTYPE(0.0), C, z, p
    while left > 1:
        e, f = exp(z_at[0] - top), exp(z_at[1] - top)
        p_at[0], p_at[1] = e, f
        norm = (norm + e) + f
        z_at, p_at, left = shifted(z_at, 2), shifted(p_at, 2), left - 2
    if left > 0:
        e = exp(z_at[0] - top)
        p_at[0] = e
        norm += e
    factor = 1.0 / norm
    for c in range(C):
        p[c] = p[c] * factor
    return top, norm
