"""Pooling into a given count of windows on a graphics card: each number of the result by one thread.

Operands and integers are those of `nnplay.kernels.pooling.adaptive`.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, quotient
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.places import place_in, put
from nnplay.kernels.operands import adds, integer, pointer, size
from nnplay.kernels.span_sums import last


@inline
def bounds(place: int, outputs: int, size: int) -> Any:
    """First number of a window, and the one behind its last: ⌊i·size / outputs⌋ and ⌈(i + 1)·size / outputs⌉.

    With sizes exchanged, they are the first output whose window holds a number, and the one behind the last.
    """
    return quotient(place * size, outputs), quotient((place + 1) * size + outputs - 1, outputs)


@inline
def count_in(row: Any, axis: int, place: int) -> int:
    """How many numbers a window has along an axis."""
    begin, end = bounds(place, integer(row, axis), integer(row, 3 + axis))
    count: int = end - begin
    return count


@kernel
def mean_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,o,c] = Σ x[n,d,h,w,c] / count over the window of place o; x (N, D, H, W, C), y (N, OD, OH, OW, C)."""
    x, y, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    D, H, W = integer(row, 3), integer(row, 4), integer(row, 5)
    at = part
    while at < size(row, 1):
        n, od, oh, ow, c = place_in(at, integer(row, 0), integer(row, 1), integer(row, 2), C)
        d0, d1 = bounds(od, integer(row, 0), D)
        h0, h1 = bounds(oh, integer(row, 1), H)
        w0, w1 = bounds(ow, integer(row, 2), W)
        factor, total = DTYPE(1.0) / DTYPE((d1 - d0) * (h1 - h0) * (w1 - w0)), DTYPE(0.0)
        for d in range(d0, d1):
            for h in range(h0, h1):
                for w in range(w0, w1):
                    total = multiply_add(x[(((n * D + d) * H + h) * W + w) * C + c], factor, total)
        y[at] = total
        at += row[ROW_PARTS]


@kernel
def max_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,o,c] = max x[n,d,h,w,c] over the window of place o, and which = the number in the window of that.

    x (N, D, H, W, C), y and which (N, OD, OH, OW, C).
    """
    x, y, which, C = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), last(row, 0)
    D, H, W = integer(row, 3), integer(row, 4), integer(row, 5)
    at = part
    while at < size(row, 1):
        n, od, oh, ow, c = place_in(at, integer(row, 0), integer(row, 1), integer(row, 2), C)
        d0, d1 = bounds(od, integer(row, 0), D)
        h0, h1 = bounds(oh, integer(row, 1), H)
        w0, w1 = bounds(ow, integer(row, 2), W)
        best, chosen, tap = DTYPE(0.0), 0, 0
        for d in range(d0, d1):
            for h in range(h0, h1):
                for w in range(w0, w1):
                    value = x[(((n * D + d) * H + h) * W + w) * C + c]
                    if tap == 0 or value > best or (value != value and best == best):
                        best, chosen = value, tap
                    tap += 1
        y[at], which[at] = best, DTYPE(chosen)
        at += row[ROW_PARTS]


@inline
def gather(row: Any, memory: Any, part: int, output: int, largest: bool) -> None:
    """dx[n,d,h,w,c] = Σ of what every window that holds the number sends back: dy / count, or dy to the largest."""
    dy, which, dx, C = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, output), last(row, 0)
    OD, OH, OW = integer(row, 0), integer(row, 1), integer(row, 2)
    at = part
    while at < size(row, output):
        n, d, h, w, c = place_in(at, integer(row, 3), integer(row, 4), integer(row, 5), C)
        d0, d1 = bounds(d, integer(row, 3), OD)
        h0, h1 = bounds(h, integer(row, 4), OH)
        w0, w1 = bounds(w, integer(row, 5), OW)
        total = DTYPE(0.0)
        for od in range(d0, d1):
            for oh in range(h0, h1):
                for ow in range(w0, w1):
                    deep, high, wide = count_in(row, 0, od), count_in(row, 1, oh), count_in(row, 2, ow)
                    place = (((n * OD + od) * OH + oh) * OW + ow) * C + c
                    if largest:
                        begin, _ = bounds(od, OD, integer(row, 3))
                        line, _ = bounds(oh, OH, integer(row, 4))
                        column, _ = bounds(ow, OW, integer(row, 5))
                        if which[place] == DTYPE(((d - begin) * high + h - line) * wide + w - column):
                            total += dy[place]
                    else:
                        total = multiply_add(dy[place], DTYPE(1.0) / DTYPE(deep * high * wide), total)
        put(dx, at, total, adds(row, output))
        at += row[ROW_PARTS]


@kernel
def mean_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,o,c] = Σ x[n,d,h,w,c] / count, so dx (N, D, H, W, C) += dy / count in the window; dy (N, OD, OH, OW, C)."""
    gather(row, memory, part, 1, False)


@kernel
def max_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x[which], so dx (N, D, H, W, C) += dy where x was the largest; dy, which (N, OD, OH, OW, C)."""
    gather(row, memory, part, 2, True)
