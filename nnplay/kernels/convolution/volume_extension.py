"""Kernels of padding of volumes that is made of the input: mirrored, its faces repeated, or wrapped around."""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.convolution.extension import source_place
from nnplay.kernels.convolution.volumes import BORDER3
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted
from nnplay.kernels.span_sums import copy, last, zero

#: Integers of both kernels: those of zero padding, and which kind it is.
EXTENSION3: Final = (*BORDER3, "mode")


@kernel
def extend(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,d,h,w,c] = x[n,d′,h′,w′,c], each place taken inside; x (N, D, H, W, C), y (N, DP, HP, WP, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    D, H, W, front, top, left = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5)
    )  # fmt: skip
    DP, HP, WP, mode, C = integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9), last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * DP * HP)
    for line in range(start, stop):
        n, d = line // HP // DP, source_place(line // HP % DP - front, D, mode)
        h = source_place(line % HP - top, H, mode)
        X, Y = shifted(x, ((n * D + d) * H + h) * W * C), shifted(y, line * WP * C)
        for w in range(left):
            copy(shifted(Y, w * C), shifted(X, source_place(w - left, W, mode) * C), C, False)
        copy(shifted(Y, left * C), X, W * C, False)
        for w in range(left + W, WP):
            copy(shifted(Y, w * C), shifted(X, source_place(w - left, W, mode) * C), C, False)


@kernel
def extend_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,d′,h′,w′,c] = Σ dy[n,d,h,w,c] over all copies; dx (N, D, H, W, C), dy (N, DP, HP, WP, C)."""
    dy, dx = pointer(row, memory, 0), pointer(row, memory, 1)
    D, H, W, front, top, left = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5)
    )  # fmt: skip
    DP, HP, WP, mode, C = integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9), last(row, 0)
    start, stop = share(row, part, dimension(row, 1, 0))
    for n in range(start, stop):
        if not adds(row, 1):
            zero(shifted(dx, n * D * H * W * C), D * H * W * C)
        for line in range(DP * HP):
            d, h = source_place(line // HP - front, D, mode), source_place(line % HP - top, H, mode)
            dY, dX = shifted(dy, (n * DP * HP + line) * WP * C), shifted(dx, ((n * D + d) * H + h) * W * C)
            copy(dX, shifted(dY, left * C), W * C, True)
            for w in range(left):
                copy(shifted(dX, source_place(w - left, W, mode) * C), shifted(dY, w * C), C, True)
            for w in range(left + W, WP):
                copy(shifted(dX, source_place(w - left, W, mode) * C), shifted(dY, w * C), C, True)
