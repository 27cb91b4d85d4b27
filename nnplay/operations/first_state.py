"""The state of a layer that only reads backwards: it has read the whole sequence at its first step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.operands import cube, dimension, matrix, pointer, ratio, share, size
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


@kernel
def first(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n] = hidden[n, 0]; hidden (N, T, H), y (N, H)."""
    hidden, y = cube(row, memory, 0), matrix(row, memory, 1)
    start, stop = share(row, part, y.shape[0])
    for n in range(start, stop):
        for j in range(y.shape[1]):
            y[n, j] = hidden[n, 0, j]


@kernel
def first_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n] = hidden[n, 0], so dhidden[n, 0] = dy[n], 0 elsewhere; dy (N, H), dhidden (N, T, H)."""
    dy, dhidden = matrix(row, memory, 0), cube(row, memory, 1)
    start, stop = share(row, part, dy.shape[0])
    for n in range(start, stop):
        for t in range(dhidden.shape[1]):
            for j in range(dy.shape[1]):
                dhidden[n, t, j] = dy[n, j] if t == 0 else 0.0


@kernel
def first_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `first`: every parts-th number of y (N, H)."""
    hidden, y, step = pointer(row, memory, 0), pointer(row, memory, 1), dimension(row, 1, 1)
    at = part
    while at < size(row, 1):
        n = ratio(at, step)
        y[at] = hidden[n * (dimension(row, 0, 1) - 1) * step + at]
        at += row[ROW_PARTS]


@kernel
def first_back_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `first_back`: every parts-th number of dhidden (N, T, H)."""
    dy, dhidden, H, T = pointer(row, memory, 0), pointer(row, memory, 1), dimension(row, 0, 1), dimension(row, 1, 1)
    at = part
    while at < size(row, 1):
        line = ratio(at, H)
        n = ratio(line, T)
        dhidden[at] = dy[n * H + at - line * H] if line == n * T else DTYPE(0.0)
        at += row[ROW_PARTS]


def _first_back(dy: Array, steps: int) -> Array:
    dhidden = np.zeros((len(dy), steps, dy.shape[1]), dy.dtype)
    dhidden[:, 0] = dy
    return dhidden


def _back_element(at: tuple[int, ...], dy: Named, steps: int) -> Term:
    n, t, j = at
    return dy[n, j] * 1.0 if t == 0 else as_term(0.0)


FIRST = Operation(
    name="last state",
    kernel=first,
    cuda=(CudaRow(first_cuda),),
    reads=("hidden",),
    writes=("y",),
    reference=lambda hidden: hidden[:, 0].copy(),
    formula="y[n] = hidden[n, 0]",
    words="The layer reads backwards, so the state that has seen every step is the one at step 0.",
    element=lambda at, hidden: hidden[at[0], 0, at[1]] * 1.0,
    torch="h_n of the backward direction",
)
FIRST_BACK = Operation(
    name="gradient of the last state",
    kernel=first_back,
    cuda=(NumberRow(first_back_cuda, gathers=True),),
    reads=("dy",),
    writes=("dhidden",),
    reference=_first_back,
    formula="dhidden[n, 0] = dy[n], 0 at other steps",
    words="Only the state at step 0 was used, so only it gets a gradient; going back through time reaches the rest.",
    element=_back_element,
    integers=("steps",),
    torch="autograd",
)
