"""The way back to the places of the largest numbers on a graphics card.

Operands and integers are those of `nnplay.kernels.pooling.unpooling`.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.places import put
from nnplay.kernels.operands import adds, dimension, pointer, shifted, size
from nnplay.kernels.pooling.unpooling import target_of
from nnplay.kernels.pooling.volumes import product_of
from nnplay.kernels.span_sums import last


@kernel
def unpool(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,which[n,p,c],c] = x[n,p,c], 0 elsewhere; the last window counts: writer = 1 + p. A part is a channel.

    x, which (N, P, C), y and writer (N, D, H, W, C); writer is 0 where nothing was put.
    """
    x, which, y, writer = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3),
    )  # fmt: skip
    C, places, image = last(row, 0), product_of(row, 4), product_of(row, 5)
    at = part
    while at < dimension(row, 0, 0) * C:
        n = quotient(at, C)
        c = at - n * C
        Y, W = shifted(y, n * image * C + c), shifted(writer, n * image * C + c)
        for place in range(image):
            Y[place * C], W[place * C] = DTYPE(0.0), DTYPE(0.0)
        for p in range(places):
            number = (n * places + p) * C + c
            target = target_of(row, p, which[number]) * C
            Y[target], W[target] = x[number], DTYPE(1 + p)
        at += row[ROW_PARTS]


@kernel
def unpool_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,p,c] = dy[n,which[n,p,c],c], or 0 where a later window has put its own: every parts-th number of dx.

    dx, which (N, P, C), dy and writer (N, D, H, W, C).
    """
    dy, which, writer, dx = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3),
    )  # fmt: skip
    C, places, image = last(row, 0), product_of(row, 4), product_of(row, 5)
    at = part
    while at < size(row, 3):
        number = quotient(at, C)
        n = quotient(number, places)
        p = number - n * places
        target = (n * image + target_of(row, p, which[at])) * C + at - number * C
        put(dx, at, dy[target] if writer[target] == DTYPE(1 + p) else DTYPE(0.0), adds(row, 3))
        at += row[ROW_PARTS]
