"""Every parts-th number of a layer that treats all alike, on a graphics card: four at once, where a thread has so many.

A thread that has read four works on all of them side by side, and counts once for them.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.cuda.places import apart, put, put_apart
from nnplay.kernels.operands import adds, pointer, shifted, size


@inline
def forward_each(value: Any, row: Any, memory: Any, output: int, given: Any, part: int) -> None:
    """y = value(x), for x, the first operand, and y, the one of that number."""
    x, y = shifted(pointer(row, memory, 0), part), shifted(pointer(row, memory, output), part)
    parts, left = row[ROW_PARTS], size(row, 0) - part
    while left > 3 * parts:
        a = apart(x, parts)
        four = value(a[0], *given), value(a[1], *given), value(a[2], *given), value(a[3], *given)
        put_apart(y, parts, four, False)
        x, y = shifted(x, 4 * parts), shifted(y, 4 * parts)
        left -= 4 * parts
    while left > 0:
        y[0] = value(x[0], *given)
        x, y = shifted(x, parts), shifted(y, parts)
        left -= parts


@inline
def backward_each(derivative: Any, row: Any, memory: Any, output: int, given: Any, part: int) -> None:
    """dx = dy·derivative(x, y), or that more, for x, y and dy, the first operands, and dx, the one of that number."""
    x, y = shifted(pointer(row, memory, 0), part), shifted(pointer(row, memory, 1), part)
    dy, dx = shifted(pointer(row, memory, 2), part), shifted(pointer(row, memory, output), part)
    parts, left, add = row[ROW_PARTS], size(row, 0) - part, adds(row, output)
    while left > 3 * parts:
        a, b, d = apart(x, parts), apart(y, parts), apart(dy, parts)
        four = (
            d[0] * derivative(a[0], b[0], *given), d[1] * derivative(a[1], b[1], *given),
            d[2] * derivative(a[2], b[2], *given), d[3] * derivative(a[3], b[3], *given),
        )  # fmt: skip
        put_apart(dx, parts, four, add)
        x, y = shifted(x, 4 * parts), shifted(y, 4 * parts)
        dy, dx = shifted(dy, 4 * parts), shifted(dx, 4 * parts)
        left -= 4 * parts
    while left > 0:
        put(dx, 0, dy[0] * derivative(x[0], y[0], *given), add)
        x, y, dy, dx = shifted(x, parts), shifted(y, parts), shifted(dy, parts), shifted(dx, parts)
        left -= parts
