"""Kernels of the way back from pooling: numbers to the places of the largest ones, and gradients from there."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.operands import adds, dimension, part_of, pointer, share, shifted
from nnplay.kernels.pooling.volumes import along, product_of, source_of, windows_of
from nnplay.kernels.span_sums import last, zero


@inline
def target_of(row: Any, place: int, tap: Any) -> int:
    """Which number of a volume, counted along (D, H, W), kernel number `tap` meets in the window of output `place`."""
    KH, KW = along(row, 0, 1), along(row, 0, 2)
    d, _, _, h, _, _, w, _, _, _ = windows_of(row, place)
    number = int(tap)
    target: int = source_of(row, d, h, w, number // (KH * KW), number // KW % KH, number % KW)
    return target


@kernel
def unpool(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,which[n,p,c],c] = x[n,p,c], 0 elsewhere; where windows meet, the last counts: writer = 1 + p.

    x, which (N, P, C), y and writer (N, D, H, W, C); writer is 0 where nothing was put.
    """
    x, which, y, writer = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        pointer(row, memory, 3),
    )
    C, places, image = last(row, 0), product_of(row, 4), product_of(row, 5)
    start, stop = share(row, part, dimension(row, 0, 0))
    for n in range(start, stop):
        Y, W = shifted(y, n * image * C), shifted(writer, n * image * C)
        zero(Y, image * C)
        zero(W, image * C)
        for p in range(places):
            X, chosen = shifted(x, (n * places + p) * C), shifted(which, (n * places + p) * C)
            for c in range(C):
                target = target_of(row, p, chosen[c]) * C + c
                Y[target] = X[c]
                W[target] = DTYPE(1 + p)


@kernel
def unpool_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,which[n,p,c],c] = x[n,p,c], so dx[n,p,c] = dy there, or 0 where a later window has put its own.

    dx, which (N, P, C), dy and writer (N, D, H, W, C).
    """
    dy, which, writer, dx = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        pointer(row, memory, 3),
    )
    C, places, image = last(row, 0), product_of(row, 4), product_of(row, 5)
    start, stop = share(row, part, dimension(row, 0, 0) * places)
    for number in range(start, stop):
        n, p = number // places, number % places
        dY, W = shifted(dy, n * image * C), shifted(writer, n * image * C)
        chosen, dX = shifted(which, number * C), shifted(dx, number * C)
        for c in range(C):
            target = target_of(row, p, chosen[c]) * C + c
            moved = dY[target] if W[target] == DTYPE(1 + p) else DTYPE(0.0)
            dX[c] = dX[c] + moved if adds(row, 3) else moved


@kernel
def nothing_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Where a number stands does not change as it grows a little, so dx (M,) = 0."""
    dx = part_of(row, memory, 0, part)
    if not adds(row, 0):
        for i in range(dx.size):
            dx[i] = 0.0
