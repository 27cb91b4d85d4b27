"""Kernels of pooling volumes: the largest or the mean number under each window, and the ways back.

Volumes are (N, D, H, W, C). A row has room for fewer integers than three axes need, so the three numbers of a kind
stand in one integer, 21 bits each, the outermost axis first.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.operands import adds, dimension, long_integer, pointer, share, shifted
from nnplay.kernels.pooling.choosing import add_share, keep_larger, spread_chosen
from nnplay.kernels.pooling.pooling import clipped
from nnplay.kernels.span_sums import last, zero

#: Three numbers each: kernel, stride, padding in front, dilation, output, input; -1 or the padding behind that counts.
POOL3: Final = ("kernel", "stride", "before", "dilation", "outputs", "sizes", "behind")
BITS: Final = 21


@inline
def along(row: Any, k: int, axis: int) -> int:
    """The number of one axis, 0 to 2, out of integer `k` of the row, which holds three."""
    number: int = (long_integer(row, k) >> (BITS * (2 - axis))) & ((1 << BITS) - 1)
    return number


@inline
def window(row: Any, axis: int, place: int) -> Any:
    """The window of an output along one axis: (first number, first kernel number inside, the end, how many count)."""
    kernel_size, dilation, size = along(row, 0, axis), along(row, 3, axis), along(row, 5, axis)
    stride, before = along(row, 1, axis), along(row, 2, axis)
    origin, first, end = clipped(place, stride, before, kernel_size, dilation, size)
    count = end - first
    if long_integer(row, 6) >= 0:
        count = min(kernel_size, (size + along(row, 6, axis) - origin + dilation - 1) // dilation)
    return origin, first, end, count


@inline
def windows_of(row: Any, place: int) -> Any:
    """Those of output `place`, counted along (OD, OH, OW), on all axes, and the product of what they count."""
    OH, OW = along(row, 4, 1), along(row, 4, 2)
    d, d_first, d_end, deep = window(row, 0, place // (OH * OW))
    h, h_first, h_end, high = window(row, 1, place // OW % OH)
    w, w_first, w_end, wide = window(row, 2, place % OW)
    return d, d_first, d_end, h, h_first, h_end, w, w_first, w_end, deep * high * wide


@inline
def product_of(row: Any, k: int) -> int:
    """The product of the three numbers out of integer `k` of the row."""
    product: int = along(row, k, 0) * along(row, k, 1) * along(row, k, 2)
    return product


@inline
def source_of(row: Any, d: int, h: int, w: int, kd: int, kh: int, kw: int) -> int:
    """Which number of a volume, counted along (D, H, W), a kernel number meets in a window that begins there."""
    H, W = along(row, 5, 1), along(row, 5, 2)
    d, h, w = d + kd * along(row, 3, 0), h + kh * along(row, 3, 1), w + kw * along(row, 3, 2)
    number: int = (d * H + h) * W + w
    return number


@kernel
def max_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,od,oh,ow,c] = max x[n,d,h,w,c] under the window, and which = (kd·KH + kh)·KW + kw of that.

    x (N, D, H, W, C), y and which (N, OD, OH, OW, C).
    """
    x, y, which = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, C = along(row, 0, 1), along(row, 0, 2), last(row, 0)
    places, image = product_of(row, 4), product_of(row, 5)
    start, stop = share(row, part, dimension(row, 0, 0) * places)
    for number in range(start, stop):
        d, kd0, kd1, h, kh0, kh1, w, kw0, kw1, _ = windows_of(row, number % places)
        X, Y, chosen = shifted(x, number // places * image * C), shifted(y, number * C), shifted(which, number * C)
        begins = True
        for kd in range(kd0, kd1):
            for kh in range(kh0, kh1):
                for kw in range(kw0, kw1):
                    source = shifted(X, source_of(row, d, h, w, kd, kh, kw) * C)
                    keep_larger(source, Y, chosen, C, DTYPE((kd * KH + kh) * KW + kw), begins)
                    begins = False


@kernel
def max_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x[which], so dx (N, D, H, W, C) += dy where x was the largest; dy, which (N, OD, OH, OW, C)."""
    dy, which, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, C = along(row, 0, 1), along(row, 0, 2), last(row, 2)
    places, image = product_of(row, 4), product_of(row, 5)
    start, stop = share(row, part, dimension(row, 2, 0))
    for n in range(start, stop):
        dX = shifted(dx, n * image * C)
        if not adds(row, 2):
            zero(dX, image * C)
        for place in range(places):
            d, kd0, kd1, h, kh0, kh1, w, kw0, kw1, _ = windows_of(row, place)
            dY, chosen = shifted(dy, (n * places + place) * C), shifted(which, (n * places + place) * C)
            for kd in range(kd0, kd1):
                for kh in range(kh0, kh1):
                    for kw in range(kw0, kw1):
                        target = shifted(dX, source_of(row, d, h, w, kd, kh, kw) * C)
                        spread_chosen(target, dY, chosen, C, DTYPE((kd * KH + kh) * KW + kw))


@kernel
def mean_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,od,oh,ow,c] = Σ x[n,d,h,w,c] / count under the window; x (N, D, H, W, C), y (N, OD, OH, OW, C)."""
    x, y, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    places, image = product_of(row, 4), product_of(row, 5)
    start, stop = share(row, part, dimension(row, 0, 0) * places)
    for number in range(start, stop):
        d, kd0, kd1, h, kh0, kh1, w, kw0, kw1, count = windows_of(row, number % places)
        X, Y, factor = shifted(x, number // places * image * C), shifted(y, number * C), DTYPE(1.0) / DTYPE(count)
        zero(Y, C)
        for kd in range(kd0, kd1):
            for kh in range(kh0, kh1):
                for kw in range(kw0, kw1):
                    add_share(Y, shifted(X, source_of(row, d, h, w, kd, kh, kw) * C), factor, C)


@kernel
def mean_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = Σ x / count, so dx (N, D, H, W, C) += dy / count for all of the window; dy (N, OD, OH, OW, C)."""
    dy, dx, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 1)
    places, image = product_of(row, 4), product_of(row, 5)
    start, stop = share(row, part, dimension(row, 1, 0))
    for n in range(start, stop):
        dX = shifted(dx, n * image * C)
        if not adds(row, 1):
            zero(dX, image * C)
        for place in range(places):
            d, kd0, kd1, h, kh0, kh1, w, kw0, kw1, count = windows_of(row, place)
            dY, factor = shifted(dy, (n * places + place) * C), DTYPE(1.0) / DTYPE(count)
            for kd in range(kd0, kd1):
                for kh in range(kh0, kh1):
                    for kw in range(kw0, kw1):
                        add_share(shifted(dX, source_of(row, d, h, w, kd, kh, kw) * C), dY, factor, C)
