"""Which rows multiply by the tensor cores of a graphics card, where a run asks for TF32, and when that is worth it.

Tensor cores multiply tiles of 16 rows and 32 columns, 8 numbers of the inner sum at a time: narrow products, and small
ones, stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.convolution.convolution import WINDOW
from nnplay.kernels.cuda import convolution, linear
from nnplay.kernels.cuda import tensor_convolution as pictures
from nnplay.kernels.cuda import tensor_linear as products
from nnplay.kernels.cuda import tensor_volumes as volumes
from nnplay.records.cuda_rows import NumberRow, SumsRow
from nnplay.records.operation import CudaRow, Shape, TensorForm

#: Rows and columns of a result, numbers of the inner sum, and multiply-adds of a product at the least.
_LINES: Final = 16
_INNER: Final = 8
_ENOUGH: Final = 1 << 16
#: Multiply-adds from which on a product may be cut into shares.
_LARGE: Final = 1 << 20
#: Numbers of a line of a convolution's result at the least: the gradient of its weights is a sum over lines.
_WIDTH: Final = 4

Sums = Callable[[Sequence[int], Sequence[int]], int]
Lengths = Callable[[Sequence[Shape]], tuple[int, int, int]]


def _is_worth_it(rows: int, columns: int, inner: int) -> bool:
    return min(rows, columns) >= _LINES and inner >= _INNER and rows * columns * inner >= _ENOUGH


def _linear(kernel: Kernel, sums: Sums, fold: Kernel, lengths: Lengths) -> tuple[TensorForm, ...]:
    """A product that is cut into shares where its result has few tiles.

    Args:
        lengths: from the shapes of operands, rows and columns of the result, and terms of the inner sum.
    """

    def suits(shapes: Sequence[Shape], integers: Sequence[int]) -> bool:
        return _is_worth_it(*lengths(shapes))

    def suits_shares(shapes: Sequence[Shape], integers: Sequence[int]) -> bool:
        large = math.prod(lengths(shapes)) >= _LARGE
        return large and suits(shapes, integers) and products.shares_of(*lengths(shapes)) > 1

    return TensorForm((SumsRow(kernel, sums=sums), NumberRow(fold, gathers=True)), suits_shares), TensorForm(
        (CudaRow(kernel),), suits
    )


def _lines(shape: Shape) -> int:
    return math.prod(shape[:-1])


#: Of x (…, I), w (I, O), perhaps b (O), and y (…, O); of x, dy and dw; of dy, w and dx.
FORWARD: Final = _linear(
    products.forward, products.forward_sums, linear.forward, lambda s: (_lines(s[0]), s[1][1], s[1][0])
)
FORWARD_WITHOUT_BIAS: Final = _linear(
    products.forward_without_bias,
    products.forward_sums,
    products.add_shares,
    lambda s: (_lines(s[0]), s[1][1], s[1][0]),
)
WEIGHT: Final = _linear(
    products.backward_weight, products.weight_sums, products.add_shares, lambda s: (s[0][-1], s[1][-1], _lines(s[0]))
)
INPUT: Final = _linear(
    products.backward_input, products.input_sums, products.add_shares, lambda s: (_lines(s[0]), s[1][0], s[1][1])
)


def _in_one_group(weight: Shape, channels: int) -> bool:
    return weight[-2] == channels


def _suits_forward(shapes: Sequence[Shape], integers: Sequence[int]) -> bool:
    """x (N, …, C), w (…, C, F), perhaps b, and y (N, …, F)."""
    x, weight, y = shapes[0], shapes[1], shapes[-1]
    enough = x[-1] >= _INNER and _is_worth_it(_lines(y), y[-1], math.prod(weight[:-1]))
    return enough and _in_one_group(weight, x[-1])


def _suits_weight(shapes: Sequence[Shape], integers: Sequence[int]) -> bool:
    """Of x (N, …, C), dy (N, …, F) and sums (chunks, width)."""
    dy, sums = shapes[1], shapes[2]
    enough = dy[-2] >= _WIDTH and _is_worth_it(sums[1] // dy[-1], dy[-1], _lines(dy))
    return enough and integers[WINDOW.index("G")] == 1


def _suits_input(shapes: Sequence[Shape], integers: Sequence[int]) -> bool:
    """Of dy (N, …, F), w (…, F, C), perhaps b, and dx (N, …, C)."""
    dy, weight, dx = shapes[0], shapes[1], shapes[-1]
    enough = dy[-1] >= _INNER and _is_worth_it(_lines(dx), dx[-1], math.prod(weight[:-1]))
    return enough and _in_one_group(weight, dy[-1])


def _weight(kernel: Kernel, sums: Sums) -> tuple[TensorForm, ...]:
    return (TensorForm((SumsRow(kernel, sums=sums), CudaRow(convolution.weight_fold)), _suits_weight),)


def _whole(kernel: Kernel, suits: Callable[[Sequence[Shape], Sequence[int]], bool]) -> tuple[TensorForm, ...]:
    return (TensorForm((CudaRow(kernel),), suits),)


#: Of convolutions of pictures and sequences, and of volumes.
CONVOLVED: Final = _whole(pictures.forward, _suits_forward)
CONVOLVED_WITHOUT_BIAS: Final = _whole(pictures.forward_without_bias, _suits_forward)
CONVOLVED_WEIGHT: Final = _weight(pictures.weight_partial, pictures.weight_sums)
CONVOLVED_INPUT: Final = _whole(pictures.input_gradient, _suits_input)
CONVOLVED_INPUT_BIAS: Final = _whole(pictures.input_gradient_bias, _suits_input)
VOLUME: Final = _whole(volumes.forward, _suits_forward)
VOLUME_WITHOUT_BIAS: Final = _whole(volumes.forward_without_bias, _suits_forward)
VOLUME_WEIGHT: Final = _weight(volumes.weight_partial, volumes.weight_sums)
VOLUME_INPUT: Final = _whole(volumes.input_gradient, _suits_input)
VOLUME_INPUT_BIAS: Final = _whole(volumes.input_gradient_bias, _suits_input)
