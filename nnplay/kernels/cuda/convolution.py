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
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.operands import adds, dimension, integer, pointer, shifted, size
from nnplay.kernels.span_sums import last

#: Partial sums of the gradients of weights, over all weights.
_PARTIAL: Final = 1 << 16
#: Shares of each sum at the most: they are added up one after the other.
_SHARES: Final = 256


@inline
def put(place: Any, at: int, value: Any, add: bool) -> None:
    """Writes a number, or adds it to what is there."""
    place[at] = place[at] + value if add else value


@kernel
def pad(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, HP, WP, C) = zeros around x (N, H, W, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, C = integer(row, 4), integer(row, 5), last(row, 0)
    at = part
    while at < size(row, 1):
        column = quotient(at, C)
        line = quotient(column, WP)
        n = quotient(line, HP)
        c, w, h = at - column * C, column - line * WP - left, line - n * HP - top
        inside = 0 <= h < H and 0 <= w < W
        put(y, at, x[((n * H + h) * W + w) * C + c] if inside else 0.0, adds(row, 1))
        at += row[ROW_PARTS]


@kernel
def crop(row: Any, clock: Any, memory: Any, part: int) -> None:
    """x (N, H, W, C) = the inside of y (N, HP, WP, C); the backward of `pad`."""
    y, x = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, C = integer(row, 4), integer(row, 5), last(row, 0)
    at = part
    while at < size(row, 1):
        column = quotient(at, C)
        line = quotient(column, W)
        n = quotient(line, H)
        c, w, h = at - column * C, column - line * W + left, line - n * H + top
        put(x, at, y[((n * HP + h) * WP + w) * C + c], adds(row, 1))
        at += row[ROW_PARTS]


@inline
def correlate(row: Any, memory: Any, part: int, y: Any, output: int, biased: bool) -> None:
    """y[n,oh,ow,f] = b[f] + Σ x[n,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kh,kw,c,f]; y (N, OH, OW, F) is the last operand."""
    x, w, b = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH, OW = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7), integer(row, 8)
    image, WP, C, F = (
        quotient(size(row, 0), dimension(row, 0, 0)),
        dimension(row, 0, 2),
        last(row, 0),
        last(row, output),
    )
    own = quotient(C, G)
    at = part
    while at < size(row, output):
        column = quotient(at, F)
        line = quotient(column, OW)
        n = quotient(line, OH)
        f, ow, oh = at - column * F, column - line * OW, line - n * OH
        X = shifted(x, n * image + (oh * SH * WP + ow * SW) * C + quotient(f * G, F) * own)
        total = DTYPE(0.0)
        if biased:
            total = b[f]
        for kh in range(KH):
            for kw in range(KW):
                source = shifted(X, (kh * DH * WP + kw * DW) * C)
                total = chain(source, 1, shifted(w, (kh * KW + kw) * own * F + f), F, own, total)
        put(y, at, total, False if biased else adds(row, output))
        at += row[ROW_PARTS]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow,f] = b[f] + Σ x[n,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kh,kw,c,f]; y (N, OH, OW, F), b (F)."""
    correlate(row, memory, part, pointer(row, memory, 3), 3, True)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`, with 0 for b, or added to y (N, OH, OW, F)."""
    correlate(row, memory, part, pointer(row, memory, 2), 2, False)


def weight_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Into how many parts the sums over all lines of dy are cut, for all weights together."""
    return shares_of(sizes[2] // integers[9], sizes[1])


def shares_of(width: int, numbers: int) -> int:
    """The same for `width` sums, from how many numbers there are in dy."""
    return width * max(1, min(_PARTIAL // width, numbers // 64, _SHARES))


@kernel
def weight_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,k] = what share s of the lines of dy (N·OH) gives for weight k, or bias k behind the weights.

    dw[kh,kw,c,f] = Σ x[oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[oh,ow,f] and db[f] = Σ dy[oh,ow,f].
    """
    x, dy = pointer(row, memory, 0), pointer(row, memory, 1)
    KW, SH, SW = integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH, OW = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7), integer(row, 8)
    N, WP, C, F = dimension(row, 0, 0), dimension(row, 0, 2), last(row, 0), last(row, 1)
    image, own, width = quotient(size(row, 0), N), quotient(C, G), dimension(row, 2, 1)
    shares = quotient(row[ROW_PARTS], width)
    s = quotient(part, width)
    k = part - s * width
    line, stop = quotient(N * OH * s, shares), quotient(N * OH * (s + 1), shares)
    count = integer(row, 0) * KW * own * F
    total = DTYPE(0.0)
    if k >= count:
        total = sum_of(shifted(dy, line * OW * F + k - count), F, (stop - line) * OW, total)
    else:
        tap = quotient(k, F)
        f = k - tap * F
        place = quotient(tap, own)
        c = tap - place * own + quotient(f * G, F) * own
        kh = quotient(place, KW)
        inner = (kh * DH * WP + (place - kh * KW) * DW) * C + c
        while line < stop:
            n = quotient(line, OH)
            X = shifted(x, n * image + (line - n * OH) * SH * WP * C + inner)
            total = chain(X, SW * C, shifted(dy, line * OW * F + f), F, OW, total)
            line += 1
    room(row, memory)[part] = total


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


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,h,w,c] = Σ dy[n,oh,ow,f]·w[kh,kw,f,c] where h = oh·SH + kh·DH − PH; dx (N, H, W, C)."""
    gather_gradient(row, memory, part, pointer(row, memory, 2), 2, False)


@kernel
def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `input_gradient`, with a bias: dx (N, H, W, C) = b[c] + Σ …, the forward pass of a transposed convolution."""
    gather_gradient(row, memory, part, pointer(row, memory, 3), 3, True)


@inline
def gather_gradient(row: Any, memory: Any, part: int, dx: Any, output: int, biased: bool) -> None:
    """dx[n,h,w,c] = b[c] + Σ dy[n,oh,ow,f]·w[kh,kw,f,c]; dx (N, H, W, C) is the last operand."""
    dy, w, b = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, LH, LW = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 9), integer(row, 10)
    H, W, C, F = integer(row, 11), integer(row, 12), last(row, output), last(row, 0)
    image, OWP = quotient(size(row, 0), dimension(row, 0, 0)), dimension(row, 0, 2)
    if H == 1 and KH == 1:  # a sequence, whose operand has one axis less
        OWP = quotient(image, F)
    OHP, f, c_own = quotient(image, OWP * F), quotient(F, G), quotient(C, G)
    at = part
    while at < size(row, output):
        column = quotient(at, C)
        line = quotient(column, W)
        n = quotient(line, H)
        c, u, v = at - column * C, column - line * W + integer(row, 8), line - n * H + integer(row, 7)
        total = DTYPE(0.0)
        if biased:
            total = b[c]
        for kh in range(KH):
            rise = v - kh * DH + LH * SH
            oh = quotient(rise, SH) if rise >= 0 else -1
            if oh < 0 or oh >= OHP or oh * SH != rise:
                continue
            for kw in range(KW):
                run = u - kw * DW + LW * SW
                ow = quotient(run, SW) if run >= 0 else -1
                if ow < 0 or ow >= OWP or ow * SW != run:
                    continue
                source = shifted(dy, n * image + (oh * OWP + ow) * F + quotient(c, c_own) * f)
                total = chain(source, 1, shifted(w, (kh * KW + kw) * f * C + c), C, f, total)
        put(dx, at, total, False if biased else adds(row, output))
        at += row[ROW_PARTS]


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
