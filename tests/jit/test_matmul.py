"""Matrix products against NumPy: ragged sizes, strides, adding, untouched neighbours, same bits however divided."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pytest

from nnplay.kernels.abi import OPERAND_WIDTH, ROW_INTEGERS, ROW_OPERANDS
from nnplay.kernels.compile import library
from nnplay.kernels.compile.jit import Kernel, kernel
from nnplay.kernels.matmul import product, product_bias, product_transposed
from nnplay.kernels.operands import integer, pointer

GUARD = -12345.0


@kernel
def plain(row: Any, clock: Any, memory: Any, part: int) -> None:
    a, b, c = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    add = integer(row, 7) != 0
    a_row, a_column, b_row, c_row = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    product(a, a_row, a_column, b, b_row, c, c_row, integer(row, 4), integer(row, 5), integer(row, 6), add)


@kernel
def with_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    a, b, c, bias = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    a_row, a_column, b_row, c_row = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    product_bias(a, a_row, a_column, b, b_row, c, c_row, bias, integer(row, 4), integer(row, 5), integer(row, 6))


@kernel
def transposed(row: Any, clock: Any, memory: Any, part: int) -> None:
    a, b, c = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    add = integer(row, 7) != 0
    a_row, a_column, b_column, c_row = integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3)
    product_transposed(
        a, a_row, a_column, b, b_column, c, c_row, integer(row, 4), integer(row, 5), integer(row, 6), add
    )


@functools.cache
def compile_at_once(dtype: str) -> None:
    """All three in one batch: a process for each would compile longer."""
    library.compile_missing((plain, with_bias, transposed), dtype)


def run(
    function: Kernel, a: Any, b: Any, c: Any, rows: int, columns: int, inner: int,
    strides: tuple[int, int, int, int], add: bool = False, bias: Any = None,
) -> Any:  # fmt: skip
    """`c` after the kernel; each operand stands between guard cells, which must stay as they are."""
    compile_at_once(str(c.dtype))
    operands = [np.ravel(part) for part in (a, b, c, np.zeros(1) if bias is None else bias)]
    gap = np.full(67, GUARD)
    memory = np.concatenate([piece for part in operands for piece in (gap, part)] + [gap]).astype(c.dtype)
    row = np.zeros(ROW_OPERANDS + 4 * OPERAND_WIDTH, np.int64)
    row[ROW_INTEGERS : ROW_INTEGERS + 8] = [*strides, rows, columns, inner, add]
    at = 67
    places = []
    for k, part in enumerate(operands):
        row[ROW_OPERANDS + k * OPERAND_WIDTH] = at
        places.append(slice(at, at + part.size))
        at += part.size + 67
    before = memory.copy()
    library.function(function, str(c.dtype))(row.ctypes.data, 0, memory.ctypes.data, 0)
    result = memory[places[2]].copy()
    memory[places[2]] = before[places[2]]
    np.testing.assert_array_equal(memory, before, err_msg="something beside C was written")
    return result.reshape(c.shape)


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def check(got: Any, want: Any, inner: int) -> None:
    """Within the rounding error that `inner` additions may have."""
    tolerance = 4 * (inner + 4) * np.finfo(got.dtype).eps
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


SMALL = list(itertools.product((1, 2, 5, 8, 13, 25), (1, 3, 8, 10, 16, 17, 31, 33, 65), (0, 1, 2, 7, 16, 33)))
LARGE = [
    (64, 784, 10),
    (100, 100, 100),
    (97, 40, 260),
    (250, 70, 600),
    (300, 130, 257),
    (65, 513, 529),
    (49, 200, 1030),
    (520, 260, 510),
]
#: Products in float64 are tried quickly by the derivatives of all layers (`test_layers.py`).
both_types = pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])


@both_types
@pytest.mark.parametrize(
    "sizes", [SMALL[::5] + LARGE, pytest.param(SMALL, marks=pytest.mark.slow)], ids=["some", "all"]
)
@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("form", ["plain", "left transposed", "right transposed", "bias"])
def test_ragged_sizes(form: str, add: bool, sizes: list[tuple[int, int, int]], dtype: str) -> None:
    """Every form gives NumPy's product, whatever is left over at the tile's edges, and writes nothing else."""
    for rows, columns, inner in sizes:
        a, b, c = numbers((rows, inner), dtype), numbers((inner, columns), dtype, 1), numbers((rows, columns), dtype, 2)
        want = a.astype(np.float64) @ b.astype(np.float64) + (c if add and form != "bias" else 0.0)
        shape = (rows, columns, inner)
        if form == "plain":
            got = run(plain, a, b, c, *shape, (inner, 1, columns, columns), add)
        elif form == "left transposed":
            got = run(plain, a.T, b, c, *shape, (1, rows, columns, columns), add)
        elif form == "right transposed":
            got = run(transposed, a, b.T, c, *shape, (inner, 1, inner, columns), add)
        else:
            bias = numbers((columns,), dtype, 3)
            got, want = run(with_bias, a, b, c, *shape, (inner, 1, columns, columns), bias=bias), want + bias
        check(got, want, inner)


@both_types
@pytest.mark.parametrize("size", [(9, 20, 7), (200, 70, 300)])
def test_strides_leave_gaps_alone(size: tuple[int, int, int], dtype: str) -> None:
    """Rows that stand apart in memory are read and written in place; what lies between them stays."""
    rows, columns, inner = size
    a, b, c = (
        numbers((rows, inner + 3), dtype),
        numbers((inner, columns + 5), dtype),
        numbers((rows, columns + 2), dtype),
    )
    got = run(plain, a, b, c, *size, (inner + 3, 1, columns + 5, columns + 2))
    check(got[:, :columns], a[:, :inner].astype(float) @ b[:, :columns].astype(float), inner)
    np.testing.assert_array_equal(got[:, columns:], c[:, columns:])


@both_types
def test_overlapping_rows_of_the_left_side(dtype: str) -> None:
    """Rows of A may overlap, as the windows of a convolution do."""
    a, b, c = numbers((1, 64), dtype), numbers((9, 20), dtype), numbers((18, 20), dtype)
    windows = np.lib.stride_tricks.sliding_window_view(a[0], 9)[::3][:18]
    check(run(plain, a, b, c, 18, 20, 9, (3, 1, 20, 20)), windows.astype(float) @ b.astype(float), 9)


@both_types
@pytest.mark.parametrize("function", [plain, transposed])
@pytest.mark.parametrize("size", [(40, 90, 30), (260, 180, 700)])
def test_bits_do_not_depend_on_the_division(function: Kernel, size: tuple[int, int, int], dtype: str) -> None:
    """A product done in parts, cut anywhere by rows or by columns, has the bits of the whole."""
    rows, columns, inner = size
    a, b, c = numbers((rows, inner), dtype), numbers((inner, columns), dtype), numbers((rows, columns), dtype)
    right = b if function is plain else b.T.copy()
    b_stride = columns if function is plain else inner
    whole = run(function, a, right, c, *size, (inner, 1, b_stride, columns), True)
    for cut in (1, 7, 16, 33):
        above = run(function, a[:cut], right, c[:cut], cut, columns, inner, (inner, 1, b_stride, columns), True)
        np.testing.assert_array_equal(above, whole[:cut])
        piece = b[:, cut:].copy() if function is plain else b.T[cut:].copy()
        stride = columns - cut if function is plain else inner
        aside = run(
            function, a, piece, c[:, cut:].copy(), rows, columns - cut, inner, (inner, 1, stride, columns - cut), True
        )
        np.testing.assert_array_equal(aside, whole[:, cut:])


@both_types
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("size", [(5, 18, 9), (200, 70, 300)])
def test_what_is_not_finite_shows(bad: float, size: tuple[int, int, int], dtype: str) -> None:
    """A NaN or infinity in A makes its row of C non-finite and no other; one in B its column."""
    rows, columns, inner = size
    a, b, c = numbers((rows, inner), dtype), numbers((inner, columns), dtype), numbers((rows, columns), dtype)
    a[rows - 1, inner - 1] = bad
    b[0, columns - 1] = bad
    finite = np.isfinite(run(plain, a, b, c, *size, (inner, 1, columns, columns)))
    want = np.ones((rows, columns), bool)
    want[rows - 1] = want[:, columns - 1] = False
    np.testing.assert_array_equal(finite, want)
