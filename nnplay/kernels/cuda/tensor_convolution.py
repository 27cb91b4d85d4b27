"""Convolutions and their gradients by the tensor cores of a graphics card, in TF32: products of matrices, tap by tap.

Shapes and integers are those of `nnplay.kernels.convolution`; all channels are one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, ON_CARD, inline, kernel
from nnplay.kernels.cuda.convolution import FLAT, gathering_of_picture
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.places import output_at, place_in
from nnplay.kernels.cuda.tensor_tile import WARP, add_products, place_of, put_tile, tiles, within, zeros
from nnplay.kernels.operands import adds, dimension, integer, pointer, shifted, size
from nnplay.kernels.span_sums import last

if ON_CARD:
    from nnplay.kernels.cuda.intrinsics import anew
else:

    @inline
    def anew(row: Any) -> Any:
        """The row."""
        return row


#: Partial sums of the gradients of weights, over all weights, shares of each at the most, and numbers of dy in a share.
_PARTIAL: Final = 1 << 18
_SHARES: Final = 64
_NUMBERS: Final = 1 << 12


@inline
def correlate(
    row: Any, memory: Any, part: int, output: int, begin: Any, begin_row: int, begins: bool, depths_of: Any
) -> None:  # fmt: skip
    """y[n,od,oh,ow,f] = Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f], for y (N, OD, OH, OW, F).

    Args:
        output: number of the last operand, y.
        begin, begin_row, begins: what is added, as `put_tile` says.
        depths_of: gives (OD, HP, KD, SD, DD) of a row, where HP are the lines of a plane of x; those of `FLAT` for a
            picture. They are read anew for each tap: there are not as many registers.
    """
    x, w, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, output)
    C, F = last(row, 0), last(row, output)
    rows, taps = quotient(size(row, output), F), quotient(size(row, 1), C * F)
    at = part
    while at < tiles(rows, F) * WARP:
        tile = quotient(at, WARP)
        lane = at - tile * WARP
        i, first = place_of(tile, lane, F)
        near = window_at(row, within(i, rows), C, depths_of(row))
        far = window_at(row, within(i + 8, rows), C, depths_of(row))
        sums = zeros()
        for tap in range(taps):
            here = anew(row)
            source, weights = shifted(x, tap_at(here, tap, depths_of(here)) * C), shifted(w, tap * C * F)
            sums = add_products(sums, source, near, far, True, True, 1, weights, F, 1, first, F, C, lane)
        put_tile(sums, y, i, rows, first, F, lane, begin, begin_row, begins)
        at += row[ROW_PARTS]


@inline
def window_at(row: Any, place: int, C: int, depths: Any) -> int:
    """Where the window begins in x that gives numbers place·F … of y (N, OD, OH, OW, F)."""
    OD, HP, _, SD, _ = depths
    n, d, h, w, _ = place_in(place, OD, integer(row, 7), integer(row, 8), 1)
    lines = (d * SD * HP + h * integer(row, 2)) * dimension(row, 0, 2)
    begin: int = n * quotient(size(row, 0), dimension(row, 0, 0)) + (lines + w * integer(row, 3)) * C
    return begin


@inline
def tap_at(row: Any, tap: int, depths: Any) -> int:
    """How far a tap is from the first of its window, in places of x."""
    _, HP, KD, _, DD = depths
    _, kd, kh, kw, _ = place_in(tap, KD, integer(row, 0), integer(row, 1), 1)
    place: int = (kd * DD * HP + kh * integer(row, 4)) * dimension(row, 0, 2) + kw * integer(row, 5)
    return place


@inline
def flat(row: Any) -> Any:
    """`FLAT`, of any picture."""
    return FLAT


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,oh,ow,f] = b[f] + Σ x[n,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kh,kw,c,f]; y (N, OH, OW, F), b (F)."""
    correlate(row, memory, part, 3, pointer(row, memory, 2), 0, True, flat)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`, with 0 for b, or added to y (N, OH, OW, F)."""
    correlate(row, memory, part, 2, pointer(row, memory, 2), last(row, 2), adds(row, 2), flat)


def weight_sums(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Partial sums of the gradients of weights and biases, for sums (chunks, width)."""
    return sums_of(sizes[2] // integers[9], sizes[1])


def sums_of(width: int, numbers: int) -> int:
    """The same from how many weights there are, and how many numbers in dy."""
    return width * max(1, min(_PARTIAL // width, numbers // _NUMBERS, _SHARES))


@inline
def weight_shares(row: Any, memory: Any, part: int, OW: int, depths: Any) -> None:
    """sums[s,k] = what share s of the lines of dy (N·OD·OH) gives for weight k, or bias k behind the weights.

    dw[kd,kh,kw,c,f] = Σ x[od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[od,oh,ow,f], db[f] = Σ dy[od,oh,ow,f].
    `depths` are those of `correlate`. The sums of biases are not products: they are in float32, a thread for each.
    """
    x, dy, sums = pointer(row, memory, 0), pointer(row, memory, 1), room(row, memory)
    C, F, width = last(row, 0), last(row, 1), dimension(row, 2, 1)
    lines, shares = quotient(size(row, 1), OW * F), quotient(row[ROW_ROOM_COUNT], width)
    count = depths[2] * integer(row, 0) * integer(row, 1) * C
    across = tiles(count, F)
    at = part
    while at < across * shares * WARP:
        warp = quotient(at, WARP)
        s = quotient(warp, across)
        lane = at - warp * WARP
        k, first = place_of(warp - s * across, lane, F)
        near, far = tap_of(row, within(k, count), C, depths), tap_of(row, within(k + 8, count), C, depths)
        found = zeros()
        for line in range(quotient(lines * s, shares), quotient(lines * (s + 1), shares)):
            source, blame = shifted(x, window_of(row, line, C, depths)), shifted(dy, line * OW * F)
            step = integer(row, 3) * C
            found = add_products(found, source, near, far, True, True, step, blame, F, 1, first, F, OW, lane)
        put_tile(found, shifted(sums, s * width), k, count, first, F, lane, sums, 0, False)
        at += row[ROW_PARTS]
    own, at = width - count * F, part
    while at < own * shares:
        s = quotient(at, own)
        f, line = at - s * own, quotient(lines * s, shares)
        numbers = (quotient(lines * (s + 1), shares) - line) * OW
        sums[s * width + count * F + f] = sum_of(shifted(dy, line * OW * F + f), F, numbers, DTYPE(0.0))
        at += row[ROW_PARTS]


@inline
def tap_of(row: Any, k: int, C: int, depths: Any) -> int:
    """How far from the first number of a window the one is that weights k·F … k·F + F − 1 are multiplied with."""
    tap = quotient(k, C)
    place: int = tap_at(row, tap, depths) * C + k - tap * C
    return place


@inline
def window_of(row: Any, line: int, C: int, depths: Any) -> int:
    """Where the first window of a line of dy (N·OD·OH) begins in x."""
    OD, HP, _, SD, _ = depths
    OH, whole = integer(row, 7), quotient(size(row, 0), dimension(row, 0, 0))
    plane = quotient(line, OH)
    n = quotient(plane, OD)
    lines = (plane - n * OD) * SD * HP + (line - plane * OH) * integer(row, 2)
    place: int = n * whole + lines * dimension(row, 0, 2) * C
    return place


@kernel
def weight_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,k] = what share s of the lines of dy (N·OH) gives for weight k, or bias k behind the weights.

    dw[kh,kw,c,f] = Σ x[oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[oh,ow,f] and db[f] = Σ dy[oh,ow,f].
    """
    weight_shares(row, memory, part, integer(row, 8), FLAT)


@inline
def source_of(at: int, tap: int, gathering: Any) -> int:
    """Which line of dy (N·OD·OH·OW) a tap spreads to place number `at` of dx; −1: there is none."""
    taps, strides, steps, fronts, inputs, outputs, _ = gathering
    n, d, h, w, _ = place_in(at, inputs[0], inputs[1], inputs[2], 1)
    _, kd, kh, kw, _ = place_in(tap, taps[0], taps[1], taps[2], 1)
    od = output_at(d - kd * steps[0] + fronts[0], strides[0], outputs[0])
    oh = output_at(h - kh * steps[1] + fronts[1], strides[1], outputs[1])
    ow = output_at(w - kw * steps[2] + fronts[2], strides[2], outputs[2])
    there = od >= 0 and oh >= 0 and ow >= 0
    return ((n * outputs[0] + od) * outputs[1] + oh) * outputs[2] + ow if there else -1


@inline
def gather_gradient(
    row: Any, memory: Any, part: int, output: int, begin: Any, begin_row: int, begins: bool, gathering_of: Any
) -> None:  # fmt: skip
    """dx[n,d,h,w,c] = Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD, and h and w alike.

    Args:
        output: number of the last operand, dx (N, D, H, W, C).
        begin, begin_row, begins: what is added, as `put_tile` says.
        gathering_of: gives what `nnplay.kernels.cuda.convolution.gather_gradient` takes. It is read anew for each tap:
            there are not as many registers.
    """
    dy, w, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, output)
    C, F = last(row, output), last(row, 0)
    rows, taps = quotient(size(row, output), C), quotient(size(row, 1), C * F)
    at = part
    while at < tiles(rows, C) * WARP:
        tile = quotient(at, WARP)
        lane = at - tile * WARP
        i, first = place_of(tile, lane, C)
        sums = zeros()
        for tap in range(taps):
            gathering = gathering_of(anew(row))
            near = source_of(within(i, rows), tap, gathering)
            far = source_of(within(i + 8, rows), tap, gathering)
            sums = add_products(
                sums, dy, max(near, 0) * F, max(far, 0) * F, near >= 0, far >= 0, 1, shifted(w, tap * F * C), C, 1,
                first, C, F, lane,
            )  # fmt: skip
        put_tile(sums, dx, i, rows, first, C, lane, begin, begin_row, begins)
        at += row[ROW_PARTS]


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,h,w,c] = Σ dy[n,oh,ow,f]·w[kh,kw,f,c] where h = oh·SH + kh·DH − PH; dx (N, H, W, C)."""
    gather_gradient(row, memory, part, 2, pointer(row, memory, 2), last(row, 2), adds(row, 2), gathering_of_picture)


@kernel
def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `input_gradient`, with a bias: dx (N, H, W, C) = b[c] + Σ …, the forward pass of a transposed convolution."""
    gather_gradient(row, memory, part, 3, pointer(row, memory, 2), 0, True, gathering_of_picture)
