"""Kernels of the gradient of a convolution's input: every dy times the weights, added up where its window lies.

The forward pass of a transposed convolution is the same thing. Shapes are those of
`nnplay.kernels.convolution.convolution`.
"""

from __future__ import annotations

from typing import Any, Final

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import multiply_add, scratch
from nnplay.kernels.compile.jit import COMPILING, inline, kernel
from nnplay.kernels.convolution.convolution import finite_up_to, without_taps
from nnplay.kernels.convolution.few_channels import finite, together, widen_back, widen_bias
from nnplay.kernels.convolution.window_products import multiply_windows
from nnplay.kernels.convolution.winograd import fits
from nnplay.kernels.convolution.winograd_passes import winograd_input
from nnplay.kernels.matmul import product_transposed
from nnplay.kernels.operands import adds, dimension, integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import copy, last, zero

if COMPILING:
    from nnplay.kernels.tile import null

#: Numbers that a picture of one channel is spread to on its way.
ONE_CHANNEL: Final = 8192
#: Integers of these rows: kernel, stride, dilation, groups; zeros in front of the input, and of dy; size of dx; zeros
#: behind the input, or -1 where the two axes differ in that.
INPUT_GRADIENT: Final = ("KH", "KW", "SH", "SW", "DH", "DW", "G", "PH", "PW", "LH", "LW", "H", "W", "after")


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,h,w,c] = Σ dy[n,oh,ow,f]·w[kh,kw,f,c] where h = oh·SH + kh·DH − PH; dx (N, H, W, C)."""
    dy, w, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    _part(row, dy, w, null(), False, dx, last(row, 2), adds(row, 2), part)


@kernel
def pad_input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """`pad` of dy (N, OH, OW, F), then `input_gradient`, picture by picture; each part pads in a place of its own."""
    dy, w, padded, dx = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        pointer(row, memory, 3),
    )
    N, H, line, C, F = (
        dimension(row, 0, 0),
        integer(row, 11),
        dimension(row, 0, 2) * last(row, 0),
        last(row, 3),
        last(row, 0),
    )
    if not _fits(row, C, F, N // row[ROW_PARTS]):
        first, end = share(row, part, N * H)
        _pad_lines(row, dy, w, padded, dx, part, first, end)
        return
    image = dimension(row, 0, 1) * line
    first, end = share(row, part, N)
    while first < end:
        stop = finite_up_to(dy, image, first, end)
        if stop == first:
            stop += 1
            _pad_lines(row, dy, w, padded, dx, part, first * H, stop * H)
        else:
            _pictures(row, dy, image, line, w, null(), False, dx, C, F, adds(row, 3), first, stop)
        first = stop


@inline
def _pad_lines(
    row: Any, dy: Any, w: Any, padded: Any, dx: Any, part: int, first: int, end: int
) -> None:  # fmt: skip
    """Lines `first` … `end` of dx (N·H) from dy with zeros around; `padded` has room for a picture for each part."""
    OH, line = dimension(row, 0, 1), dimension(row, 0, 2) * last(row, 0)
    HP, WP, F = dimension(row, 2, 1), dimension(row, 2, 2), last(row, 2)
    image, H = HP * WP * F, integer(row, 11)
    own = shifted(padded, part * image)
    inside = shifted(own, (integer(row, 9) * WP + integer(row, 10)) * F)
    zero(own, image)
    while first < end:
        n = first // H
        stop = min(end, (n + 1) * H)
        for h in range(OH):
            copy(shifted(inside, h * WP * F), shifted(dy, (n * OH + h) * line), line, False)
        input_gradient_lines(
            row, shifted(own, -n * image), image, WP, F, w, null(), False, dx, last(row, 3), adds(row, 3), first, stop
        )  # fmt: skip
        first = stop


@kernel
def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `input_gradient`, with a bias: dx (N, H, W, C) = b[c] + Σ …, the forward pass of a transposed convolution."""
    dy, w, b, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    _part(row, dy, w, b, True, dx, last(row, 3), False, part)


@inline
def _part(
    row: Any, dy: Any, w: Any, b: Any, biased: bool, dx: Any, C: int, add: bool, part: int
) -> None:  # fmt: skip
    """A part's lines of dx (N·H), or its pictures where they are worked out with fewer products."""
    N, OWP, F, H = dimension(row, 0, 0), dimension(row, 0, 2), last(row, 0), integer(row, 11)
    image = size(row, 0) // N
    if not _fits(row, C, F, N // row[ROW_PARTS]):
        first, end = share(row, part, N * H)
        input_gradient_lines(row, dy, image, OWP, F, w, b, biased, dx, C, add, first, end)
        return
    inside = shifted(dy, (integer(row, 9) * OWP + integer(row, 10)) * F)
    first, end = share(row, part, N)
    while first < end:
        stop = finite_up_to(dy, image, first, end)
        if stop == first:
            stop += 1
            input_gradient_lines(row, dy, image, OWP, F, w, b, biased, dx, C, add, first * H, stop * H)
        else:
            _pictures(row, inside, image, OWP * F, w, b, biased, dx, C, F, add, first, stop)
        first = stop


@inline
def _windows(row: Any, axis: int) -> int:
    """Windows along an axis, which dy has but for the zeros around it."""
    size: int = integer(row, 7 + axis) + integer(row, 11 + axis) + integer(row, 13) - integer(row, axis)
    stride: int = integer(row, 2 + axis)
    return size // stride + 1


@inline
def _fits(row: Any, C: int, F: int, pictures: int) -> bool:
    """Whether a row is worked out with fewer products where each part has so many pictures."""
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, G = integer(row, 4), integer(row, 5), integer(row, 6)
    OH, OW = _windows(row, 0), _windows(row, 1)
    worth: bool = integer(row, 13) >= 0 and fits(KH, KW, SH, SW, DH, DW, G, C, F, OH, OW, pictures)
    return worth


@inline
def _pictures(
    row: Any, dy: Any, image: int, line: int, w: Any, b: Any, biased: bool, dx: Any, C: int, F: int, add: bool,
    first: int, stop: int,
) -> None:  # fmt: skip
    """Pictures `first` … `stop` of dx with fewer products; dy begins at its first window."""
    S, H, W = integer(row, 2), integer(row, 11), integer(row, 12)
    without_taps(shifted(dx, first * H * W * C), C, (stop - first) * H * W, C, b, biased, add)
    winograd_input(
        dy, image, line, w, dx, S, integer(row, 0) // S, F, C, _windows(row, 0), _windows(row, 1),
        integer(row, 7), integer(row, 8), H, W, first, stop,
    )  # fmt: skip


@inline
def input_gradient_lines(
    row: Any, dy: Any, image: int, OWP: int, F: int, w: Any, b: Any, biased: bool, dx: Any, C: int, add: bool,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Lines `start` … `stop` of dx (N·H): dx[h,w,c] = b[c] + Σ dy[oh,ow,f]·w[kh,kw,f,c] where h = oh·SH + kh·DH - PH.

    Outputs that share h mod SH and w mod SW meet the same kernel numbers, so each such set is one product of windows.
    dy (N, …, OWP, F), `image` numbers for each n, has LH lines and LW columns of zeros in front; w is
    (KH, KW, F / groups, C).
    """
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, G, PH, LH = integer(row, 4), integer(row, 6), integer(row, 7), integer(row, 9)
    H, W = integer(row, 11), integer(row, 12)
    r = together(W, C, KW, 1, KH * F) if G == 1 and SW == 1 and integer(row, 5) == 1 else 1
    if r > 1:  # r neighbouring outputs share a vector: below they are windows that are wider and r·C channels
        wide, wide_bias = scratch(12288), scratch(64)
        widen_back(wide, w, KH, KW, F, C, r)
        shared_bias = widen_bias(wide_bias, b, C, r, biased)
    while start < stop:
        n, h, end = start // H, start % H + PH, min(stop, (start // H + 1) * H)
        top, bottom = max(0, (h - (KH - 1) * DH) // SH + LH), (h + end - start - 1) // SH + LH + 1
        first, seen = (0, image) if H == 1 else (top * OWP * F, min(bottom * OWP * F, image) - top * OWP * F)
        if H > 1 and C == 1 and G == 1 and (bottom - top) * OWP * KH * KW <= ONE_CHANNEL and F > 1:
            lines = min(bottom, image // (OWP * F)) - top
            _one_channel(
                row, shifted(dy, n * image + top * OWP * F), top, lines, OWP, F, w, b, biased, dx, add, start, end
            )
        elif r > 1 and finite(shifted(dy, n * image + first), seen):
            _lines(row, dy, image, OWP, F, wide, shared_bias, biased, dx, r * C, add, KW + r - 1, W // r, r, start, end)
        else:
            _lines(row, dy, image, OWP, F, w, b, biased, dx, C, add, KW, W, 1, start, end)
        start = end


@inline
def _one_channel(
    row: Any, dy: Any, top: int, lines: int, OWP: int, F: int, w: Any, b: Any, biased: bool, dx: Any, add: bool,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Lines `start` … `stop` of dx (N·H, W) of one channel, all of one picture: dx = b + Σ dy·w.

    One channel would fill one lane of a vector, so the kernel's numbers fill them: every dy times all of them at once,
    spread[oh,ow,kh,kw] = Σ_f dy[oh,ow,f]·w[kh,kw,f], which are then added up where they belong. `dy` begins at line
    `top`, and has so many `lines`.
    """
    KH, KW, SH, SW = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    DH, DW, PH, PW = integer(row, 4), integer(row, 5), integer(row, 7), integer(row, 8)
    LH, LW, H, W = integer(row, 9), integer(row, 10), integer(row, 11), integer(row, 12)
    taken = KH * KW
    spread = scratch(ONE_CHANNEL)
    product_transposed(dy, F, 1, w, F, spread, taken, lines * OWP, taken, F, False)
    for line in range(start, stop):
        v, target = line % H + PH, shifted(dx, line * W)
        if not add:
            for u in range(W):
                target[u] = b[0] if biased else 0.0
        for kh in range(KH):
            oh = (v - kh * DH) // SH + LH - top
            if (v - kh * DH) % SH != 0 or oh < 0 or oh >= lines:
                continue
            for kw in range(KW):
                left = kw * DW - PW - LW * SW
                first = max(0, (SW - 1 - left) // SW)
                own = shifted(spread, (oh * OWP) * taken + kh * KW + kw)
                for ow in range(first, min(OWP, (W - 1 - left) // SW + 1)):
                    target[left + ow * SW] += own[ow * taken]


@inline
def _lines(
    row: Any, dy: Any, image: int, OWP: int, F: int, w: Any, b: Any, biased: bool, dx: Any, C: int, add: bool,
    KW: int, W: int, r: int, start: int, stop: int,
) -> None:  # fmt: skip
    """Lines `start` … `stop` of dx (N·H, W, C), as in `input_gradient_lines`, each output standing for `r`."""
    SH, SW, DH, DW, G = integer(row, 2), integer(row, 3), integer(row, 4), integer(row, 5), integer(row, 6)
    PH, PW, LH, LW, H = integer(row, 7), integer(row, 8), integer(row, 9), integer(row, 10), integer(row, 11)
    step_h, step_w = SH // common_divisor(SH, DH), SW // common_divisor(SW, DW)
    c, f = C // G, F // G
    for line in range(start, stop):
        n, v = line // H, line % H + PH
        kh, count_h = taps(integer(row, 0), SH, DH, step_h, v % SH)
        for phase in range(min(SW, W)):
            u = phase + PW
            kw, count_w = taps(KW, SW, DW, step_w, u % SW)
            columns = (W - phase + SW - 1) // SW
            target = shifted(dx, (line * W + phase) * C)
            if count_h == 0 or count_w == 0:
                without_taps(target, SW * C, columns, C, b, biased, add)
                continue
            column = (u - kw * DW) // SW + LW + r - 1
            source = shifted(dy, n * image + (((v - kh * DH) // SH + LH) * OWP + column) * F)
            if c == 1 and f == 1 and G > 1:
                without_taps(target, SW * C, columns, C, b, biased, add)
                _input_gradient_depthwise(
                    source, DW * step_w // SW * C, DH * step_h // SH * OWP * C, shifted(w, (kh * KW + kw) * C),
                    step_w * C, step_h * KW * C, target, SW * C, columns, C, count_w, count_h,
                )  # fmt: skip
                continue
            for g in range(G):
                place = shifted(target, g * c)
                multiply_windows(
                    shifted(source, g * f), r * F, 1, -(DW * step_w // SW) * F, -(DH * step_h // SH) * OWP * F,
                    shifted(w, (kh * KW + kw) * f * C + g * c), C, step_w * f * C, step_h * KW * f * C,
                    place, SW * C, place if add else shifted(b, g * c) if biased else null(), SW * C if add else 0,
                    columns, c, f, count_w, count_h,
                )  # fmt: skip


@inline
def _input_gradient_depthwise(
    dy: Any, dy_middle: int, dy_outer: int, w: Any, w_middle: int, w_outer: int, target: Any, step: int, columns: int,
    C: int, count_w: int, count_h: int,
) -> None:  # fmt: skip
    """y[i] (C) += Σ dy·w over (kh, kw), where each channel has a filter of its own; `i` counts columns `step` apart."""
    for i in range(columns):
        y = shifted(target, i * step)
        for kh in range(count_h):
            for kw in range(count_w):
                x, k = shifted(dy, i * C - kh * dy_outer - kw * dy_middle), shifted(w, kh * w_outer + kw * w_middle)
                for c in range(C):
                    y[c] = multiply_add(x[c], k[c], y[c])


@inline
def taps(kernel_size: int, stride: int, dilation: int, step: int, phase: int) -> Any:
    """First kernel number, and how many each `step` apart, that meet outputs at `phase` between two strides."""
    for k in range(min(kernel_size, step)):
        if k * dilation % stride == phase:
            return k, (kernel_size - k + step - 1) // step
    return 0, 0


@inline
def common_divisor(a: int, b: int) -> int:
    """Greatest common divisor of two positive integers."""
    while b != 0:
        a, b = b, a % b
    return a
