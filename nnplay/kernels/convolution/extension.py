"""Kernels of padding made of the input (mirrored, its edge repeated, or wrapped around), and of constant padding.

Shapes are those of `nnplay.kernels.convolution.convolution`.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.convolution.convolution import BORDER
from nnplay.kernels.operands import adds, dimension, flat, integer, pointer, share, shifted
from nnplay.kernels.span_sums import copy, last, zero

#: Integers of padding made of the input: those of zero padding, and which kind it is.
EXTENSION: Final = (*BORDER, "mode")
#: The kinds.
REFLECT: Final = 0
REPLICATE: Final = 1
CIRCULAR: Final = 2


@inline
def source_place(place: int, size: int, mode: int) -> int:
    """The place of the input that is copied to `place`, which may lie outside 0 … size - 1."""
    if 0 <= place < size:
        return place
    if mode == REFLECT:
        return -place if place < 0 else 2 * (size - 1) - place
    if mode == REPLICATE:
        return 0 if place < 0 else size - 1
    return place + size if place < 0 else place - size


@kernel
def extend(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,h,w,c] = x[n,h′,w′,c], where h′, w′ are h − top, w − left taken inside; x (N, H, W, C), y (N, HP, WP, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, mode, C = integer(row, 4), integer(row, 5), integer(row, 6), last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * HP)
    for line in range(start, stop):
        n, h = line // HP, source_place(line % HP - top, H, mode)
        X, Y = shifted(x, (n * H + h) * W * C), shifted(y, line * WP * C)
        for w in range(left):
            copy(shifted(Y, w * C), shifted(X, source_place(w - left, W, mode) * C), C, False)
        copy(shifted(Y, left * C), X, W * C, False)
        for w in range(left + W, WP):
            copy(shifted(Y, w * C), shifted(X, source_place(w - left, W, mode) * C), C, False)


@kernel
def extend_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,h,w,c] = x[n,h′,w′,c], so dx[n,h′,w′,c] = Σ dy[n,h,w,c] over copies; dx (N, H, W, C), dy (N, HP, WP, C)."""
    dy, dx = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, mode, C = integer(row, 4), integer(row, 5), integer(row, 6), last(row, 0)
    start, stop = share(row, part, dimension(row, 1, 0))
    for n in range(start, stop):
        if not adds(row, 1):
            zero(shifted(dx, n * H * W * C), H * W * C)
        for line in range(HP):
            dY = shifted(dy, (n * HP + line) * WP * C)
            dX = shifted(dx, (n * H + source_place(line - top, H, mode)) * W * C)
            copy(dX, shifted(dY, left * C), W * C, True)
            for w in range(left):
                copy(shifted(dX, source_place(w - left, W, mode) * C), shifted(dY, w * C), C, True)
            for w in range(left + W, WP):
                copy(shifted(dX, source_place(w - left, W, mode) * C), shifted(dY, w * C), C, True)


@kernel
def pad_constant(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, HP, WP, C) = `value` (1) around x (N, H, W, C)."""
    x, value, y = pointer(row, memory, 0), flat(row, memory, 1)[0], pointer(row, memory, 2)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, C = integer(row, 4), integer(row, 5), last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * HP)
    for line in range(start, stop):
        n, h = line // HP, line % HP - top
        Y = shifted(y, line * WP * C)
        for i in range(WP * C):
            Y[i] = value
        if 0 <= h < H:
            copy(shifted(Y, left * C), shifted(x, (n * H + h) * W * C), W * C, False)
