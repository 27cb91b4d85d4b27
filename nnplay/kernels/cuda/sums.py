"""Sums over neighbouring numbers as one thread of a graphics card takes them: one after the other.

They stand where `nnplay.kernels.lanes` stands on a processor, whose lanes a single thread does not have.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.intrinsics import multiply_add
from nnplay.kernels.compile.jit import DTYPE, inline

_LOWEST = DTYPE(float("-inf"))


@inline
def lane_sum(x: Any, count: int) -> Any:
    """Σ x, for x (count,)."""
    total = 0.0
    for i in range(count):
        total += x[i]
    return total


@inline
def lane_dot(x: Any, y: Any, count: int) -> Any:
    """Σ x·y, each product fused with the addition, for x and y (count,)."""
    total = 0.0
    for i in range(count):
        total = multiply_add(x[i], y[i], total)
    return total


@inline
def lane_max(x: Any, count: int) -> Any:
    """The largest number of x (count,), of which those that are not numbers are none."""
    top = _LOWEST
    for i in range(count):
        top = x[i] if x[i] > top else top
    return top
