"""The gradient of a convolution's input on a graphics card in tiles: each line gathers what all taps spread to it.

With a stride only some taps reach a line: places are sorted by that, so that no tap is multiplied that is 0 for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.cuda.places import place_in
from nnplay.kernels.cuda.tiled_axes import Axes, anew
from nnplay.kernels.cuda.tiles import Tile, first_item, line_near
from nnplay.kernels.operands import adds, dimension, pointer, shifted
from nnplay.kernels.span_sums import last

#: Bits in which three lengths are counted in one number, each with one more in front that says that it is not below 0.
_ACROSS: Final = 28
_DOWN: Final = 16
_SIGNS: Final = 1 << _ACROSS | 1 << (_ACROSS + 1 + _DOWN) | 1 << (_ACROSS + 2 + 2 * _DOWN)


def can_count(lengths: Sequence[int]) -> bool:
    """Whether lengths of dy or dx, of which the last is the width, can be counted in one number."""
    *down, across = lengths
    return across < 1 << _ACROSS and all(length < 1 << _DOWN for length in down)


@inline
def counted(d: int, h: int, w: int) -> Any:
    """Three lengths as one number, of 64 bits."""
    return (((np.int64(d) << (_DOWN + 1)) + h) << (_ACROSS + 1)) + w


@inline
def start_of(i: int, given: Any) -> Any:
    """Where line i of a class of dx stands among those of dy, and what is left there of dy's lengths.

    For (lines of the class, (LD, LH, LW) of it, (OD, OH, OW)): see `gather_gradient`.
    """
    lines, lengths, outputs = given
    n, d, h, w, _ = place_in(i, lengths[0], lengths[1], lengths[2], 1)
    base = ((n * outputs[0] + d) * outputs[1] + h) * outputs[2] + w
    left = counted(outputs[0] - 1 - d, outputs[1] - 1 - h, outputs[2] - 1 - w) + _SIGNS
    return base, left if i < lines else _SIGNS >> 1


@inline
def source_of(start: Any, given: Any) -> int:
    """Where the line of dy begins that a tap spreads to a line of dx, for (how far it is, as one number, F)."""
    base, left = start
    ahead, lengths, F = given
    return (base + ahead) * F if (left - lengths) & _SIGNS == _SIGNS else -1


@inline
def target_of(i: int, given: Any) -> int:
    """Where line i of a class of dx begins, for (lines, (LD, LH, LW), first place, strides, (D, H, W), C)."""
    lines, lengths, first, strides, inputs, C = given
    n, d, h, w, _ = place_in(i, lengths[0], lengths[1], lengths[2], 1)
    d, h, w = first[0] + d * strides[0], first[1] + h * strides[1], first[2] + w * strides[2]
    there = i < lines and d < inputs[0] and h < inputs[1] and w < inputs[2]
    return (((n * inputs[0] + d) * inputs[1] + h) * inputs[2] + w) * C if there else -1


@inline
def rounded_up(count: int, step: int) -> int:
    """count / step, or the next whole number."""
    found: int = quotient(count + step - 1, step)
    return found


@inline
def step_of(way: int, stride: int) -> int:
    """way / stride; −1 where that is no whole number from 0."""
    found = quotient(way, stride) if way >= 0 else -1
    return found if found * stride == way else -1


class Classes(NamedTuple):
    """Classes of places of dx, whose remainders by the strides are the same; functions of the row that kernels call.

    Attributes:
        lines_of: `(row, output)`: how many lines a class has, and (LD, LH, LW).
        targets_of: `(row, number, output)`: what `target_of` takes of a class.
        way_of: `(row, number, axis, k)`: how far the lines of dy are ahead of those of a class that tap k of an axis
            reaches; −1: it reaches none.
    """

    lines_of: Any
    targets_of: Any
    way_of: Any


def classes_of(axes: Axes) -> Classes:
    """The classes of pictures or volumes."""
    gathering_of = axes.gathering

    @inline
    def lines_of(row: Any, output: int) -> Any:
        """As `Classes` says."""
        _, strides, _, _, inputs, _, _ = gathering_of(row)
        lengths = (
            rounded_up(inputs[0], strides[0]), rounded_up(inputs[1], strides[1]), rounded_up(inputs[2], strides[2])
        )  # fmt: skip
        return dimension(row, output, 0) * lengths[0] * lengths[1] * lengths[2], lengths

    @inline
    def class_of(row: Any, number: int) -> Any:
        """The first place of a class of dx, (d, h, w)."""
        strides = gathering_of(row)[1]
        _, d, h, w, _ = place_in(number, strides[0], strides[1], strides[2], 1)
        return d, h, w

    @inline
    def targets_of(row: Any, number: int, output: int) -> Any:
        """As `Classes` says."""
        rows, lengths = lines_of(row, output)
        _, strides, _, _, inputs, _, _ = gathering_of(row)
        return rows, lengths, class_of(row, number), strides, inputs, last(row, output)

    @inline
    def way_of(row: Any, number: int, axis: int, k: int) -> int:
        """As `Classes` says."""
        _, strides, steps, fronts, _, _, _ = gathering_of(row)
        way: int = step_of(class_of(row, number)[axis] + fronts[axis] - k * steps[axis], strides[axis])
        return way

    return Classes(lines_of, targets_of, way_of)


def items_in(tile: Tile, classes: Classes) -> tuple[Any, Any]:
    """How many pieces of work a class has, a thread of a tile each, and what one of those of all classes is."""
    threads, tiles, place_of, lines_of = tile.threads, tile.tiles, tile.place_of, classes.lines_of

    @inline
    def items_of(row: Any, output: int) -> int:
        """Pieces of work of a class."""
        count: int = tiles(lines_of(row, output)[0], last(row, output)) * threads
        return count

    @inline
    def item_at(row: Any, output: int, at: int) -> Any:
        """Number of a class, first line of a thread in it, first column of its tile, and the thread's number there."""
        count = items_of(row, output)
        number = quotient(at, count)
        own = quotient(at - number * count, threads)
        lane = at - number * count - own * threads
        i, column = place_of(own, lane, lines_of(row, output)[0], last(row, output))
        return number, i, column, lane

    return items_of, item_at


def taps_in(tile: Tile, axes: Axes, classes: Classes) -> Any:
    """A function that adds what taps spread to the lines of a tile."""
    each, add_products, gathering_of, way_of = tile.each, tile.add_products, axes.gathering, classes.way_of

    @inline
    def add_taps(
        row: Any, memory: Any, output: int, sums: Any, number: int, starts: Any, column: int, lane: int
    ) -> Any:
        """The sums of a tile of a class, with what all taps add."""
        for kd in range(gathering_of(anew(row))[0][0]):
            od = way_of(anew(row), number, 0, kd)
            for kh in range(gathering_of(anew(row))[0][1] if od >= 0 else 0):
                oh = way_of(anew(row), number, 1, kh)
                for kw in range(gathering_of(anew(row))[0][2] if oh >= 0 else 0):
                    here = anew(row)
                    ow = way_of(here, number, 2, kw)
                    if ow >= 0:
                        taps, _, _, _, _, outputs, _ = gathering_of(here)
                        C, F = last(here, output), last(here, 0)
                        ahead = (od * outputs[1] + oh) * outputs[2] + ow
                        sources = each(source_of, starts, (ahead, counted(od, oh, ow), F))
                        weights = shifted(pointer(here, memory, 1), ((kd * taps[1] + kh) * taps[2] + kw) * F * C)
                        sums = add_products(
                            sums, pointer(here, memory, 0), sources, 1, weights, C, 1, column, C, F, lane, True
                        )  # fmt: skip
        return sums

    return add_taps


def input_gradients(tile: Tile, axes: Axes) -> Any:
    """The kernels of dx = Σ dy·w, without and with a bias, for a kind of tile, of pictures or volumes."""
    start, each_row, put, gathering_of, classes = tile.start, tile.each_row, tile.put, axes.gathering, classes_of(axes)
    (items_of, item_at), add_taps = items_in(tile, classes), taps_in(tile, axes, classes)
    lines_of, targets_of = classes.lines_of, classes.targets_of

    @inline
    def gather_gradient(
        row: Any, memory: Any, part: int, output: int, biased: bool
    ) -> None:  # fmt: skip
        """dx[n,d,h,w,c] = Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD, and h and w alike.

        Places of dx whose remainders by the strides are the same are a class: the same taps reach them all, and only
        these are multiplied. All classes have as many lines, (LD, LH, LW) of each example; some are beyond the edge.
        What stands in the row is read anew for each tap: there are not as many registers.

        Args:
            output: number of the last operand, dx (N, D, H, W, C).
            biased: sums begin with operand 2, b (C), and nothing is added to dx.
        """
        strides = gathering_of(row)[1]
        whole = items_of(row, output) * strides[0] * strides[1] * strides[2]
        at = first_item(part, row[ROW_PARTS], whole)
        while at < whole:
            here = anew(row)
            number, i, column, lane = item_at(here, output, at)
            rows, lengths = lines_of(here, output)
            starts = each_row(start_of, i, (rows, lengths, gathering_of(here)[5]))
            same = each_row(line_near, i, (1, 0))  # all rows begin with the same numbers
            sums = start(pointer(here, memory, 2), same, 0, biased, column, last(here, output), lane)
            sums = add_taps(row, memory, output, sums, number, starts, column, lane)
            here = anew(row)
            number, i, column, lane = item_at(here, output, at)
            lines = each_row(target_of, i, targets_of(here, number, output))
            add = not biased and adds(here, output)
            put(sums, pointer(here, memory, output), lines, column, last(here, output), lane, add)
            at += row[ROW_PARTS]

    def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dx[n,d,h,w,c] = Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD − PD; dx (N, D, H, W, C)."""
        gather_gradient(row, memory, part, 2, False)

    def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dx[n,d,h,w,c] = b[c] + Σ …, dx (N, D, H, W, C), b (C): the forward pass of a transposed convolution."""
        gather_gradient(row, memory, part, 3, True)

    return input_gradient, input_gradient_bias
