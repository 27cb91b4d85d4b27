"""Kernels that make pictures larger: each output is a mixture of its two nearest inputs along each axis."""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted
from nnplay.kernels.span_sums import last, zero

#: Factors, size of the input, and whether to mix neighbours (1) or to repeat the nearest (0).
RESAMPLE: Final = ("FH", "FW", "H", "W", "mix")


@inline
def neighbours(place: int, factor: int, size: int, mix: int) -> Any:
    """The two inputs that an output lies between, and the share of the second: (first, second, share)."""
    if mix == 0:
        return place // factor, place // factor, DTYPE(0.0)
    centre = max(DTYPE(0.0), (DTYPE(place) + 0.5) / DTYPE(factor) - 0.5)
    first = min(int(centre), size - 1)
    return first, min(first + 1, size - 1), centre - DTYPE(first)


@kernel
def enlarge(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow] = Σ share·x of its four nearest inputs, for x (N, H, W, C), y (N, H·FH, W·FW, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    FH, FW, H, W, mix = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4)
    C = last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * H * FH)
    for line in range(start, stop):
        n, oh = line // (H * FH), line % (H * FH)
        top, bottom, v = neighbours(oh, FH, H, mix)
        for ow in range(W * FW):
            left, right, u = neighbours(ow, FW, W, mix)
            a, b = shifted(x, ((n * H + top) * W + left) * C), shifted(x, ((n * H + top) * W + right) * C)
            c, d = shifted(x, ((n * H + bottom) * W + left) * C), shifted(x, ((n * H + bottom) * W + right) * C)
            _mix(shifted(y, (line * W * FW + ow) * C), a, b, c, d, u, v, C)


@inline
def _mix(y: Any, a: Any, b: Any, c: Any, d: Any, u: Any, v: Any, C: int) -> None:
    """y = (a·(1 − u) + b·u)·(1 − v) + (c·(1 − u) + d·u)·v, each (C)."""
    for k in range(C):
        y[k] = (a[k] * (1.0 - u) + b[k] * u) * (1.0 - v) + (c[k] * (1.0 - u) + d[k] * u) * v


@kernel
def enlarge_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = Σ share·x, so dx += share·dy for the four nearest inputs; dy (N, H·FH, W·FW, C), dx (N, H, W, C)."""
    dy, dx = pointer(row, memory, 0), pointer(row, memory, 1)
    FH, FW, H, W, mix = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4)
    C = last(row, 1)
    start, stop = share(row, part, dimension(row, 1, 0))
    for n in range(start, stop):
        if not adds(row, 1):
            zero(shifted(dx, n * H * W * C), H * W * C)
        for oh in range(H * FH):
            top, bottom, v = neighbours(oh, FH, H, mix)
            for ow in range(W * FW):
                left, right, u = neighbours(ow, FW, W, mix)
                dY = shifted(dy, ((n * H * FH + oh) * W * FW + ow) * C)
                _add(shifted(dx, ((n * H + top) * W + left) * C), dY, (1.0 - u) * (1.0 - v), C)
                if mix != 0:
                    _add(shifted(dx, ((n * H + top) * W + right) * C), dY, u * (1.0 - v), C)
                    _add(shifted(dx, ((n * H + bottom) * W + left) * C), dY, (1.0 - u) * v, C)
                    _add(shifted(dx, ((n * H + bottom) * W + right) * C), dY, u * v, C)


@inline
def _add(dx: Any, dy: Any, share: Any, C: int) -> None:
    """dx += dy·share, each (C)."""
    for k in range(C):
        dx[k] += dy[k] * share
