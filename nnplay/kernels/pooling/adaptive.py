"""Kernels of pooling to a wanted size: the windows share the input as evenly as they can, and may overlap by one.

Volumes are (N, D, H, W, C); a picture is a volume of one plane, a sequence one of one line.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted
from nnplay.kernels.pooling.choosing import add_share, keep_larger, spread_chosen
from nnplay.kernels.span_sums import last, zero

#: Integers of these rows: sizes of output and input, the outermost axis first.
ADAPTIVE: Final = ("OD", "OH", "OW", "D", "H", "W")


@inline
def bounds(place: int, outputs: int, size: int) -> Any:
    """First number of a window, and the one behind its last: ⌊i·size / outputs⌋ and ⌈(i + 1)·size / outputs⌉."""
    return place * size // outputs, ((place + 1) * size + outputs - 1) // outputs


@inline
def windows_of(row: Any, place: int) -> Any:
    """The window of output `place`, counted along (OD, OH, OW), on each axis: (d, d_end, h, h_end, w, w_end)."""
    OD, OH, OW, D, H, W = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    d, d_end = bounds(place // (OH * OW), OD, D)
    h, h_end = bounds(place // OW % OH, OH, H)
    w, w_end = bounds(place % OW, OW, W)
    return d, d_end, h, h_end, w, w_end


@kernel
def mean_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,o,c] = Σ x[n,d,h,w,c] / count over the window of place o; x (N, D, H, W, C), y (N, OD, OH, OW, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, C = integer(row, 4), integer(row, 5), last(row, 0)
    places, image = integer(row, 0) * integer(row, 1) * integer(row, 2), integer(row, 3) * H * W
    start, stop = share(row, part, dimension(row, 0, 0) * places)
    for number in range(start, stop):
        d0, d1, h0, h1, w0, w1 = windows_of(row, number % places)
        Y, X = shifted(y, number * C), shifted(x, number // places * image * C)
        factor = DTYPE(1.0) / DTYPE((d1 - d0) * (h1 - h0) * (w1 - w0))
        zero(Y, C)
        for d in range(d0, d1):
            for h in range(h0, h1):
                for w in range(w0, w1):
                    add_share(Y, shifted(X, ((d * H + h) * W + w) * C), factor, C)


@kernel
def mean_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,o,c] = Σ x[n,d,h,w,c] / count, so dx (N, D, H, W, C) += dy / count in the window; dy (N, OD, OH, OW, C)."""
    dy, dx = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, C = integer(row, 4), integer(row, 5), last(row, 1)
    places, image = integer(row, 0) * integer(row, 1) * integer(row, 2), integer(row, 3) * H * W
    start, stop = share(row, part, dimension(row, 1, 0))
    for n in range(start, stop):
        dX = shifted(dx, n * image * C)
        if not adds(row, 1):
            zero(dX, image * C)
        for place in range(places):
            d0, d1, h0, h1, w0, w1 = windows_of(row, place)
            dY = shifted(dy, (n * places + place) * C)
            factor = DTYPE(1.0) / DTYPE((d1 - d0) * (h1 - h0) * (w1 - w0))
            for d in range(d0, d1):
                for h in range(h0, h1):
                    for w in range(w0, w1):
                        add_share(shifted(dX, ((d * H + h) * W + w) * C), dY, factor, C)


@kernel
def max_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,o,c] = max x[n,d,h,w,c] over the window of place o, and which = the number in the window of that.

    x (N, D, H, W, C), y and which (N, OD, OH, OW, C).
    """
    x, y, which = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    H, W, C = integer(row, 4), integer(row, 5), last(row, 0)
    places, image = integer(row, 0) * integer(row, 1) * integer(row, 2), integer(row, 3) * H * W
    start, stop = share(row, part, dimension(row, 0, 0) * places)
    for number in range(start, stop):
        d0, d1, h0, h1, w0, w1 = windows_of(row, number % places)
        Y, chosen, X = shifted(y, number * C), shifted(which, number * C), shifted(x, number // places * image * C)
        tap = 0
        for d in range(d0, d1):
            for h in range(h0, h1):
                for w in range(w0, w1):
                    keep_larger(shifted(X, ((d * H + h) * W + w) * C), Y, chosen, C, DTYPE(tap), tap == 0)
                    tap += 1


@kernel
def max_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x[which], so dx (N, D, H, W, C) += dy where x was the largest; dy, which (N, OD, OH, OW, C)."""
    dy, which, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    H, W, C = integer(row, 4), integer(row, 5), last(row, 2)
    places, image = integer(row, 0) * integer(row, 1) * integer(row, 2), integer(row, 3) * H * W
    start, stop = share(row, part, dimension(row, 2, 0))
    for n in range(start, stop):
        dX = shifted(dx, n * image * C)
        if not adds(row, 2):
            zero(dX, image * C)
        for place in range(places):
            d0, d1, h0, h1, w0, w1 = windows_of(row, place)
            dY, chosen = shifted(dy, (n * places + place) * C), shifted(which, (n * places + place) * C)
            tap = 0
            for d in range(d0, d1):
                for h in range(h0, h1):
                    for w in range(w0, w1):
                        spread_chosen(shifted(dX, ((d * H + h) * W + w) * C), dY, chosen, C, DTYPE(tap))
                        tap += 1
