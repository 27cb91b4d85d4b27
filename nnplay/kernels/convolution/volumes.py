"""Kernels of convolutions along three axes, slice by slice with those of pictures, and of the padding around volumes.

Volumes are (N, D, H, W, C), weights (KD, KH, KW, C / groups, F). An operand has four lengths at the most, so a volume's
slices lie one below the other, (N, D·H, W, C), and rows say in their integers how high one is.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.compile.jit import COMPILING, inline, kernel
from nnplay.kernels.convolution.convolution import BLOCK, WINDOW, correlate, weight_block, without_taps
from nnplay.kernels.convolution.input_gradient import common_divisor, taps
from nnplay.kernels.convolution.window_products import multiply_windows
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import add_rows, copy, last, zero

if COMPILING:
    from nnplay.kernels.tile import null

#: Integers of the rows that correlate: those of pictures, the height of a padded slice, and kernel, stride, dilation
#: and output along the slices.
WINDOW3: Final = (*WINDOW, "HP", "KD", "SD", "DD", "OD")
#: The same for the gradient of weights, where the lengths of dy say the width.
WEIGHT3: Final = (*WINDOW[:-1], "HP", "KD", "SD", "DD", "chunks", "biased")
#: Integers of the gradient of the input: kernel, stride, dilation, groups, and the size of dx.
INPUT3: Final = ("KD", "KH", "KW", "SD", "SH", "SW", "DD", "DH", "DW", "G", "D", "H", "W")
#: Integers of padding and cropping: inner size, what stands in front, outer size.
BORDER3: Final = ("D", "H", "W", "front", "top", "left", "DP", "HP", "WP")


@kernel
def pad(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, DP, HP, WP, C) = zeros around x (N, D, H, W, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    D, H, W, front, top, left = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    DP, HP, WP, C = integer(row, 6), integer(row, 7), integer(row, 8), last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * DP * HP)
    for line in range(start, stop):
        n, d, h = line // (DP * HP), line // HP % DP - front, line % HP - top
        Y = shifted(y, line * WP * C)
        inside = 0 <= d < D and 0 <= h < H
        if not adds(row, 1):
            zero(Y, left * C if inside else WP * C)
            if inside:
                zero(shifted(Y, (left + W) * C), (WP - left - W) * C)
        if inside:
            copy(shifted(Y, left * C), shifted(x, ((n * D + d) * H + h) * W * C), W * C, adds(row, 1))


@kernel
def crop(row: Any, clock: Any, memory: Any, part: int) -> None:
    """x (N, D, H, W, C) = the inside of y (N, DP, HP, WP, C); the backward of `pad`."""
    y, x = pointer(row, memory, 0), pointer(row, memory, 1)
    D, H, W, front, top, left = (
        integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5),
    )  # fmt: skip
    DP, HP, WP, C = integer(row, 6), integer(row, 7), integer(row, 8), last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * D * H)
    for line in range(start, stop):
        n, d, h = line // (D * H), line // H % D + front, line % H + top
        source = shifted(y, (((n * DP + d) * HP + h) * WP + left) * C)
        copy(shifted(x, line * W * C), source, W * C, adds(row, 1))


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,od,oh,ow,f] = b[f] + Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f].

    x (N, DP, HP, WP, C), w (KD, KH, KW, C/G, F), b (F), y (N, OD, OH, OW, F).
    """
    x, w, b, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    _correlate_slices(row, x, w, b, True, False, y, dimension(row, 3, 1), last(row, 3), part)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`, with 0 for b, or added to y (N, OD, OH, OW, F)."""
    x, w, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    _correlate_slices(row, x, w, null(), False, adds(row, 2), y, dimension(row, 2, 1), last(row, 2), part)


@inline
def _correlate_slices(
    row: Any, x: Any, w: Any, b: Any, biased: bool, add: bool, y: Any, lines: int, F: int, part: int
) -> None:
    """Every slice of y (N·OD, OH, OW, F) as the sum of KD convolutions of slices; y has `lines` = OD·OH for each n."""
    OH, OW, HP = integer(row, 7), integer(row, 8), integer(row, 9)
    KD, SD, DD = integer(row, 10), integer(row, 11), integer(row, 12)
    WP, C, OD = dimension(row, 0, 2), last(row, 0), lines // OH
    volume, slice_size, kernel_size = size(row, 0) // dimension(row, 0, 0), HP * WP * C, size(row, 1) // KD
    start, stop = share(row, part, dimension(row, 0, 0) * OD)
    for place in range(start, stop):
        Y = shifted(y, place * OH * OW * F)
        for kd in range(KD):
            X = shifted(x, place // OD * volume + (place % OD * SD + kd * DD) * slice_size)
            W = shifted(w, kd * kernel_size)
            correlate(row, X, slice_size, WP, C, W, b, biased and kd == 0, add or kd > 0, Y, F, 0, OH)


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[p] = dw, then db, of chunk p of the slices of dy: out (P, KD·KH·KW·C/G·F [+ F]), dy (N, OD, OH, OW, F).

    y[od,oh,ow,f] = b[f] + Σ x[od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f], so
    dw[kd,kh,kw,c,f] = Σ x[od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[od,oh,ow,f] and db[f] = Σ dy[od,oh,ow,f].
    """
    x, dy, out = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7)
    HP, KD, SD, DD = integer(row, 8), integer(row, 9), integer(row, 10), integer(row, 11)
    N, WP, C = dimension(row, 0, 0), dimension(row, 0, 2), last(row, 0)
    OD, OW, F = dimension(row, 1, 1) // OH, dimension(row, 1, 2), last(row, 1)
    chunks, width, count = dimension(row, 2, 0), dimension(row, 2, 1), KH * KW * (C // G) * F
    volume, height = size(row, 0) // N, max(1, BLOCK // (OW * F + SH * WP * C))
    first, end = share(row, part, chunks)
    for chunk in range(first, end):
        dw = shifted(out, chunk * width)
        zero(dw, width)
        for place in range(N * OD * chunk // chunks, N * OD * (chunk + 1) // chunks):
            X = shifted(x, place // OD * volume + place % OD * SD * HP * WP * C)
            for oh in range(0, OH, height):
                lines = min(height, OH - oh)
                dY = shifted(dy, (place * OH + oh) * OW * F)
                for kd in range(KD):
                    source = shifted(X, (kd * DD * HP + oh * SH) * WP * C)
                    weight_block(
                        source, 0, WP, C, dY, F, shifted(dw, kd * count), 1, lines, KH, KW, SH, SW, DH, DW, G, OW
                    )
                if width > KD * count:
                    add_rows(shifted(dw, KD * count), dY, F, lines * OW)


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,d,h,w,c] = Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD, and h and w alike.

    dy (N, …, F) has zeros around, w is (KD, KH, KW, F/G, C), dx (N, D, H, W, C).
    """
    dy, w, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    _input_gradient_slices(row, dy, w, null(), False, dx, last(row, 2), adds(row, 2), part)


@kernel
def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `input_gradient`, with a bias: dx (N, D, H, W, C) = b[c] + Σ …, which is a transposed convolution."""
    dy, w, b, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    _input_gradient_slices(row, dy, w, b, True, dx, last(row, 3), False, part)


@inline
def _input_gradient_slices(
    row: Any, dy: Any, w: Any, b: Any, biased: bool, dx: Any, C: int, add: bool, part: int
) -> None:
    """All lines of dx (N·D·H, W, C), each as a sum over the kernel numbers kd and kh that meet it.

    In front of dy stand as many zeros as windows reach over the border: ⌊(span − 1) / stride⌋ on each axis.
    """
    KD, SD, DD, D = integer(row, 0), integer(row, 3), integer(row, 6), integer(row, 10)
    KH, SH, DH, H = integer(row, 1), integer(row, 4), integer(row, 7), integer(row, 11)
    SW, W = integer(row, 5), integer(row, 12)
    OWP, F, image = dimension(row, 0, 2), last(row, 0), size(row, 0) // dimension(row, 0, 0)
    LD, LH = (KD - 1) * DD // SD, (KH - 1) * DH // SH
    OHP = LH + (H - 1) // SH + 1
    kernel_size = size(row, 1) // (KD * KH)
    step_d, step_h = SD // common_divisor(SD, DD), SH // common_divisor(SH, DH)
    start, stop = share(row, part, dimension(row, 0, 0) * D * H)
    for line in range(start, stop):
        n, d, h = line // (D * H), line // H % D, line % H
        kd_first, count_d = taps(KD, SD, DD, step_d, d % SD)
        kh_first, count_h = taps(KH, SH, DH, step_h, h % SH)
        target = shifted(dx, line * W * C)
        without_taps(target, C, W, C, b, biased, add)
        for i in range(count_d):
            kd = kd_first + i * step_d
            plane = n * image + ((d - kd * DD) // SD + LD) * OHP * OWP * F
            for j in range(count_h):
                kh = kh_first + j * step_h
                source = shifted(dy, plane + ((h - kh * DH) // SH + LH) * OWP * F)
                for phase in range(min(SW, W)):
                    _add_columns(row, source, shifted(w, (kd * KH + kh) * kernel_size), target, phase, C, F)


@inline
def _add_columns(row: Any, dy: Any, w: Any, dx: Any, phase: int, C: int, F: int) -> None:
    """dx[w,c] += Σ dy[ow,f]·w[kw,f,c] where w = ow·SW + kw·DW, for every w from `phase` in steps of SW."""
    KW, SW, DW, G, W = integer(row, 2), integer(row, 5), integer(row, 8), integer(row, 9), integer(row, 12)
    step = SW // common_divisor(SW, DW)
    kw, count = taps(KW, SW, DW, step, phase)
    if count == 0:
        return
    c, f = C // G, F // G
    columns = (W - phase + SW - 1) // SW
    source = shifted(dy, ((phase - kw * DW) // SW + (KW - 1) * DW // SW) * F)
    for g in range(G):
        place = shifted(dx, phase * C + g * c)
        multiply_windows(
            shifted(source, g * f), F, 1, -(DW * step // SW) * F, 0,
            shifted(w, kw * f * C + g * c), C, step * f * C, 0,
            place, SW * C, place, SW * C, columns, c, f, count, 1,
        )  # fmt: skip
