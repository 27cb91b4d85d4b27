"""Pooling on a graphics card: each number of the result by one thread.

Shapes and integers are those of `nnplay.kernels.pooling`.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.places import output_at, place_in, put
from nnplay.kernels.operands import adds, integer, pointer, size
from nnplay.kernels.pooling.pooling import clipped, counted
from nnplay.kernels.span_sums import last


@kernel
def max_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow,c] = max x[n,oh·SH − PH + kh·DH,ow·SW − PW + kw·DW,c], and which = kh·KW + kw of that.

    x (N, H, W, C), y and which (N, OH, OW, C).
    """
    x, y, which = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, OH, OW = integer(row, 0), integer(row, 1), integer(row, 6), integer(row, 7)
    H, W, C = integer(row, 8), integer(row, 9), last(row, 0)
    at = part
    while at < size(row, 1):
        n, _, oh, ow, c = place_in(at, 1, OH, OW, C)
        h, w = oh * integer(row, 2) - integer(row, 4), ow * integer(row, 3) - integer(row, 5)
        top, tap = DTYPE(0.0), -1
        for kh in range(KH):
            for kw in range(KW):
                i, j = h + kh * integer(row, 10), w + kw * integer(row, 11)
                if 0 <= i < H and 0 <= j < W:
                    value = x[((n * H + i) * W + j) * C + c]
                    if tap < 0 or value > top or value != value:
                        top, tap = value, kh * KW + kw
        y[at] = top
        which[at] = DTYPE(tap)
        at += row[ROW_PARTS]


@inline
def factor_of(row: Any, oh: int, ow: int) -> Any:
    """1 / how many numbers of a window count; see `nnplay.kernels.pooling`."""
    h, kh_first, kh_end = clipped(
        oh, integer(row, 2), integer(row, 4), integer(row, 0), integer(row, 10), integer(row, 8)
    )
    w, kw_first, kw_end = clipped(
        ow, integer(row, 3), integer(row, 5), integer(row, 1), integer(row, 11), integer(row, 9)
    )
    lines, columns = counted(row, 0, h, kh_first, kh_end), counted(row, 1, w, kw_first, kw_end)
    return DTYPE(1.0) / DTYPE(lines * columns)


@kernel
def mean_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow,c] = Σ x[n,oh·SH − PH + kh·DH,ow·SW − PW + kw·DW,c] / count, summed inside the picture.

    x (N, H, W, C), y (N, OH, OW, C).
    """
    x, y, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    KH, KW, OH, OW = integer(row, 0), integer(row, 1), integer(row, 6), integer(row, 7)
    H, W = integer(row, 8), integer(row, 9)
    at = part
    while at < size(row, 1):
        n, _, oh, ow, c = place_in(at, 1, OH, OW, C)
        h, w = oh * integer(row, 2) - integer(row, 4), ow * integer(row, 3) - integer(row, 5)
        total, factor = DTYPE(0.0), factor_of(row, oh, ow)
        for kh in range(KH):
            for kw in range(KW):
                i, j = h + kh * integer(row, 10), w + kw * integer(row, 11)
                if 0 <= i < H and 0 <= j < W:
                    total = multiply_add(x[((n * H + i) * W + j) * C + c], factor, total)
        y[at] = total
        at += row[ROW_PARTS]


@inline
def gather(row: Any, memory: Any, part: int, output: int, largest: bool) -> None:
    """dx[n,h,w,c] = Σ of what every window that holds the number sends back: dy / count, or dy to the largest."""
    dy, which, dx, C = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, output), last(row, 0)
    KH, KW, OH, OW = integer(row, 0), integer(row, 1), integer(row, 6), integer(row, 7)
    at = part
    while at < size(row, output):
        n, _, v, u, c = place_in(at, 1, integer(row, 8), integer(row, 9), C)
        total = DTYPE(0.0)
        for kh in range(KH):
            oh = output_at(v + integer(row, 4) - kh * integer(row, 10), integer(row, 2), OH)
            for kw in range(KW if oh >= 0 else 0):
                ow = output_at(u + integer(row, 5) - kw * integer(row, 11), integer(row, 3), OW)
                place = ((n * OH + oh) * OW + ow) * C + c
                if ow >= 0:
                    if not largest:
                        total = multiply_add(dy[place], factor_of(row, oh, ow), total)
                    elif which[place] == DTYPE(kh * KW + kw):
                        total += dy[place]
        put(dx, at, total, adds(row, output))
        at += row[ROW_PARTS]


@kernel
def max_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x[which], so dx (N, H, W, C) += dy where x was the largest of its window; dy, which (N, OH, OW, C)."""
    gather(row, memory, part, 2, True)


@kernel
def mean_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = Σ x / count, so dx (N, H, W, C) += dy / count over the windows that hold x; dy (N, OH, OW, C)."""
    gather(row, memory, part, 1, False)
