"""Convolutions and their gradients on a graphics card in tiles: products of matrices, tap by tap.

Shapes and integers are those of `nnplay.kernels.convolution`; all channels are one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import DTYPE, Kernel, inline
from nnplay.kernels.cuda import register_tile, tensor_tile
from nnplay.kernels.cuda.partial import room, sum_of
from nnplay.kernels.cuda.places import place_in
from nnplay.kernels.cuda.tiled_axes import PICTURES, VOLUMES, Axes, anew
from nnplay.kernels.cuda.tiled_gathering import input_gradients
from nnplay.kernels.cuda.tiles import Tile, first_item, line_at
from nnplay.kernels.operands import adds, dimension, integer, pointer, shifted, size
from nnplay.kernels.span_sums import last

#: Partial sums of the gradients of weights, over all weights, shares of each at the most, and numbers of dy in a share.
_PARTIAL: Final = 1 << 18
_SHARES: Final = 64
_NUMBERS: Final = 1 << 10


class ConvolutionKernels(NamedTuple):
    """The rows of a convolution, made for one kind of tile and pictures, or volumes."""

    forward: Kernel
    forward_without_bias: Kernel
    weight_partial: Kernel
    input_gradient: Kernel
    input_gradient_bias: Kernel


@inline
def window_at(i: int, given: Any) -> int:
    """Where the window begins in x that gives line i of y (N, OD, OH, OW, F), for (row, lines, C, depths)."""
    row, lines, C, depths = given
    OD, HP, _, SD, _ = depths
    n, d, h, w, _ = place_in(min(i, lines - 1), OD, integer(row, 7), integer(row, 8), 1)
    planes = (d * SD * HP + h * integer(row, 2)) * dimension(row, 0, 2)
    begin: int = n * quotient(size(row, 0), dimension(row, 0, 0)) + (planes + w * integer(row, 3)) * C
    return begin


@inline
def tap_at(row: Any, tap: int, depths: Any) -> int:
    """How far a tap is from the first of its window, in places of x."""
    _, HP, KD, _, DD = depths
    _, kd, kh, kw, _ = place_in(tap, KD, integer(row, 0), integer(row, 1), 1)
    place: int = (kd * DD * HP + kh * integer(row, 4)) * dimension(row, 0, 2) + kw * integer(row, 5)
    return place


@inline
def weight_at(k: int, given: Any) -> int:
    """How far from the first number of a window the one is that weights k·F … k·F + F − 1 are multiplied with.

    For (row, weights over F, C, depths).
    """
    row, count, C, depths = given
    k = min(k, count - 1)
    tap = quotient(k, C)
    place: int = tap_at(row, tap, depths) * C + k - tap * C
    return place


@inline
def line_of(row: Any, line: int, C: int, depths: Any) -> int:
    """Where the first window of a line of dy (N·OD·OH) begins in x."""
    OD, HP, _, SD, _ = depths
    OH, whole = integer(row, 7), quotient(size(row, 0), dimension(row, 0, 0))
    plane = quotient(line, OH)
    n = quotient(plane, OD)
    lines = (plane - n * OD) * SD * HP + (line - plane * OH) * integer(row, 2)
    place: int = n * whole + lines * dimension(row, 0, 2) * C
    return place


def convolution_kernels(tile: Tile, axes: Axes) -> ConvolutionKernels:
    """The rows of a convolution for a kind of tile, of pictures or volumes."""
    forward, forward_without_bias = _forward(tile, axes)
    functions = (forward, forward_without_bias, _weight(tile, axes), *input_gradients(tile, axes))
    names = [f"{__name__}:{tile.name}_{axes.name}_{each.__name__}" for each in functions]
    return ConvolutionKernels(*map(Kernel, names, functions))


def _forward(tile: Tile, axes: Axes) -> Any:
    threads, tiles, place_of, start, each_row = tile.threads, tile.tiles, tile.place_of, tile.start, tile.each_row
    add_products, put, depths_of_forward, depths_of_other = (
        tile.add_products,
        tile.put,
        axes.forward,
        axes.forward_without_bias,
    )

    @inline
    def correlate(
        row: Any, memory: Any, part: int, output: int, biased: bool, depths_of: Any
    ) -> None:  # fmt: skip
        """y[n,od,oh,ow,f] = Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f]; y (N, OD, OH, OW, F).

        Args:
            output: number of the last operand, y.
            biased: sums begin with operand 2, b (F), and nothing is added to y.
            depths_of: gives (OD, HP, KD, SD, DD) of a row. They are read anew for each tap: there are not as many
                registers.
        """
        x, w, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, output)
        C, F = last(row, 0), last(row, output)
        rows, joined = quotient(size(row, output), F), integer(row, 1) if integer(row, 5) == 1 else 1
        runs, count = quotient(size(row, 1), joined * C * F), tiles(rows, F) * threads
        at = first_item(part, row[ROW_PARTS], count)
        while at < count:
            own = quotient(at, threads)
            lane = at - own * threads
            i, first = place_of(own, lane, rows, F)
            sums = start(pointer(row, memory, 2), each_row(line_at, i, (rows, F)), 0, biased, first, F, lane)
            windows = each_row(window_at, i, (row, rows, C, depths_of(row)))
            for run in range(runs):  # taps of a line are neighbours in x and w
                here = anew(row)
                source = shifted(x, tap_at(here, run * joined, depths_of(here)) * C)
                weights = shifted(w, run * joined * C * F)
                sums = add_products(sums, source, windows, 1, weights, F, 1, first, F, joined * C, lane, False)
            put(sums, y, each_row(line_at, i, (rows, F)), first, F, lane, not biased and adds(row, output))
            at += row[ROW_PARTS]

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y[n,od,oh,ow,f] = b[f] + Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f]; b (F)."""
        correlate(row, memory, part, 3, True, depths_of_forward)

    def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
        """The same with 0 for b, or added to y (N, OD, OH, OW, F)."""
        correlate(row, memory, part, 2, False, depths_of_other)

    return forward, forward_without_bias


def weight_sums(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Partial sums of the gradients of weights and biases, for sums (chunks, width)."""
    width = sizes[2] // integers[-2]
    return width * max(1, min(_PARTIAL // width, sizes[1] // _NUMBERS, _SHARES))


def _weight(tile: Tile, axes: Axes) -> Any:
    threads, tiles, place_of, start, each_row = tile.threads, tile.tiles, tile.place_of, tile.start, tile.each_row
    add_products, put, depths_of_row, width_of = tile.add_products, tile.put, axes.weight, axes.width

    @inline
    def sum_biases(row: Any, memory: Any, part: int, count: int, shares: int, OW: int) -> None:
        """sums[s,count·F + f] = Σ dy[…,f] of share s of the lines of dy (N·OD·OH), a thread for each."""
        dy, sums, F, width = pointer(row, memory, 1), room(row, memory), last(row, 1), dimension(row, 2, 1)
        lines, own, at = quotient(size(row, 1), OW * F), width - count * F, part
        while at < own * shares:
            s = quotient(at, own)
            f, line = at - s * own, quotient(lines * s, shares)
            numbers = (quotient(lines * (s + 1), shares) - line) * OW
            sums[s * width + count * F + f] = sum_of(shifted(dy, line * OW * F + f), F, numbers, DTYPE(0.0))
            at += row[ROW_PARTS]

    @inline
    def add_lines(row: Any, memory: Any, s: int, shares: int, places: Any, first: int, lane: int) -> Any:
        """A tile's sums over the lines of a share."""
        found = start(memory, places, 0, False, first, last(row, 1), lane)
        lines = quotient(size(row, 1), width_of(row) * last(row, 1))
        for line in range(quotient(lines * s, shares), quotient(lines * (s + 1), shares)):
            here = anew(row)
            C, OW = last(here, 0), width_of(here)
            source = shifted(pointer(here, memory, 0), line_of(here, line, C, depths_of_row(here)))
            blame = shifted(pointer(here, memory, 1), line * OW * last(here, 1))
            found = add_products(
                found, source, places, integer(here, 3) * C, blame, last(here, 1), 1, first, last(here, 1), OW, lane,
                False,
            )  # fmt: skip
        return found

    def weight_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
        """sums[s,k] = what share s of the lines of dy (N·OD·OH) gives for weight k, or bias k behind the weights.

        dw[kd,kh,kw,c,f] = Σ x[od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[od,oh,ow,f], db[f] = Σ dy[od,oh,ow,f].
        """
        C, F, width = last(row, 0), last(row, 1), dimension(row, 2, 1)
        shares = quotient(row[ROW_ROOM_COUNT], width)
        count = depths_of_row(row)[2] * integer(row, 0) * integer(row, 1) * C
        across = tiles(count, F) * threads
        at = first_item(part, row[ROW_PARTS], across * shares)
        while at < across * shares:
            here = anew(row)
            s = quotient(at, across)
            own = quotient(at - s * across, threads)
            lane = at - s * across - own * threads
            k, first = place_of(own, lane, count, last(here, 1))
            places = each_row(weight_at, k, (here, count, last(here, 0), depths_of_row(here)))
            found = add_lines(row, memory, s, shares, places, first, lane)
            here = anew(row)
            F = last(here, 1)
            sums = shifted(room(here, memory), s * dimension(here, 2, 1))
            put(found, sums, each_row(line_at, k, (count, F)), first, F, lane, False)
            at += row[ROW_PARTS]
        sum_biases(row, memory, part, count, shares, width_of(row))

    return weight_partial


REGISTER: Final = convolution_kernels(register_tile.TILE, PICTURES)
REGISTER_VOLUMES: Final = convolution_kernels(register_tile.TILE, VOLUMES)
TENSOR: Final = convolution_kernels(tensor_tile.TILE, PICTURES)
TENSOR_VOLUMES: Final = convolution_kernels(tensor_tile.TILE, VOLUMES)
