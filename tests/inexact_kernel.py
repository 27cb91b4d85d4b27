"""A kernel that may not be; a compiling process imports its module, and has no other modules of tests."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import flat


@kernel
def apply_sine(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Takes the C library's sine, whose last bits are its own."""
    x, y = flat(row, memory, 0), flat(row, memory, 1)
    for i in range(x.size):
        y[i] = math.sin(x[i])
