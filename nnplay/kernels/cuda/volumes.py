"""Convolutions along three axes on a graphics card: each number of the result by one thread.

Operands and integers are those of `nnplay.kernels.convolution.volumes` and `nnplay.kernels.pooling.volumes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.convolution import correlate, crop_inside, gather_gradient, pad_zeros, shares_of, weight_share
from nnplay.kernels.cuda.partial import room
from nnplay.kernels.operands import adds, dimension, integer, pointer, shifted, size
from nnplay.kernels.pooling.volumes import along, product_of, source_of, windows_of
from nnplay.kernels.span_sums import last


@inline
def of_volume(row: Any) -> Any:
    """Sizes, padding in front and padded sizes."""
    sizes = (integer(row, 0), integer(row, 1), integer(row, 2))
    fronts = (integer(row, 3), integer(row, 4), integer(row, 5))
    return sizes, fronts, (integer(row, 6), integer(row, 7), integer(row, 8))


@kernel
def pad(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, DP, HP, WP, C) = zeros around x (N, D, H, W, C)."""
    sizes, fronts, padded = of_volume(row)
    pad_zeros(row, memory, part, sizes, fronts, padded)


@kernel
def crop(row: Any, clock: Any, memory: Any, part: int) -> None:
    """x (N, D, H, W, C) = the inside of y (N, DP, HP, WP, C); the backward of `pad`."""
    sizes, fronts, padded = of_volume(row)
    crop_inside(row, memory, part, sizes, fronts, padded)


@inline
def depths_of(row: Any, first: int, planes: int, OH: int) -> Any:
    """What `correlate` takes: (OD, HP, KD, SD, DD); the last four are integers from `first` on, `planes` is OD·OH."""
    OD = quotient(planes, OH)
    return OD, integer(row, first), integer(row, first + 1), integer(row, first + 2), integer(row, first + 3)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,od,oh,ow,f] = b[f] + Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f]; b (F)."""
    depths = depths_of(row, 9, dimension(row, 3, 1), integer(row, 7))
    correlate(row, memory, part, pointer(row, memory, 3), 3, True, depths)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`, with 0 for b, or added to y (N, OD, OH, OW, F)."""
    depths = depths_of(row, 9, dimension(row, 2, 1), integer(row, 7))
    correlate(row, memory, part, pointer(row, memory, 2), 2, False, depths)


def weight_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Into how many parts the sums over all lines of dy are cut, for all weights together."""
    return shares_of(sizes[2] // integers[12], sizes[1])


@kernel
def weight_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,k] = what share s of the lines of dy (N·OD·OH) gives for weight k, or bias k behind the weights.

    dw[kd,kh,kw,c,f] = Σ x[od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[od,oh,ow,f], db[f] = Σ dy[od,oh,ow,f].
    """
    depths = depths_of(row, 8, dimension(row, 1, 1), integer(row, 7))
    room(row, memory)[part] = weight_share(row, memory, part, dimension(row, 1, 2), depths)


@inline
def gathering_of_volume(row: Any) -> Any:
    """What `gather_gradient` takes as `gathering`, of volumes."""
    taps = (integer(row, 0), integer(row, 1), integer(row, 2))
    strides = (integer(row, 3), integer(row, 4), integer(row, 5))
    steps = (integer(row, 6), integer(row, 7), integer(row, 8))
    inputs = (integer(row, 10), integer(row, 11), integer(row, 12))
    LD, LH, LW = (
        quotient((taps[0] - 1) * steps[0], strides[0]), quotient((taps[1] - 1) * steps[1], strides[1]),
        quotient((taps[2] - 1) * steps[2], strides[2]),
    )  # fmt: skip
    OH, OW = LH + quotient(inputs[1] - 1, strides[1]) + 1, dimension(row, 0, 2)
    OD = quotient(size(row, 0), dimension(row, 0, 0) * OH * OW * last(row, 0))
    fronts = (LD * strides[0], LH * strides[1], LW * strides[2])
    return taps, strides, steps, fronts, inputs, (OD, OH, OW), integer(row, 9)


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,d,h,w,c] = Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD; dx (N, D, H, W, C)."""
    gather_gradient(row, memory, part, 2, False, gathering_of_volume(row))


@kernel
def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `input_gradient`, with a bias: dx (N, D, H, W, C) = b[c] + Σ …, which is a transposed convolution."""
    gather_gradient(row, memory, part, 3, True, gathering_of_volume(row))


@kernel
def max_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,od,oh,ow,c] = max x[n,d,h,w,c] under the window, and which = (kd·KH + kh)·KW + kw of that."""
    x, y, which = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, C = along(row, 0, 1), along(row, 0, 2), last(row, 0)
    places, image = product_of(row, 4), product_of(row, 5)
    at = part
    while at < size(row, 1):
        number = quotient(at, C)
        n = quotient(number, places)
        d, kd0, kd1, h, kh0, kh1, w, kw0, kw1, _ = windows_of(row, number - n * places)
        X, best, chosen, begins = shifted(x, n * image * C + at - number * C), DTYPE(0.0), DTYPE(0.0), True
        for kd in range(kd0, kd1):
            for kh in range(kh0, kh1):
                for kw in range(kw0, kw1):
                    value = X[source_of(row, d, h, w, kd, kh, kw) * C]
                    if begins or value > best or value != value:
                        best, chosen, begins = value, DTYPE((kd * KH + kh) * KW + kw), False
        y[at], which[at] = best, chosen
        at += row[ROW_PARTS]


@kernel
def max_backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x[which], so dx (N, D, H, W, C) += dy where x was the largest; a part is a channel of a volume."""
    dy, which, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, C = along(row, 0, 1), along(row, 0, 2), last(row, 2)
    places, image = product_of(row, 4), product_of(row, 5)
    at = part
    while at < dimension(row, 2, 0) * C:
        n = quotient(at, C)
        dX = shifted(dx, n * image * C + at - n * C)
        if not adds(row, 2):
            for place in range(image):
                dX[place * C] = 0.0
        for place in range(places):
            d, _, _, h, _, _, w, _, _, _ = windows_of(row, place)
            number = (n * places + place) * C + at - n * C
            tap = int(which[number])
            line = quotient(tap, KW)
            kd = quotient(line, KH)
            dX[source_of(row, d, h, w, kd, line - kd * KH, tap - line * KW) * C] += dy[number]
        at += row[ROW_PARTS]
