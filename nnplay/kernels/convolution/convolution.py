"""Kernels of convolutions along one and two axes, and of the padding around them.

Pictures are (N, H, W, C), weights (KH, KW, C / groups, F). A sequence (N, T, C) is a picture of one row, so the same
kernels serve both: where H is 1, nothing below depends on how the operand's rank counts its axes.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, scratch
from nnplay.kernels.compile.jit import COMPILING, inline, kernel
from nnplay.kernels.convolution.few_channels import finite, narrow, together, widen, widen_bias
from nnplay.kernels.convolution.window_products import multiply_windows
from nnplay.kernels.convolution.winograd import fits
from nnplay.kernels.convolution.winograd_passes import winograd_forward, winograd_weight
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import add_rows, copy, last, zero

if COMPILING:
    from nnplay.kernels.tile import null

#: Integers of the rows that correlate: kernel, stride, dilation, groups and output, height before width.
WINDOW: Final = ("KH", "KW", "SH", "SW", "DH", "DW", "G", "OH", "OW")
#: Integers of padding and cropping: inner size, what stands in front, outer size.
BORDER: Final = ("H", "W", "top", "left", "HP", "WP")
#: Numbers of dy and of x in a block of the gradient of weights, which stays in the first-level cache.
BLOCK: Final = 7168


@kernel
def pad(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, HP, WP, C) = zeros around x (N, H, W, C)."""
    x, y = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, C = integer(row, 4), integer(row, 5), last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * HP)
    for line in range(start, stop):
        n, h = line // HP, line % HP - top
        Y = shifted(y, line * WP * C)
        inside = 0 <= h < H
        if not adds(row, 1):
            zero(Y, left * C if inside else WP * C)
            if inside:
                zero(shifted(Y, (left + W) * C), (WP - left - W) * C)
        if inside:
            copy(shifted(Y, left * C), shifted(x, (n * H + h) * W * C), W * C, adds(row, 1))


@kernel
def crop(row: Any, clock: Any, memory: Any, part: int) -> None:
    """x (N, H, W, C) = the inside of y (N, HP, WP, C); the backward of `pad`."""
    y, x = pointer(row, memory, 0), pointer(row, memory, 1)
    H, W, top, left = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    HP, WP, C = integer(row, 4), integer(row, 5), last(row, 0)
    start, stop = share(row, part, dimension(row, 0, 0) * H)
    for line in range(start, stop):
        n, h = line // H, line % H + top
        copy(shifted(x, line * W * C), shifted(y, ((n * HP + h) * WP + left) * C), W * C, adds(row, 1))


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow,f] = b[f] + Σ x[n,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kh,kw,c,f]; y (N, OH, OW, F), b (F)."""
    x, w, b, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    _forward_part(row, x, w, b, True, False, y, last(row, 3), part)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`, with 0 for b, or added to y (N, OH, OW, F)."""
    x, w, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    _forward_part(row, x, w, null(), False, adds(row, 2), y, last(row, 2), part)


@inline
def _forward_part(
    row: Any, x: Any, w: Any, b: Any, biased: bool, add: bool, y: Any, F: int, part: int
) -> None:  # fmt: skip
    """A part's lines of y (N·OH), or its pictures where they are worked out with fewer products."""
    N, OH, OW, S, C, WP = (
        dimension(row, 0, 0),
        integer(row, 7),
        integer(row, 8),
        integer(row, 2),
        last(row, 0),
        dimension(row, 0, 2),
    )
    image = size(row, 0) // N
    if not fits_row(row, C, F, N // row[ROW_PARTS]):
        start, stop = share(row, part, N * OH)
        correlate(row, x, image, WP, C, w, b, biased, add, y, F, start, stop)
        return
    first, end = share(row, part, N)
    while first < end:
        stop = finite_up_to(x, image, first, end)
        if stop == first:
            correlate(row, x, image, WP, C, w, b, biased, add, y, F, first * OH, first * OH + OH)
            stop += 1
        else:
            without_taps(shifted(y, first * OH * OW * F), F, (stop - first) * OH * OW, F, b, biased, add)
            winograd_forward(x, image, WP, w, y, S, integer(row, 0) // S, C, F, OH, OW, first, stop)
        first = stop


@inline
def fits_row(row: Any, C: int, F: int, pictures: int) -> bool:
    """`fits` for a row whose integers begin as `WINDOW` does and that has y's lines and columns among them."""
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH, OW = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7), integer(row, 8)
    worth: bool = fits(KH, KW, SH, SW, DH, DW, G, C, F, OH, OW, pictures)
    return worth


@inline
def finite_up_to(x: Any, image: int, first: int, end: int) -> int:
    """The first picture of x from `first` on that is not finite, or `end`."""
    while first < end and finite(shifted(x, first * image), image):
        first += 1
    return first


@inline
def correlate(
    row: Any, x: Any, image: int, WP: int, C: int, w: Any, b: Any, biased: bool, add: bool, y: Any, F: int,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Lines `start` … `stop` of y (N·OH): y[oh,ow,f] = b[f] + Σ x[oh·SH + kh·DH, ow·SW + kw·DW, c]·w[kh,kw,c,f]."""
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH, OW = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7), integer(row, 8)
    r = together(OW, F, KW, SW, KH * C) if G == 1 and DW == 1 else 1
    if r > 1:
        wide, wide_bias = scratch(12288), scratch(64)
        widen(wide, w, KH, KW, C, F, r, SW)
        shared_bias = widen_bias(wide_bias, b, F, r, biased)
    while start < stop:
        oh, end = start % OH, min(stop, (start // OH + 1) * OH)
        X, Y = shifted(x, start // OH * image + oh * SH * WP * C), shifted(y, start * OW * F)
        seen = image if OH == 1 else ((end - start - 1) * SH + (KH - 1) * DH + 1) * WP * C
        if r > 1 and finite(X, seen):
            _correlate_lines(
                row, X, WP, C, wide, shared_bias, biased, add, Y, r * F, KW + (r - 1) * SW, r * SW, OW // r, end - start
            )
        else:
            _correlate_lines(row, X, WP, C, w, b, biased, add, Y, F, KW, SW, OW, end - start)
        start = end


@inline
def _correlate_lines(
    row: Any, x: Any, WP: int, C: int, w: Any, b: Any, biased: bool, add: bool, y: Any, F: int, KW: int, SW: int,
    OW: int, lines: int,
) -> None:  # fmt: skip
    """Lines of y (OW, F) of one picture, from its line x (WP, C) on: y = b + Σ x·w, as in `correlate`."""
    KH, SH, DH, DW, G = integer(row, 0), integer(row, 2), integer(row, 4), integer(row, 5), integer(row, 6)
    c, f = C // G, F // G
    inner, middle = (KW * C, 1) if G == 1 and DW == 1 else (c, KW)
    for line in range(lines):
        X, Y = shifted(x, line * SH * WP * C), shifted(y, line * OW * F)
        if c == 1 and f == 1 and G > 1:
            without_taps(Y, C, OW, C, b, biased, add)
            _correlate_depthwise(X, WP, C, w, Y, KH, KW, SW, DH, DW, OW)
            continue
        for g in range(G):
            multiply_windows(
                shifted(X, g * c), SW * C, 1, DW * C, DH * WP * C,
                shifted(w, g * f), F, c * F, KW * c * F,
                shifted(Y, g * f), F,
                shifted(Y, g * f) if add else shifted(b, g * f) if biased else b, F if add else 0,
                OW, f, inner, middle, KH,
            )  # fmt: skip


@inline
def _correlate_depthwise(
    X: Any, WP: int, C: int, w: Any, Y: Any, KH: int, KW: int, SW: int, DH: int, DW: int, OW: int
) -> None:
    """One line of y where each channel has a filter of its own; the loops run over channels, which are neighbours."""
    for ow in range(OW):
        y = shifted(Y, ow * C)
        for kh in range(KH):
            for kw in range(KW):
                x, k = shifted(X, (kh * DH * WP + ow * SW + kw * DW) * C), shifted(w, (kh * KW + kw) * C)
                for c in range(C):
                    y[c] = multiply_add(x[c], k[c], y[c])


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[p] = dw, then db, of chunk p of the lines of dy: out (P, KH·KW·C/G·F [+ F]), dy (N, OH, OW, F).

    y[oh,ow,f] = b[f] + Σ x[oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kh,kw,c,f], so
    dw[kh,kw,c,f] = Σ x[oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[oh,ow,f] and db[f] = Σ dy[oh,ow,f].
    """
    x, dy, out = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    KH, KW, SW, G = integer(row, 0), integer(row, 1), integer(row, 3), integer(row, 6)
    N, OH, OW = dimension(row, 0, 0), integer(row, 7), integer(row, 8)
    C, F, chunks, width = last(row, 0), last(row, 1), dimension(row, 2, 0), dimension(row, 2, 1)
    count = KH * KW * (C // G) * F
    r = together(OW, F, KW, SW, KH * C) if G == 1 and integer(row, 5) == 1 else 1
    wide = scratch(12288)
    first, end = share(row, part, chunks)
    for chunk in range(first, end):
        dw = shifted(out, chunk * width)
        zero(dw, width)
        line, stop = N * OH * chunk // chunks, N * OH * (chunk + 1) // chunks
        if fits_row(row, C, F, (stop - line) // OH):
            _weight_pictures(row, x, dy, dw, shifted(dw, count), width > count, line, stop)
            continue
        if r > 1:
            zero(wide, KH * (KW + (r - 1) * SW) * C * r * F)
        _weight_lines(row, x, dy, wide if r > 1 else dw, shifted(dw, count), width > count, r, line, stop)
        if r > 1:
            narrow(dw, wide, KH, KW, C, F, r, SW)


@inline
def _weight_pictures(
    row: Any, x: Any, dy: Any, dw: Any, db: Any, biased: bool, line: int, stop: int
) -> None:  # fmt: skip
    """`_weight_lines` with fewer products for whole pictures whose numbers are finite."""
    N, OH, OW, S, C, F = (
        dimension(row, 0, 0),
        integer(row, 7),
        integer(row, 8),
        integer(row, 2),
        last(row, 0),
        last(row, 1),
    )
    image = size(row, 0) // N
    while line < stop:
        first, end = line // OH, stop // OH
        found = first
        if line % OH == 0 and first < end:
            found = min(finite_up_to(x, image, first, end), finite_up_to(dy, OH * OW * F, first, end))
        if found == first:
            after = min(stop, (first + 1) * OH)
            _weight_lines(row, x, dy, dw, db, biased, 1, line, after)
        else:
            after = found * OH
            winograd_weight(x, image, dimension(row, 0, 2), dy, dw, S, integer(row, 0) // S, C, F, OH, OW, first, found)
            if biased:
                add_rows(db, shifted(dy, line * OW * F), F, (after - line) * OW)
        line = after


@inline
def _weight_lines(
    row: Any, x: Any, dy: Any, dw: Any, db: Any, biased: bool, r: int, line: int, stop: int
) -> None:  # fmt: skip
    """Adds what lines `line` … `stop` of dy (N·OH) give, in blocks that stay in the cache; r outputs share a vector."""
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G, OH, OW = integer(row, 4), integer(row, 5), integer(row, 6), integer(row, 7), integer(row, 8)
    image, WP, C, F = size(row, 0) // dimension(row, 0, 0), dimension(row, 0, 2), last(row, 0), last(row, 1)
    KW, SW, OW, F = KW + (r - 1) * SW, r * SW, OW // r, r * F
    height = max(1, BLOCK // (OW * F + SH * WP * C))
    while line < stop:
        n, oh = line // OH, line % OH
        lines, pictures = min(min(height, stop - line), OH - oh), 1
        if lines == OH:
            pictures = max(1, min(height // OH, (stop - line) // OH))
        X = shifted(x, n * image + oh * SH * WP * C)
        dY = shifted(dy, line * OW * F)
        weight_block(X, image, WP, C, dY, F, dw, pictures, lines, KH, KW, SH, SW, DH, DW, G, OW)
        if biased:
            add_rows(db, dY, F // r, pictures * lines * OW * r)
        line += pictures * lines


@inline
def weight_block(
    X: Any, image: int, WP: int, C: int, dY: Any, F: int, dw: Any, pictures: int, lines: int, KH: int, KW: int, SH: int,
    SW: int, DH: int, DW: int, G: int, OW: int,
) -> None:  # fmt: skip
    """Adds what lines of pictures give: dw[kh,kw,c,f] += Σ x[oh·SH + kh·DH, ow·SW + kw·DW, c]·dy[oh,ow,f].

    These are some lines of one picture, or all lines of several.
    """
    c, f = C // G, F // G
    if c == 1 and f == 1 and G > 1:
        for n in range(pictures):
            x, dy = shifted(X, n * image), shifted(dY, n * lines * OW * F)
            _weight_block_depthwise(x, WP, C, dy, dw, lines, KH, KW, SH, SW, DH, DW, OW)
        return
    merged = G == 1 and DW == 1
    rows, columns = (KW * C, 1) if merged else (c, KW)
    for kh in range(KH):
        for kw in range(columns):
            for g in range(G):
                target = shifted(dw, (kh * KW + kw) * c * F + g * f)
                multiply_windows(
                    shifted(X, (kh * DH * WP + kw * DW) * C + g * c), 1, SW * C, SH * WP * C, image,
                    shifted(dY, g * f), F, OW * F, lines * OW * F,
                    target, F, target, F, rows, f, OW, lines, pictures,
                )  # fmt: skip


@inline
def _weight_block_depthwise(
    X: Any, WP: int, C: int, dY: Any, dw: Any, lines: int, KH: int, KW: int, SH: int, SW: int, DH: int, DW: int, OW: int
) -> None:
    """`weight_block` where each channel has a filter of its own: dw[kh,kw,c] += Σ x[…,c]·dy[oh,ow,c]."""
    for kh in range(KH):
        for kw in range(KW):
            total = shifted(dw, (kh * KW + kw) * C)
            for oh in range(lines):
                for ow in range(OW):
                    x = shifted(X, ((oh * SH + kh * DH) * WP + ow * SW + kw * DW) * C)
                    dy = shifted(dY, (oh * OW + ow) * C)
                    for c in range(C):
                        total[c] = multiply_add(x[c], dy[c], total[c])


@kernel
def add_partial_sums(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (…) = Σₚ sums[p, first …], for sums (P, width)."""
    sums, y = pointer(row, memory, 0), pointer(row, memory, 1)
    P, width, first = dimension(row, 0, 0), dimension(row, 0, 1), integer(row, 0)
    start, stop = share(row, part, size(row, 1))
    copy(shifted(y, start), shifted(sums, first + start), stop - start, adds(row, 1))
    for p in range(1, P):
        copy(shifted(y, start), shifted(sums, p * width + first + start), stop - start, True)


@kernel
def sum_channels(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[p,f] = Σ dy[…,f] of chunk p of the rows, for dy (…, F), out (P, F)."""
    dy, out = pointer(row, memory, 0), pointer(row, memory, 1)
    F, P = last(row, 0), dimension(row, 1, 0)
    rows = size(row, 0) // F
    first, end = share(row, part, P)
    for p in range(first, end):
        begin, stop = rows * p // P, rows * (p + 1) // P
        zero(shifted(out, p * F), F)
        add_rows(shifted(out, p * F), shifted(dy, begin * F), F, stop - begin)


@kernel
def transpose(row: Any, clock: Any, memory: Any, part: int) -> None:
    """out[k,f,g·C/G + c] = w[k,c,g·F/G + f]: each group transposed, for w (K, C/G, F), out (K, F/G, C)."""
    w, out = pointer(row, memory, 0), pointer(row, memory, 1)
    G, F, C = integer(row, 0), last(row, 0), last(row, 1)
    c, f = C // G, F // G
    start, stop = share(row, part, size(row, 0) // (c * F))
    for k in range(start, stop):
        source, target = shifted(w, k * c * F), shifted(out, k * c * F)
        for g in range(G):
            for i in range(f):
                for j in range(c):
                    target[i * C + g * c + j] = source[j * F + g * f + i]


@inline
def without_taps(target: Any, step: int, columns: int, C: int, b: Any, biased: bool, add: bool) -> None:
    """What outputs begin with: nothing when they are added to, the bias, or 0."""
    if add:
        return
    for i in range(columns):
        if biased:
            copy(shifted(target, i * step), b, C, False)
        else:
            zero(shifted(target, i * step), C)
