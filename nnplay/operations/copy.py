"""Copy: the kernel of rows that hand numbers on unchanged, in any shape."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, part_of


@kernel
def copy(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x, or y += x where a gradient is added to; x and y (M,)."""
    x, y = part_of(row, memory, 0, part), part_of(row, memory, 1, part)
    if adds(row, 1):
        for i in range(y.size):
            y[i] += x[i]
    else:
        for i in range(y.size):
            y[i] = x[i]
