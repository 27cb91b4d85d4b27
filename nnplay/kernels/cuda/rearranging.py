"""Pixel shuffling, and windows as steps, on a graphics card: each number of the result by one thread.

Operands and integers are those of `nnplay.kernels.convolution.rearranging`.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.places import output_at, place_in, put
from nnplay.kernels.operands import adds, dimension, integer, pointer, size
from nnplay.kernels.span_sums import last


@kernel
def shuffle(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,h·R + i,w·R + j,c] = x[n,h,w,(c·R + i)·R + j]; x (N, H, W, C·R·R), y (N, H·R, W·R, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    W, R, C = integer(row, 1), integer(row, 2), integer(row, 3)
    at = part
    while at < size(row, 1):
        _, _, line, column, c = place_in(at, 1, dimension(row, 0, 0) * integer(row, 0) * R, W * R, C)
        h, w = quotient(line, R), quotient(column, R)  # h counts the lines of all small pictures
        source = (h * W + w) * C * R * R + (c * R + line - h * R) * R + column - w * R
        put(y, at, x[source], adds(row, 1))
        at += row[ROW_PARTS]


@kernel
def unshuffle(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,h,w,(c·R + i)·R + j] = x[n,h·R + i,w·R + j,c]; x (N, H·R, W·R, C), y (N, H, W, C·R·R)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    W, R, C = integer(row, 1), integer(row, 2), integer(row, 3)
    at = part
    while at < size(row, 1):
        place = quotient(at, C * R * R)
        h = quotient(place, W)
        _, _, c, i, j = place_in(at - place * C * R * R, 1, C, R, R)
        put(y, at, x[((h * R + i) * W * R + (place - h * W) * R + j) * C + c], adds(row, 1))
        at += row[ROW_PARTS]


@kernel
def unfold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh·OW + ow,(c·KH + i)·KW + j] = x[n,oh·SH − PH + i·DH,ow·SW − PW + j·DW,c], or 0 outside.

    x (N, H, W, C), y (N, OH·OW, C·KH·KW).
    """
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    KH, KW, OW, H, W = integer(row, 0), integer(row, 1), integer(row, 9), integer(row, 10), integer(row, 11)
    C = last(row, 0)
    at = part
    while at < size(row, 1):
        number = quotient(at, C * KH * KW)
        _, _, c, i, j = place_in(at - number * C * KH * KW, 1, C, KH, KW)
        _, n, oh, ow, _ = place_in(number, dimension(row, 0, 0), integer(row, 8), OW, 1)
        h = oh * integer(row, 2) - integer(row, 4) + i * integer(row, 6)
        w = ow * integer(row, 3) - integer(row, 5) + j * integer(row, 7)
        inside = 0 <= h < H and 0 <= w < W
        put(y, at, x[((n * H + h) * W + w) * C + c] if inside else DTYPE(0.0), adds(row, 1))
        at += row[ROW_PARTS]


@kernel
def fold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh·SH − PH + i·DH,ow·SW − PW + j·DW,c] += x[n,oh·OW + ow,(c·KH + i)·KW + j], from 0; the rest of x is lost.

    x (N, OH·OW, C·KH·KW), y (N, H, W, C).
    """
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    KH, KW, OH, OW, C = integer(row, 0), integer(row, 1), integer(row, 8), integer(row, 9), last(row, 1)
    at = part
    while at < size(row, 1):
        n, _, h, w, c = place_in(at, 1, integer(row, 10), integer(row, 11), C)
        total = DTYPE(0.0)
        for i in range(KH):
            oh = output_at(h + integer(row, 4) - i * integer(row, 6), integer(row, 2), OH)
            for j in range(KW if oh >= 0 else 0):
                ow = output_at(w + integer(row, 5) - j * integer(row, 7), integer(row, 3), OW)
                if ow >= 0:
                    total += x[(((n * OH + oh) * OW + ow) * C + c) * KH * KW + i * KW + j]
        put(y, at, total, adds(row, 1))
        at += row[ROW_PARTS]
