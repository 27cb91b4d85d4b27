"""Kernels that move numbers between places and channels: pixel shuffle, and windows as the steps of a sequence."""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted
from nnplay.kernels.span_sums import last, zero

#: Integers of the rows of a pixel shuffle: size of the small picture and its blocks' sides; channels of the large one.
SHUFFLE: Final = ("H", "W", "R", "C")
#: Integers of the rows of unfolding: kernel, stride, padding in front, dilation, count of windows, size of the picture.
UNFOLD: Final = ("KH", "KW", "SH", "SW", "PH", "PW", "DH", "DW", "OH", "OW", "H", "W")


@inline
def _spaced(y: Any, y_step: int, x: Any, x_step: int, count: int, add: bool) -> None:
    """y[i·y_step] = x[i·x_step], or added, for `count` numbers."""
    if add:
        for i in range(count):
            y[i * y_step] += x[i * x_step]
    else:
        for i in range(count):
            y[i * y_step] = x[i * x_step]


@kernel
def shuffle(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,h·R + i,w·R + j,c] = x[n,h,w,(c·R + i)·R + j]; x (N, H, W, C·R·R), y (N, H·R, W·R, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, R, C = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    start, stop = share(row, part, dimension(row, 0, 0) * H * R)
    for line in range(start, stop):
        h, i = line // R, line % R  # h counts the lines of all small pictures
        for place in range(W * R):
            source = (h * W + place // R) * C * R * R + i * R + place % R
            _spaced(shifted(y, (line * W * R + place) * C), 1, shifted(x, source), R * R, C, adds(row, 1))


@kernel
def unshuffle(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,h,w,(c·R + i)·R + j] = x[n,h·R + i,w·R + j,c]; x (N, H·R, W·R, C), y (N, H, W, C·R·R)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, R, C = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    start, stop = share(row, part, dimension(row, 0, 0) * H)
    for line in range(start * R, stop * R):
        h, i = line // R, line % R
        for place in range(W * R):
            target = (h * W + place // R) * C * R * R + i * R + place % R
            _spaced(shifted(y, target), R * R, shifted(x, (line * W * R + place) * C), 1, C, adds(row, 1))


@inline
def _inside(first: int, step: int, kernel_size: int, size: int) -> Any:
    """The kernel numbers k whose place first + k·step lies in 0 … size - 1: (first, end)."""
    begin = 0 if first >= 0 else (step - 1 - first) // step
    return begin, min(kernel_size, (size - first + step - 1) // step) if size > first else 0


@kernel
def unfold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh·OW + ow,(c·KH + i)·KW + j] = x[n,oh·SH − PH + i·DH,ow·SW − PW + j·DW,c], or 0 outside.

    x (N, H, W, C), y (N, OH·OW, C·KH·KW).
    """
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    KH, KW, SH, SW, PH, PW = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    DH, DW, OH, OW, H, W = (
        integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9), integer(row, 10), integer(row, 11),
    )  # fmt: skip
    C = last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * OH)
    for line in range(start, stop):
        n, h = line // OH, line % OH * SH - PH
        i_first, i_end = _inside(h, DH, KH, H)
        for ow in range(OW):
            w, Y = ow * SW - PW, shifted(y, (line * OW + ow) * C * KH * KW)
            j_first, j_end = _inside(w, DW, KW, W)
            if not adds(row, 1) and (i_end - i_first < KH or j_end - j_first < KW):
                zero(Y, C * KH * KW)
            for i in range(i_first, i_end):
                for j in range(j_first, j_end):
                    X = shifted(x, ((n * H + h + i * DH) * W + w + j * DW) * C)
                    _spaced(shifted(Y, i * KW + j), KH * KW, X, 1, C, adds(row, 1))


@kernel
def fold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh·SH − PH + i·DH,ow·SW − PW + j·DW,c] += x[n,oh·OW + ow,(c·KH + i)·KW + j], from 0; the rest of x is lost.

    x (N, OH·OW, C·KH·KW), y (N, H, W, C).
    """
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    KH, KW, SH, SW, PH, PW = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    DH, DW, OH, OW, H, W = (
        integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9), integer(row, 10), integer(row, 11),
    )  # fmt: skip
    C = last(row, 1)
    start, stop = share(row, part, dimension(row, 1, 0))
    for n in range(start, stop):
        Y = shifted(y, n * H * W * C)
        if not adds(row, 1):
            zero(Y, H * W * C)
        for place in range(OH * OW):
            X = shifted(x, (n * OH * OW + place) * C * KH * KW)
            h, w = place // OW * SH - PH, place % OW * SW - PW
            i_first, i_end = _inside(h, DH, KH, H)
            j_first, j_end = _inside(w, DW, KW, W)
            for i in range(i_first, i_end):
                for j in range(j_first, j_end):
                    target = ((h + i * DH) * W + w + j * DW) * C
                    _spaced(shifted(Y, target), 1, shifted(X, i * KW + j), KH * KW, C, True)
