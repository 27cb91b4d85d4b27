"""Gather: copies one batch of the data set into memory."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_BATCH, CLOCK_OFFSET, CLOCK_ORDER, ROW_PARTS
from nnplay.kernels.arithmetic import quotient
from nnplay.kernels.compile.jit import COMPILING, inline, kernel
from nnplay.kernels.operands import dimension, flat, integer, long_integer
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term

if COMPILING:
    from nnplay.kernels.compile.intrinsics import integers_at, numbers_at

Array = NDArray[Any]


@kernel
def gather(row: Any, clock: Any, memory: Any, part: int) -> None:
    """x[n] = data_x[order[batch·size + offset + n]], y alike; x (N, …), y (N, …).

    Integers: addresses of data_x, data_y and order, and `size`, the rows of a full step.
    """
    x, y = flat(row, memory, 0), flat(row, memory, 1)
    N = dimension(row, 0, 0)
    features, targets = x.size // N, y.size // N
    all_x, all_y = numbers_at(long_integer(row, 0)), numbers_at(long_integer(row, 1))
    order = integers_at(long_integer(row, 2))
    first = clock[CLOCK_BATCH] * integer(row, 3) + clock[CLOCK_OFFSET]
    for n in range(N):
        source = order[first + n]
        for i in range(features):
            x[n * features + i] = all_x[source * features + i]
        for i in range(targets):
            y[n * targets + i] = all_y[source * targets + i]


@kernel
def gather_weights(row: Any, clock: Any, memory: Any, part: int) -> None:
    """weight[n] = weights[order[batch·size + offset + n]], for weight (N,).

    Integers: addresses of weights and order, and `size`, the rows of a full step.
    """
    weight = flat(row, memory, 0)
    weights, order = numbers_at(long_integer(row, 0)), integers_at(long_integer(row, 1))
    first = clock[CLOCK_BATCH] * integer(row, 2) + clock[CLOCK_OFFSET]
    for n in range(weight.size):
        weight[n] = weights[order[first + n]]


@inline
def order_of(clock: Any, address: int) -> Any:
    """The order at an address, or the one that the clock names where there is none: each of many runs has its own."""
    return integers_at(address if address != 0 else clock[CLOCK_ORDER])


@kernel
def gather_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `gather`, for x (N, …) and y (N, …): every parts-th number of both."""
    x, y = flat(row, memory, 0), flat(row, memory, 1)
    N = dimension(row, 0, 0)
    features, targets = quotient(x.size, N), quotient(y.size, N)
    all_x, all_y = numbers_at(long_integer(row, 0)), numbers_at(long_integer(row, 1))
    order = order_of(clock, long_integer(row, 2))
    first = clock[CLOCK_BATCH] * integer(row, 3) + clock[CLOCK_OFFSET]
    i = part
    while i < x.size:
        n = quotient(i, features)
        x[i] = all_x[order[first + n] * features + i - n * features]
        i += row[ROW_PARTS]
    i = part
    while i < y.size:
        n = quotient(i, targets)
        y[i] = all_y[order[first + n] * targets + i - n * targets]
        i += row[ROW_PARTS]


@kernel
def gather_weights_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `gather_weights`, for weight (N,): every parts-th number of it."""
    weight = flat(row, memory, 0)
    weights, order = numbers_at(long_integer(row, 0)), order_of(clock, long_integer(row, 1))
    first = clock[CLOCK_BATCH] * integer(row, 2) + clock[CLOCK_OFFSET]
    n = part
    while n < weight.size:
        weight[n] = weights[order[first + n]]
        n += row[ROW_PARTS]


@kernel
def gather_rows(row: Any, clock: Any, memory: Any, part: int) -> None:
    """x[n] = data[order[batch·size + offset + n]], for x (N, …).

    Integers: addresses of data and order, and `size`, the rows of a full step.
    """
    x = flat(row, memory, 0)
    N = dimension(row, 0, 0)
    features = x.size // N
    data, order = numbers_at(long_integer(row, 0)), integers_at(long_integer(row, 1))
    first = clock[CLOCK_BATCH] * integer(row, 2) + clock[CLOCK_OFFSET]
    for n in range(N):
        source = order[first + n]
        for i in range(features):
            x[n * features + i] = data[source * features + i]


@kernel
def gather_rows_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `gather_rows`, for x (N, …): every parts-th number of it."""
    x = flat(row, memory, 0)
    features = quotient(x.size, dimension(row, 0, 0))
    data, order = numbers_at(long_integer(row, 0)), order_of(clock, long_integer(row, 1))
    first = clock[CLOCK_BATCH] * integer(row, 2) + clock[CLOCK_OFFSET]
    i = part
    while i < x.size:
        n = quotient(i, features)
        x[i] = data[order[first + n] * features + i - n * features]
        i += row[ROW_PARTS]


def rows_of_batch(clock: Mapping[str, int], order: int, size: int, count: int) -> Array:
    """Numbers of the data rows in this batch, read from the order array at an address."""
    first = clock["batch"] * size + clock["offset"]
    values = np.ctypeslib.as_array((ctypes.c_int64 * (first + count)).from_address(order))
    return np.array(values[first:])


def _taken(address: int, chosen: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    width = int(np.prod(shape[1:]))
    count = (int(chosen.max()) + 1) * width
    kind = ctypes.c_float if dtype == np.float32 else ctypes.c_double
    values = np.ctypeslib.as_array((kind * count).from_address(address)).reshape(-1, width)
    return np.array(values[chosen]).reshape(shape)


def reference(
    clock: Mapping[str, int],
    shapes: tuple[tuple[int, ...], ...],
    dtype: np.dtype[Any],
    x: int,
    y: int,
    order: int,
    size: int,
) -> tuple[Array, Array]:
    chosen = rows_of_batch(clock, order, size, shapes[0][0])
    return _taken(x, chosen, shapes[0], dtype), _taken(y, chosen, shapes[1], dtype)


def weights_reference(
    clock: Mapping[str, int],
    shapes: tuple[tuple[int, ...], ...],
    dtype: np.dtype[Any],
    weights: int,
    order: int,
    size: int,
) -> Array:
    return _taken(weights, rows_of_batch(clock, order, size, shapes[0][0]), shapes[0], dtype)


def rows_reference(
    clock: Mapping[str, int],
    shapes: tuple[tuple[int, ...], ...],
    dtype: np.dtype[Any],
    order: int,
    size: int,
    **data: int,
) -> Array:
    (address,) = data.values()
    return _taken(address, rows_of_batch(clock, order, size, shapes[0][0]), shapes[0], dtype)


def _element(source: str) -> Callable[..., Term]:
    """One number of a batch, named by its place in the training part, whose rows are shuffled."""

    def work_out(at: Any, batch: Named, clock: Mapping[str, int], order: int, size: int, **_addresses: int) -> Term:
        row = int(rows_of_batch(clock, order, size, at[0] + 1)[-1])
        term = batch[at]
        return Term(term.value, f"{source}[{','.join(map(str, (row, *at[1:])))}]", term.numbers)

    return work_out


GATHER = Operation(
    name="next batch",
    kernel=gather,
    cuda=(CudaRow(gather_cuda),),
    reads=(),
    writes=("input", "target"),
    reference=reference,
    formula="x[n] = data[order[batch·size + n]]",
    words="Copies the next rows of the shuffled training data. Every epoch visits each row once, in a new order.",
    element=_element("data"),
    integers=("x", "y", "order", "size"),
    uses_clock=True,
    torch="torch.utils.data.DataLoader",
)
GATHER_WEIGHTS = Operation(
    name="weights of the next batch",
    kernel=gather_weights,
    cuda=(CudaRow(gather_weights_cuda),),
    reads=(),
    writes=("weight",),
    reference=weights_reference,
    formula="weight[n] = weights[order[batch·size + n]]",
    words="Copies what each row of the batch counts in the loss.",
    element=_element("weights"),
    integers=("weights", "order", "size"),
    uses_clock=True,
    torch="torch.utils.data.DataLoader",
)


def _of_one(name: str, array: str, words: str) -> Operation:
    """The row that copies a batch of one array alone."""
    return Operation(
        name=name,
        kernel=gather_rows,
        cuda=(CudaRow(gather_rows_cuda),),
        reads=(),
        writes=(array,),
        reference=rows_reference,
        formula=f"{array}[n] = data[order[batch·size + n]]",
        words=words,
        element=_element("data" if array == "input" else "targets"),
        integers=("x" if array == "input" else "y", "order", "size"),
        uses_clock=True,
        torch="torch.utils.data.DataLoader",
    )


GATHER_INPUT: Final = _of_one("next rows", "input", "Copies the next rows of the shuffled training data.")
GATHER_TARGET: Final = _of_one("next targets", "target", "Copies the targets of the next rows.")
