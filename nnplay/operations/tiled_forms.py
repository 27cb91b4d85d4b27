"""Which rows of a graphics card multiply in tiles, and when that is worth it.

In float32 a thread has a tile in its registers. That reads a quarter of the numbers, with a sixteenth of the threads:
so a result needs enough numbers of its own, or its inner sums are cut into shares, whose sums a second row adds up. It
is cut only where few numbers are the result of many multiply-adds. Where a run asks for TF32, a warp has a tile, which
its tensor cores multiply. Narrow products, and small ones, have a thread for each number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.convolution.convolution import WINDOW
from nnplay.kernels.cuda import convolution, register_tile, tensor_tile, tiled_linear
from nnplay.kernels.cuda import tiled_convolution as convolved
from nnplay.kernels.cuda.tiled_gathering import can_count
from nnplay.kernels.cuda.tiles import Tile, shares_of
from nnplay.records.cuda_rows import NumberRow, SumsRow
from nnplay.records.operation import CudaRow, Shape, TiledForm

#: Rows and columns of a result, numbers of the inner sum, and multiply-adds of a product in TF32 at the least.
_LINES: Final = 16
_INNER: Final = 8
_ENOUGH: Final = 1 << 16
#: Numbers of a line of a convolution's result at the least: the gradient of its weights is a sum over lines.
_WIDTH: Final = 4
#: Multiply-adds from which on a product may be cut into shares, or be in tiles of registers; and numbers of a result
#: that have threads enough in such tiles.
_LARGE: Final = 1 << 20
_NUMBERS: Final = 1 << 16
#: Multiply-adds from which on tiles gain more than a meeting takes: a number for each thread goes on without one.
_WORTH_A_MEETING: Final = 6 << 20

#: Rows and columns of a result, and terms of the inner sum.
Lengths = tuple[int, int, int]
Sums = tiled_linear.Sums
SumsOf = Callable[[Tile], Sums]
LengthsOf = Callable[[Sequence[Shape]], Lengths]


def _by_tensor_cores(rows: int, columns: int, inner: int) -> bool:
    return min(rows, columns) >= _LINES and inner >= _INNER and rows * columns * inner >= _ENOUGH


def _in_registers(rows: int, columns: int, inner: int, numbers: int) -> bool:
    """Of a result that has so many numbers, or as many with its shares."""
    return columns >= register_tile.SIDE and rows * columns * inner >= _LARGE and numbers >= _NUMBERS


def _cut_for_registers(rows: int, columns: int, inner: int) -> bool:
    few = rows * columns < _NUMBERS and shares_of(register_tile.TILE, rows, columns, inner) > 1
    return few and _in_registers(rows, columns, inner, _NUMBERS)


def _cut_for_tensor_cores(rows: int, columns: int, inner: int) -> bool:
    large = rows * columns * inner >= _LARGE and _by_tensor_cores(rows, columns, inner)
    return large and shares_of(tensor_tile.TILE, rows, columns, inner) > 1


def _linear(name: str, sums: SumsOf, fold: Kernel, of: LengthsOf) -> tuple[TiledForm, ...]:
    """Forms of a product whose result has a row that writes number by number, where it is not in tiles.

    Args:
        name: of the rows' kernels.
        of: from the shapes of operands.
    """
    by_warp, by_thread = getattr(tiled_linear.TENSOR, name), getattr(tiled_linear.REGISTER, name)
    return (
        *_tensor_linear(by_warp, sums, fold, of),
        TiledForm(
            _shares(by_thread, sums(register_tile.TILE), fold), lambda s, _: _cut_for_registers(*of(s)), tf32=False
        ),
        TiledForm((CudaRow(by_thread),), lambda s, _: _is_worth_a_meeting(*of(s)), tf32=False),
    )


def _is_worth_a_meeting(rows: int, columns: int, inner: int) -> bool:
    numbers = rows * columns
    return numbers * inner >= _WORTH_A_MEETING and _in_registers(rows, columns, inner, numbers)


def _tensor_linear(kernel: Kernel, sums: SumsOf, fold: Kernel, of: LengthsOf) -> tuple[TiledForm, ...]:
    return (
        TiledForm(_shares(kernel, sums(tensor_tile.TILE), fold), lambda s, _: _cut_for_tensor_cores(*of(s)), tf32=True),
        TiledForm((CudaRow(kernel),), lambda s, _: _by_tensor_cores(*of(s)), tf32=True),
    )


def _shares(kernel: Kernel, sums: Sums, fold: Kernel) -> tuple[CudaRow, ...]:
    return SumsRow(kernel, sums=sums), NumberRow(fold, gathers=True)


def _lines(shape: Shape) -> int:
    return math.prod(shape[:-1])


def _of_forward(s: Sequence[Shape]) -> Lengths:
    """Of x (…, I), w (I, O), perhaps b (O), and y (…, O)."""
    return _lines(s[0]), s[1][1], s[1][0]


def _of_weight(s: Sequence[Shape]) -> Lengths:
    """Of x (…, I), dy (…, O) and dw (I, O)."""
    return s[0][-1], s[1][-1], _lines(s[0])


def _of_input(s: Sequence[Shape]) -> Lengths:
    """Of dy (…, O), w (I, O) and dx (…, I)."""
    return _lines(s[0]), s[1][0], s[1][1]


FORWARD: Final = _linear("forward", tiled_linear.forward_sums, tiled_linear.add_shares_bias, _of_forward)
FORWARD_WITHOUT_BIAS: Final = _linear(
    "forward_without_bias", tiled_linear.forward_sums, tiled_linear.add_shares, _of_forward
)
INPUT: Final = _linear("backward_input", tiled_linear.input_sums, tiled_linear.add_shares, _of_input)
#: In float32 never cut: its numbers are a processor's.
WEIGHT: Final = (
    *_tensor_linear(tiled_linear.TENSOR.backward_weight, tiled_linear.weight_sums, tiled_linear.add_shares, _of_weight),
    TiledForm(
        (CudaRow(tiled_linear.REGISTER.backward_weight),),
        lambda s, _: _in_registers(*_of_weight(s), math.prod(s[2])),
        tf32=False,
    ),
)


def _of_convolution(s: Sequence[Shape]) -> Lengths:
    """Of x (N, …, C), w (…, C, F), perhaps b, and y (N, …, F); or of dy, w (…, F, C), perhaps b, and dx."""
    return _lines(s[-1]), s[-1][-1], math.prod(s[1][:-1])


def _in_one_group(s: Sequence[Shape]) -> bool:
    return s[1][-2] == s[0][-1]


def _suits_tensor_cores(s: Sequence[Shape], integers: Sequence[int]) -> bool:
    return s[0][-1] >= _INNER and _by_tensor_cores(*_of_convolution(s)) and _in_one_group(s)


def _suits_registers(s: Sequence[Shape], integers: Sequence[int]) -> bool:
    return _is_worth_a_meeting(*_of_convolution(s)) and _in_one_group(s)


def _weight_suits_tensor_cores(s: Sequence[Shape], integers: Sequence[int]) -> bool:
    """Of x (N, …, C), dy (N, …, F) and sums (chunks, width)."""
    dy, sums = s[1], s[2]
    enough = dy[-2] >= _WIDTH and _by_tensor_cores(sums[1] // dy[-1], dy[-1], _lines(dy))
    return enough and integers[WINDOW.index("G")] == 1


def _weight_suits_registers(s: Sequence[Shape], integers: Sequence[int]) -> bool:
    """The same; each number is cut into shares, as it is without tiles."""
    dy, sums = s[1], s[2]
    numbers = convolved.weight_sums([math.prod(each) for each in s], integers)
    return _in_registers(sums[1] // dy[-1], dy[-1], _lines(dy), numbers) and integers[WINDOW.index("G")] == 1


def _weight(by_warp: Kernel, by_thread: Kernel) -> tuple[TiledForm, ...]:
    def rows(kernel: Kernel) -> tuple[CudaRow, ...]:
        return SumsRow(kernel, sums=convolved.weight_sums), CudaRow(convolution.weight_fold)

    return TiledForm(rows(by_warp), _weight_suits_tensor_cores, tf32=True), TiledForm(
        rows(by_thread), _weight_suits_registers, tf32=False
    )


def _whole(by_warp: Kernel, by_thread: Kernel) -> tuple[TiledForm, ...]:
    return TiledForm((CudaRow(by_warp),), _suits_tensor_cores, tf32=True), TiledForm(
        (CudaRow(by_thread),), _suits_registers, tf32=False
    )


def _gathered(by_warp: Kernel, by_thread: Kernel) -> tuple[TiledForm, ...]:
    """As `_whole`, of dx: its rows count lengths in one number, and longer ones have a thread for each number of dx."""

    def counted(form: TiledForm) -> TiledForm:
        return replace(form, suits=lambda s, integers: _can_count(s) and form.suits(s, integers))

    return tuple(map(counted, _whole(by_warp, by_thread)))


def _can_count(s: Sequence[Shape]) -> bool:
    """Of dy (N, …, F) and dx (N, …, C)."""
    return can_count(s[0][1:-1]) and can_count(s[-1][1:-1])


_PICTURES: Final = list(zip(convolved.TENSOR, convolved.REGISTER, strict=True))
_VOLUMES: Final = list(zip(convolved.TENSOR_VOLUMES, convolved.REGISTER_VOLUMES, strict=True))
#: Of convolutions of pictures and sequences, and of volumes.
CONVOLVED: Final = _whole(*_PICTURES[0])
CONVOLVED_WITHOUT_BIAS: Final = _whole(*_PICTURES[1])
CONVOLVED_WEIGHT: Final = _weight(*_PICTURES[2])
CONVOLVED_INPUT: Final = _gathered(*_PICTURES[3])
CONVOLVED_INPUT_BIAS: Final = _gathered(*_PICTURES[4])
VOLUME: Final = _whole(*_VOLUMES[0])
VOLUME_WITHOUT_BIAS: Final = _whole(*_VOLUMES[1])
VOLUME_WEIGHT: Final = _weight(*_VOLUMES[2])
VOLUME_INPUT: Final = _gathered(*_VOLUMES[3])
VOLUME_INPUT_BIAS: Final = _gathered(*_VOLUMES[4])
