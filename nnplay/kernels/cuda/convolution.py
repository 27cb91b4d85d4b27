"""Convolutions and padding on a graphics card: each number of the result by one thread.

Shapes and integers are those of `nnplay.kernels.convolution`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.places import output_at, place_in, put
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import adds, dimension, integer, pointer, shifted, size
from nnplay.kernels.span_sums import last

#: Partial sums of the gradients of weights, over all weights.
_PARTIAL: Final = 1 << 16
#: Shares of each sum at the most: they are added up one after the other.
_SHARES: Final = 256
#: Depths of a picture: outputs, lines of a plane, taps, stride and dilation along the axis that it lacks.
FLAT: Final = (1, 1, 1, 1, 1)


@inline
def pad_zeros(row: Any, memory: Any, part: int, sizes: Any, fronts: Any, padded: Any) -> None:
    """y[n,d,h,w,c] = x there, each place less what stands in front, else 0; x (N, *sizes, C), y (N, *padded, C)."""
    x, y, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    at = part
    while at < size(row, 1):
        n, d, h, w, c = place_in(at, padded[0], padded[1], padded[2], C)
        d, h, w = d - fronts[0], h - fronts[1], w - fronts[2]
        inside = 0 <= d < sizes[0] and 0 <= h < sizes[1] and 0 <= w < sizes[2]
        source = (((n * sizes[0] + d) * sizes[1] + h) * sizes[2] + w) * C + c
        put(y, at, x[source] if inside else 0.0, adds(row, 1))
        at += row[ROW_PARTS]


@inline
def crop_inside(row: Any, memory: Any, part: int, sizes: Any, fronts: Any, padded: Any) -> None:
    """x (N, *sizes, C) = the inside of y (N, *padded, C)."""
    y, x, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 0)
    at = part
    while at < size(row, 1):
        n, d, h, w, c = place_in(at, sizes[0], sizes[1], sizes[2], C)
        line = ((n * padded[0] + d + fronts[0]) * padded[1] + h + fronts[1]) * padded[2] + w + fronts[2]
        put(x, at, y[line * C + c], adds(row, 1))
        at += row[ROW_PARTS]


@inline
def of_picture(row: Any) -> Any:
    """Sizes, padding in front and padded sizes of a picture, along three axes."""
    sizes, fronts = (1, integer(row, 0), integer(row, 1)), (0, integer(row, 2), integer(row, 3))
    return sizes, fronts, (1, integer(row, 4), integer(row, 5))


@kernel
def pad(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, HP, WP, C) = zeros around x (N, H, W, C)."""
    sizes, fronts, padded = of_picture(row)
    pad_zeros(row, memory, part, sizes, fronts, padded)


@kernel
def crop(row: Any, clock: Any, memory: Any, part: int) -> None:
    """x (N, H, W, C) = the inside of y (N, HP, WP, C); the backward of `pad`."""
    sizes, fronts, padded = of_picture(row)
    crop_inside(row, memory, part, sizes, fronts, padded)


@inline
def correlate(
    row: Any, memory: Any, part: int, y: Any, output: int, biased: bool, depths: Any
) -> None:  # fmt: skip
    """y[n,od,oh,ow,f] = b[f] + Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f].

    Args:
        output: number of the last operand, y (N, OD, OH, OW, F).
        biased: operand 2 is b (F), and nothing is added to y.
        depths: (OD, HP, KD, SD, DD), where HP are the lines of a plane of x; those of `FLAT` for a picture.
    """
    x, w, b = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH, OW = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7), integer(row, 8)
    OD, HP, KD, SD, DD = depths
    whole, WP = quotient(size(row, 0), dimension(row, 0, 0)), dimension(row, 0, 2)
    C, F = last(row, 0), last(row, output)
    own = quotient(C, G)
    at = part
    while at < size(row, output):
        n, od, oh, ow, f = place_in(at, OD, OH, OW, F)
        X = shifted(x, n * whole + ((od * SD * HP + oh * SH) * WP + ow * SW) * C + quotient(f * G, F) * own)
        total = DTYPE(0.0)
        if biased:
            total = b[f]
        for kd in range(KD):
            for kh in range(KH):
                for kw in range(KW):
                    source = shifted(X, ((kd * DD * HP + kh * DH) * WP + kw * DW) * C)
                    total = chain(source, 1, shifted(w, ((kd * KH + kh) * KW + kw) * own * F + f), F, own, total)
        put(y, at, total, False if biased else adds(row, output))
        at += row[ROW_PARTS]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow,f] = b[f] + Σ x[n,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kh,kw,c,f]; y (N, OH, OW, F), b (F)."""
    correlate(row, memory, part, pointer(row, memory, 3), 3, True, FLAT)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`, with 0 for b, or added to y (N, OH, OW, F)."""
    correlate(row, memory, part, pointer(row, memory, 2), 2, False, FLAT)


def weight_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Into how many parts the sums over all lines of dy are cut, for all weights together."""
    return shares_of(sizes[2] // integers[9], sizes[1])


def shares_of(width: int, numbers: int) -> int:
    """The same for `width` sums, from how many numbers there are in dy."""
    return width * max(1, min(_PARTIAL // width, numbers // 64, _SHARES))


@inline
def weight_share(row: Any, memory: Any, part: int, OW: int, depths: Any) -> Any:
    """What share s of the lines of dy (N·OD·OH) gives for weight k, or bias k behind the weights; a part is (s, k).

    dw[kd,kh,kw,c,f] = Σ x[od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[od,oh,ow,f], db[f] = Σ dy[od,oh,ow,f].
    `depths` is that of `correlate`.
    """
    x, dy = pointer(row, memory, 0), pointer(row, memory, 1)
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7)
    OD, HP, KD, SD, DD = depths
    N, WP, C, F = dimension(row, 0, 0), dimension(row, 0, 2), last(row, 0), last(row, 1)
    whole, own, width = quotient(size(row, 0), N), quotient(C, G), dimension(row, 2, 1)
    shares = quotient(row[ROW_PARTS], width)
    s = quotient(part, width)
    k = part - s * width
    line, stop = quotient(N * OD * OH * s, shares), quotient(N * OD * OH * (s + 1), shares)
    count = KD * KH * KW * own * F
    total = DTYPE(0.0)
    if k >= count:
        return sum_of(shifted(dy, line * OW * F + k - count), F, (stop - line) * OW, total)
    _, kd, kh, kw, tap = place_in(k, KD, KH, KW, own * F)
    c = quotient(tap, F)
    f = tap - c * F
    inner = ((kd * DD * HP + kh * DH) * WP + kw * DW) * C + c + quotient(f * G, F) * own
    while line < stop:
        plane = quotient(line, OH)
        n = quotient(plane, OD)
        begin = n * whole + ((plane - n * OD) * SD * HP + (line - plane * OH) * SH) * WP * C
        total = chain(shifted(x, begin + inner), SW * C, shifted(dy, line * OW * F + f), F, OW, total)
        line += 1
    return total


@kernel
def weight_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,k] = what share s of the lines of dy (N·OH) gives for weight k, or bias k behind the weights.

    dw[kh,kw,c,f] = Σ x[oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[oh,ow,f] and db[f] = Σ dy[oh,ow,f].
    """
    room(row, memory)[part] = weight_share(row, memory, part, integer(row, 8), FLAT)


@kernel
def weight_fold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[0,k] = Σₛ sums[s,k], and zeros in the other chunks of out (P, width)."""
    fold_shares(row, memory, part, 2, dimension(row, 2, 1))


@inline
def fold_shares(row: Any, memory: Any, part: int, output: int, width: int) -> None:
    """out[0,k] = Σₛ sums[s,k], and zeros in the other chunks of operand `output` (P, width)."""
    sums, out = room(row, memory), pointer(row, memory, output)
    shares = quotient(row[ROW_ROOM_COUNT], width)
    k = part
    while k < size(row, output):
        out[k] = DTYPE(0.0)
        if k < width:
            out[k] = sum_of(shifted(sums, k), width, shares, DTYPE(0.0))
        k += row[ROW_PARTS]


@kernel
def add_partial_sums(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (…) = Σₚ sums[p, first …], for sums (P, width)."""
    sums, y = pointer(row, memory, 0), pointer(row, memory, 1)
    P, width, first = dimension(row, 0, 0), dimension(row, 0, 1), integer(row, 0)
    at = part
    while at < size(row, 1):
        begin = DTYPE(0.0)
        if adds(row, 1):
            begin = y[at]
        y[at] = sum_of(shifted(sums, first + at), width, P, begin)
        at += row[ROW_PARTS]


@kernel
def transpose(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[k,f,g·C/G + c] = w[k,c,g·F/G + f]: each group transposed, for w (K, C/G, F), out (K, F/G, C)."""
    w, out = pointer(row, memory, 0), pointer(row, memory, 1)
    G, F, C = integer(row, 0), last(row, 0), last(row, 1)
    c, f = quotient(C, G), quotient(F, G)
    at = part
    while at < size(row, 1):
        line = quotient(at, C)
        k = quotient(line, f)
        j, i = at - line * C, line - k * f
        g = quotient(j, c)
        out[at] = w[(k * c + j - g * c) * F + g * f + i]
        at += row[ROW_PARTS]


@inline
def gather_gradient(row: Any, memory: Any, part: int, output: int, biased: bool, gathering: Any) -> None:
    """dx[n,d,h,w,c] = b[c] + Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD, and h and w alike.

    Args:
        output: number of the last operand, dx (N, D, H, W, C).
        biased: operand 2 is b (C), and nothing is added to dx.
        gathering: (KD, KH, KW), (SD, SH, SW), (DD, DH, DW), how far the first output stands in front of the first
            number, (D, H, W), and how many lines dy has, along each axis; and groups of channels.
    """
    taps, strides, steps, fronts, inputs, outputs, G = gathering
    dy, w, b, dx = (
        pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, output),
    )  # fmt: skip
    C, F = last(row, output), last(row, 0)
    f, own = quotient(F, G), quotient(C, G)
    at = part
    while at < size(row, output):
        n, d, h, v, c = place_in(at, inputs[0], inputs[1], inputs[2], C)
        total = DTYPE(0.0)
        if biased:
            total = b[c]
        for kd in range(taps[0]):
            od = output_at(d - kd * steps[0] + fronts[0], strides[0], outputs[0])
            for kh in range(taps[1] if od >= 0 else 0):
                oh = output_at(h - kh * steps[1] + fronts[1], strides[1], outputs[1])
                for kw in range(taps[2] if oh >= 0 else 0):
                    ow = output_at(v - kw * steps[2] + fronts[2], strides[2], outputs[2])
                    if ow >= 0:
                        line = (n * outputs[0] + od) * outputs[1] + oh
                        source = shifted(dy, (line * outputs[2] + ow) * F + quotient(c, own) * f)
                        weights = shifted(w, ((kd * taps[1] + kh) * taps[2] + kw) * f * C + c)
                        total = chain(source, 1, weights, C, f, total)
        put(dx, at, total, False if biased else adds(row, output))
        at += row[ROW_PARTS]


@inline
def gathering_of_picture(row: Any) -> Any:
    """What `gather_gradient` takes as `gathering`, of pictures, or of sequences, whose operands have an axis less."""
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, H, W = integer(row, 4), integer(row, 5), integer(row, 11), integer(row, 12)
    lines, OW = quotient(size(row, 0), dimension(row, 0, 0) * last(row, 0)), dimension(row, 0, 2)
    if H == 1 and KH == 1:
        OW = lines
    fronts = (0, integer(row, 7) + integer(row, 9) * SH, integer(row, 8) + integer(row, 10) * SW)
    outputs = (1, quotient(lines, OW), OW)
    return (1, KH, KW), (1, SH, SW), (1, DH, DW), fronts, (1, H, W), outputs, integer(row, 6)


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,h,w,c] = Σ dy[n,oh,ow,f]·w[kh,kw,f,c] where h = oh·SH + kh·DH − PH; dx (N, H, W, C)."""
    gather_gradient(row, memory, part, 2, False, gathering_of_picture(row))


@kernel
def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `input_gradient`, with a bias: dx (N, H, W, C) = b[c] + Σ …, the forward pass of a transposed convolution."""
    gather_gradient(row, memory, part, 3, True, gathering_of_picture(row))


def channel_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Into how many parts the sums over all lines of dy (…, F) are cut, for sums (chunks, F)."""
    return shares_of(sizes[1] // integers[0], sizes[0])


@kernel
def channels_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,f] = Σ dy[…,f] of share s of the lines of dy (…, F)."""
    dy, F = pointer(row, memory, 0), last(row, 0)
    shares, lines, s = quotient(row[ROW_PARTS], F), quotient(size(row, 0), F), quotient(part, F)
    begin, stop = quotient(lines * s, shares), quotient(lines * (s + 1), shares)
    room(row, memory)[part] = sum_of(shifted(dy, begin * F + part - s * F), F, stop - begin, DTYPE(0.0))


@kernel
def channels_fold(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[0,f] = Σₛ sums[s,f], and zeros in the other chunks of out (P, F)."""
    fold_shares(row, memory, part, 1, last(row, 0))
