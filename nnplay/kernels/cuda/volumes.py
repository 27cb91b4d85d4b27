"""Convolutions along three axes on a graphics card: each number of the result by one thread.

Operands and integers are those of `nnplay.kernels.convolution.volumes` and `nnplay.kernels.pooling.volumes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.convolution import put, shares_of
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import adds, dimension, integer, pointer, shifted, size
from nnplay.kernels.pooling.volumes import along, product_of, source_of, windows_of
from nnplay.kernels.span_sums import last


@inline
def place_in(at: int, depth: int, height: int, width: int, channels: int) -> Any:
    """Where number `at` of (N, depth, height, width, channels) stands, as (n, d, h, w, c)."""
    column = quotient(at, channels)
    line = quotient(column, width)
    plane = quotient(line, height)
    n = quotient(plane, depth)
    return n, plane - n * depth, line - plane * height, column - line * width, at - column * channels


@kernel
def pad(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, DP, HP, WP, C) = zeros around x (N, D, H, W, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    D, H, W, C = integer(row, 0), integer(row, 1), integer(row, 2), last(row, 0)
    at = part
    while at < size(row, 1):
        n, d, h, w, c = place_in(at, integer(row, 6), integer(row, 7), integer(row, 8), C)
        d, h, w = d - integer(row, 3), h - integer(row, 4), w - integer(row, 5)
        inside = 0 <= d < D and 0 <= h < H and 0 <= w < W
        put(y, at, x[(((n * D + d) * H + h) * W + w) * C + c] if inside else 0.0, adds(row, 1))
        at += row[ROW_PARTS]


@kernel
def crop(row: Any, clock: Any, memory: Any, part: int) -> None:
    """x (N, D, H, W, C) = the inside of y (N, DP, HP, WP, C); the backward of `pad`."""
    y, x = pointer(row, memory, 0), pointer(row, memory, 1)
    DP, HP, WP, C = integer(row, 6), integer(row, 7), integer(row, 8), last(row, 0)
    at = part
    while at < size(row, 1):
        n, d, h, w, c = place_in(at, integer(row, 0), integer(row, 1), integer(row, 2), C)
        d, h, w = d + integer(row, 3), h + integer(row, 4), w + integer(row, 5)
        put(x, at, y[(((n * DP + d) * HP + h) * WP + w) * C + c], adds(row, 1))
        at += row[ROW_PARTS]


@inline
def correlate(row: Any, memory: Any, part: int, y: Any, output: int, biased: bool) -> None:
    """y[n,od,oh,ow,f] = b[f] + Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f]; y is the last."""
    x, w, b = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH, OW = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7), integer(row, 8)
    HP, KD, SD, DD = integer(row, 9), integer(row, 10), integer(row, 11), integer(row, 12)
    volume, WP, C, F = (
        quotient(size(row, 0), dimension(row, 0, 0)), dimension(row, 0, 2), last(row, 0), last(row, output),
    )  # fmt: skip
    own, OD = quotient(C, G), quotient(dimension(row, output, 1), OH)
    at = part
    while at < size(row, output):
        n, od, oh, ow, f = place_in(at, OD, OH, OW, F)
        X = shifted(x, n * volume + ((od * SD * HP + oh * SH) * WP + ow * SW) * C + quotient(f * G, F) * own)
        total = DTYPE(0.0)
        if biased:
            total = b[f]
        for kd in range(KD):
            for kh in range(KH):
                for kw in range(KW):
                    source = shifted(X, ((kd * DD * HP + kh * DH) * WP + kw * DW) * C)
                    taps = shifted(w, ((kd * KH + kh) * KW + kw) * own * F + f)
                    total = chain(source, 1, taps, F, own, total)
        put(y, at, total, False if biased else adds(row, output))
        at += row[ROW_PARTS]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,od,oh,ow,f] = b[f] + Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f]; b (F)."""
    correlate(row, memory, part, pointer(row, memory, 3), 3, True)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`, with 0 for b, or added to y (N, OD, OH, OW, F)."""
    correlate(row, memory, part, pointer(row, memory, 2), 2, False)


def weight_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Into how many parts the sums over all lines of dy are cut, for all weights together."""
    return shares_of(sizes[2] // integers[12], sizes[1])


@kernel
def weight_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,k] = what share s of the lines of dy (N·OD·OH) gives for weight k, or bias k behind the weights.

    dw[kd,kh,kw,c,f] = Σ x[od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[od,oh,ow,f], db[f] = Σ dy[od,oh,ow,f].
    """
    x, dy = pointer(row, memory, 0), pointer(row, memory, 1)
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7)
    HP, KD, SD, DD = integer(row, 8), integer(row, 9), integer(row, 10), integer(row, 11)
    N, WP, C, F = dimension(row, 0, 0), dimension(row, 0, 2), last(row, 0), last(row, 1)
    OD, OW = quotient(dimension(row, 1, 1), OH), dimension(row, 1, 2)
    volume, own, width = quotient(size(row, 0), N), quotient(C, G), dimension(row, 2, 1)
    shares = quotient(row[ROW_PARTS], width)
    s = quotient(part, width)
    k = part - s * width
    lines = N * OD * OH
    line, stop = quotient(lines * s, shares), quotient(lines * (s + 1), shares)
    count = KD * KH * KW * own * F
    total = DTYPE(0.0)
    if k >= count:
        total = sum_of(shifted(dy, line * OW * F + k - count), F, (stop - line) * OW, total)
    else:
        _, kd, kh, kw, tap = place_in(k, KD, KH, KW, own * F)
        i = quotient(tap, F)
        f = tap - i * F
        inner = ((kd * DD * HP + kh * DH) * WP + kw * DW) * C + i + quotient(f * G, F) * own
        while line < stop:
            plane = quotient(line, OH)
            n = quotient(plane, OD)
            begin = n * volume + ((plane - n * OD) * SD * HP + (line - plane * OH) * SH) * WP * C
            total = chain(shifted(x, begin + inner), SW * C, shifted(dy, line * OW * F + f), F, OW, total)
            line += 1
    room(row, memory)[part] = total


@inline
def gather_gradient(row: Any, memory: Any, part: int, dx: Any, output: int, biased: bool) -> None:
    """dx[n,d,h,w,c] = b[c] + Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD, and h and w alike."""
    dy, w, b = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KD, KH, KW, SD, SH, SW = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    DD, DH, DW, G = integer(row, 6), integer(row, 7), integer(row, 8), integer(row, 9)
    D, H, W, C, F = integer(row, 10), integer(row, 11), integer(row, 12), last(row, output), last(row, 0)
    volume, OWP = quotient(size(row, 0), dimension(row, 0, 0)), dimension(row, 0, 2)
    LD, LH, LW = quotient((KD - 1) * DD, SD), quotient((KH - 1) * DH, SH), quotient((KW - 1) * DW, SW)
    OHP = LH + quotient(H - 1, SH) + 1
    ODP = quotient(volume, OHP * OWP * F)
    f, own = quotient(F, G), quotient(C, G)
    at = part
    while at < size(row, output):
        n, d, h, v, c = place_in(at, D, H, W, C)
        total = DTYPE(0.0)
        if biased:
            total = b[c]
        for kd in range(KD):
            od = met(d, kd * DD, LD, SD, ODP)
            for kh in range(KH if od >= 0 else 0):
                oh = met(h, kh * DH, LH, SH, OHP)
                for kw in range(KW if oh >= 0 else 0):
                    ow = met(v, kw * DW, LW, SW, OWP)
                    if ow >= 0:
                        source = n * volume + ((od * OHP + oh) * OWP + ow) * F + quotient(c, own) * f
                        taps = shifted(w, ((kd * KH + kh) * KW + kw) * f * C + c)
                        total = chain(shifted(dy, source), 1, taps, C, f, total)
        put(dx, at, total, False if biased else adds(row, output))
        at += row[ROW_PARTS]


@inline
def met(place: int, tap: int, front: int, stride: int, count: int) -> int:
    """The output along one axis, of `count` with `front` zeros before, whose tap meets a place; −1: none."""
    way = place - tap + front * stride
    output = quotient(way, stride) if way >= 0 else -1
    if output >= count or output * stride != way:
        output = -1
    return output


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,d,h,w,c] = Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD; dx (N, D, H, W, C)."""
    gather_gradient(row, memory, part, pointer(row, memory, 2), 2, False)


@kernel
def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `input_gradient`, with a bias: dx (N, D, H, W, C) = b[c] + Σ …, which is a transposed convolution."""
    gather_gradient(row, memory, part, pointer(row, memory, 3), 3, True)


@kernel
def max_forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,od,oh,ow,c] = max x[n,d,h,w,c] under the window, and which = (kd·KH + kh)·KW + kw of that."""
    x, y, which = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, C = along(integer(row, 0), 1), along(integer(row, 0), 2), last(row, 0)
    places, image = product_of(integer(row, 4)), product_of(integer(row, 5))
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
    KH, KW, C = along(integer(row, 0), 1), along(integer(row, 0), 2), last(row, 2)
    places, image = product_of(integer(row, 4)), product_of(integer(row, 5))
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
