"""Padding with what stands inside, or with any value, on a graphics card: each number of the result by one thread.

Operands and integers are those of `nnplay.kernels.convolution.extension` and its `volume_extension`.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.convolution.extension import source_place
from nnplay.kernels.cuda.convolution import of_picture
from nnplay.kernels.cuda.places import place_in, put
from nnplay.kernels.cuda.volumes import of_volume
from nnplay.kernels.operands import adds, integer, pointer, size
from nnplay.kernels.span_sums import last


@inline
def extend_in(row: Any, memory: Any, part: int, sizes: Any, before: Any, padded: Any, mode: int) -> None:
    """y[n,d,h,w,c] = x[n,d′,h′,w′,c], each place taken inside; sizes, padding in front, padded sizes: three each."""
    x, y, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    at = part
    while at < size(row, 1):
        n, d, h, w, c = place_in(at, padded[0], padded[1], padded[2], C)
        d, h = source_place(d - before[0], sizes[0], mode), source_place(h - before[1], sizes[1], mode)
        w = source_place(w - before[2], sizes[2], mode)
        put(y, at, x[(((n * sizes[0] + d) * sizes[1] + h) * sizes[2] + w) * C + c], adds(row, 1))
        at += row[ROW_PARTS]


@inline
def copy_of(k: int, place: int, size: int, before: int, mode: int) -> int:
    """The padded place that is number k of those that may copy a place: of the border, or the place itself; −1: no."""
    at = k if k < before else (place + before if k == before else size + k - 1)
    return at if k == before or source_place(at - before, size, mode) == place else -1


@inline
def gather_copies(row: Any, memory: Any, part: int, sizes: Any, before: Any, padded: Any, mode: int) -> None:
    """dx[n,d′,h′,w′,c] = Σ dy[n,d,h,w,c] over all copies of a number."""
    dy, dx, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    at = part
    while at < size(row, 1):
        n, d, h, w, c = place_in(at, sizes[0], sizes[1], sizes[2], C)
        total = DTYPE(0.0)
        for i in range(padded[0] - sizes[0] + 1):
            plane = copy_of(i, d, sizes[0], before[0], mode)
            for j in range(padded[1] - sizes[1] + 1 if plane >= 0 else 0):
                line = copy_of(j, h, sizes[1], before[1], mode)
                for k in range(padded[2] - sizes[2] + 1 if line >= 0 else 0):
                    column = copy_of(k, w, sizes[2], before[2], mode)
                    if column >= 0:
                        total += dy[(((n * padded[0] + plane) * padded[1] + line) * padded[2] + column) * C + c]
        put(dx, at, total, adds(row, 1))
        at += row[ROW_PARTS]


@kernel
def extend(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,h,w,c] = x[n,h′,w′,c], where h′, w′ are h − top, w − left taken inside; x (N, H, W, C), y (N, HP, WP, C)."""
    sizes, before, padded = of_picture(row)
    extend_in(row, memory, part, sizes, before, padded, integer(row, 6))


@kernel
def extend_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,h,w,c] = x[n,h′,w′,c], so dx[n,h′,w′,c] = Σ dy[n,h,w,c] over copies; dx (N, H, W, C), dy (N, HP, WP, C)."""
    sizes, before, padded = of_picture(row)
    gather_copies(row, memory, part, sizes, before, padded, integer(row, 6))


@kernel
def extend_volume(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,d,h,w,c] = x[n,d′,h′,w′,c], each place taken inside; x (N, D, H, W, C), y (N, DP, HP, WP, C)."""
    sizes, before, padded = of_volume(row)
    extend_in(row, memory, part, sizes, before, padded, integer(row, 9))


@kernel
def extend_volume_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,d′,h′,w′,c] = Σ dy[n,d,h,w,c] over all copies; dx (N, D, H, W, C), dy (N, DP, HP, WP, C)."""
    sizes, before, padded = of_volume(row)
    gather_copies(row, memory, part, sizes, before, padded, integer(row, 9))


@kernel
def pad_constant(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, HP, WP, C) = `value` (1) around x (N, H, W, C)."""
    x, value, y = pointer(row, memory, 0), pointer(row, memory, 1)[0], pointer(row, memory, 2)
    H, W, C = integer(row, 0), integer(row, 1), last(row, 0)
    at = part
    while at < size(row, 2):
        n, _, h, w, c = place_in(at, 1, integer(row, 4), integer(row, 5), C)
        h, w = h - integer(row, 2), w - integer(row, 3)
        inside = 0 <= h < H and 0 <= w < W
        y[at] = x[((n * H + h) * W + w) * C + c] if inside else value
        at += row[ROW_PARTS]
