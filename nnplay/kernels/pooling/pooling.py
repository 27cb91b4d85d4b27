"""Kernels of pooling: the largest or the mean number under each window, channel by channel, and the ways back.

Pictures are (N, H, W, C); a sequence (N, T, C) is a picture of one line. Windows are cut off at the border, so zeros
around the picture are never read; a mean may count them.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.arithmetic import multiply_add
from nnplay.kernels.compile.jit import COMPILING, DTYPE, inline, kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted
from nnplay.kernels.pooling.choosing import keep_larger
from nnplay.kernels.span_sums import last, zero

if COMPILING:
    from nnplay.kernels.pooling.tile import largest_of_four, spread_to_four
    from nnplay.kernels.tile import LANES
else:
    LANES = 1

#: Integers of pooling rows: kernel, stride, padding in front, output, input, dilation, height before width.
POOL: Final = ("KH", "KW", "SH", "SW", "PH", "PW", "OH", "OW", "H", "W", "DH", "DW")
#: Those of means: the padding behind, where padding counts; -1 where it does not.
MEAN_POOL: Final = (*POOL, "AH", "AW")


@inline
def clipped(place: int, stride: int, padding: int, kernel_size: int, dilation: int, size: int) -> Any:
    """First number under the window, and which kernel numbers lie inside the input: (origin, first, end)."""
    origin = place * stride - padding
    if dilation == 1:  # no division, which takes longer than a small window
        return origin, max(0, -origin), min(kernel_size, size - origin)
    first = (max(0, -origin) + dilation - 1) // dilation
    return origin, first, min(kernel_size, (size - origin + dilation - 1) // dilation)


@inline
def counted(row: Any, axis: int, origin: int, first: int, end: int) -> int:
    """How many numbers of a window count along one axis (0 height, 1 width): those inside, or those of padding too."""
    behind = integer(row, 12 + axis)
    if behind < 0:
        return end - first
    dilation = integer(row, 10 + axis)
    reached: int = min(integer(row, axis), (integer(row, 8 + axis) + behind - origin + dilation - 1) // dilation)
    return reached


@inline
def by_four(row: Any) -> bool:
    """Whether every window is a whole 2×2 block of its own."""
    for k in range(4):
        if integer(row, k) != 2:
            return False
    if integer(row, 4) != 0 or integer(row, 5) != 0 or integer(row, 10) != 1 or integer(row, 11) != 1:
        return False
    halves: bool = 2 * integer(row, 6) == integer(row, 8) and 2 * integer(row, 7) == integer(row, 9)
    return halves


@kernel
def max_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow,c] = max x[n,oh·SH − PH + kh·DH,ow·SW − PW + kw·DW,c], and which = kh·KW + kw of that.

    x (N, H, W, C), y and which (N, OH, OW, C).
    """
    x, y, which = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, SH, SW, PH, PW = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    OH, OW, H, W, C = integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9), last(row, 0)
    DH, DW = integer(row, 10), integer(row, 11)
    start, stop = share(row, part, dimension(row, 0, 0) * OH)
    if by_four(row):
        for line in range(start, stop):
            for ow in range(OW):
                place, source = (line * OW + ow) * C, (line * 2 * W + ow * 2) * C
                for c in range(0, C, LANES):
                    Y, chosen, X = shifted(y, place + c), shifted(which, place + c), shifted(x, source + c)
                    largest_of_four(X, C, W * C, Y, chosen, min(LANES, C - c))
        return
    for line in range(start, stop):
        n, oh = line // OH, line % OH
        h, kh_first, kh_end = clipped(oh, SH, PH, KH, DH, H)
        for ow in range(OW):
            w, kw_first, kw_end = clipped(ow, SW, PW, KW, DW, W)
            Y, chosen = shifted(y, (line * OW + ow) * C), shifted(which, (line * OW + ow) * C)
            for kh in range(kh_first, kh_end):
                for kw in range(kw_first, kw_end):
                    X, tap = shifted(x, ((n * H + h + kh * DH) * W + w + kw * DW) * C), DTYPE(kh * KW + kw)
                    begins = kh == kh_first and kw == kw_first
                    keep_larger(X, Y, chosen, C, tap, begins)


@kernel
def max_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x[which], so dx (N, H, W, C) += dy where x was the largest of its window; dy, which (N, OH, OW, C)."""
    dy, which, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, SH, SW, PH, PW = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    OH, OW, H, W, C = integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9), last(row, 2)
    DH, DW = integer(row, 10), integer(row, 11)
    start, stop = share(row, part, dimension(row, 2, 0))
    if by_four(row):
        for line in range(start * OH, stop * OH):
            for ow in range(OW):
                place, target = (line * OW + ow) * C, (line * 2 * W + ow * 2) * C
                for c in range(0, C, LANES):
                    dY, chosen, dX = shifted(dy, place + c), shifted(which, place + c), shifted(dx, target + c)
                    spread_to_four(dY, chosen, dX, C, W * C, min(LANES, C - c), 1 if adds(row, 2) else 0)
        return
    for n in range(start, stop):
        if not adds(row, 2):
            zero(shifted(dx, n * H * W * C), H * W * C)
        for oh in range(OH):
            h, kh_first, kh_end = clipped(oh, SH, PH, KH, DH, H)
            for ow in range(OW):
                w, kw_first, kw_end = clipped(ow, SW, PW, KW, DW, W)
                place = ((n * OH + oh) * OW + ow) * C
                dY, chosen = shifted(dy, place), shifted(which, place)
                for kh in range(kh_first, kh_end):
                    for kw in range(kw_first, kw_end):
                        dX, tap = shifted(dx, ((n * H + h + kh * DH) * W + w + kw * DW) * C), DTYPE(kh * KW + kw)
                        for c in range(C):
                            dX[c] += dY[c] if chosen[c] == tap else 0.0


@kernel
def mean_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow,c] = Σ x[n,oh·SH − PH + kh·DH,ow·SW − PW + kw·DW,c] / count, summed inside the picture.

    x (N, H, W, C), y (N, OH, OW, C).
    """
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    KH, KW, SH, SW, PH, PW = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    OH, OW, H, W, C = integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9), last(row, 0)
    DH, DW = integer(row, 10), integer(row, 11)
    start, stop = share(row, part, dimension(row, 0, 0) * OH)
    for line in range(start, stop):
        n, oh = line // OH, line % OH
        h, kh_first, kh_end = clipped(oh, SH, PH, KH, DH, H)
        lines = counted(row, 0, h, kh_first, kh_end)
        for ow in range(OW):
            w, kw_first, kw_end = clipped(ow, SW, PW, KW, DW, W)
            Y = shifted(y, (line * OW + ow) * C)
            factor = DTYPE(1.0) / DTYPE(lines * counted(row, 1, w, kw_first, kw_end))
            zero(Y, C)
            for kh in range(kh_first, kh_end):
                for kw in range(kw_first, kw_end):
                    X = shifted(x, ((n * H + h + kh * DH) * W + w + kw * DW) * C)
                    for c in range(C):
                        Y[c] = multiply_add(X[c], factor, Y[c])


@kernel
def mean_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = Σ x / count, so dx (N, H, W, C) += dy / count for every number of the window; dy (N, OH, OW, C)."""
    dy, dx = pointer(row, memory, 0), pointer(row, memory, 1)
    KH, KW, SH, SW, PH, PW = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    OH, OW, H, W, C = integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9), last(row, 1)
    DH, DW = integer(row, 10), integer(row, 11)
    start, stop = share(row, part, dimension(row, 1, 0))
    for n in range(start, stop):
        if not adds(row, 1):
            zero(shifted(dx, n * H * W * C), H * W * C)
        for oh in range(OH):
            h, kh_first, kh_end = clipped(oh, SH, PH, KH, DH, H)
            lines = counted(row, 0, h, kh_first, kh_end)
            for ow in range(OW):
                w, kw_first, kw_end = clipped(ow, SW, PW, KW, DW, W)
                dY = shifted(dy, ((n * OH + oh) * OW + ow) * C)
                factor = DTYPE(1.0) / DTYPE(lines * counted(row, 1, w, kw_first, kw_end))
                for kh in range(kh_first, kh_end):
                    for kw in range(kw_first, kw_end):
                        dX = shifted(dx, ((n * H + h + kh * DH) * W + w + kw * DW) * C)
                        for c in range(C):
                            dX[c] = multiply_add(dY[c], factor, dX[c])
