"""The gradient of a linear map's weights for each row apart: columns of the Jacobian."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import integer, pointer, ratio, rows_of
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


@kernel
def weight_by_row(row: Any, clock: Any, memory: Any, part: int) -> None:
    """J[n, first + i·O + o] = x[n,i]·dy[n,o], for x (N, I), dy (N, O), J (N, M)."""
    x, dy, J, first = rows_of(row, memory, 0), rows_of(row, memory, 1), rows_of(row, memory, 3), integer(row, 0)
    I, O = x.shape[1], dy.shape[1]
    for n in range(x.shape[0]):
        for i in range(I):
            for o in range(O):
                J[n, first + i * O + o] = x[n, i] * dy[n, o]


@kernel
def bias_by_row(row: Any, clock: Any, memory: Any, part: int) -> None:
    """J[n, first + o] = dy[n,o], for dy (N, O), J (N, M)."""
    dy, J, first = rows_of(row, memory, 0), rows_of(row, memory, 2), integer(row, 0)
    for n in range(dy.shape[0]):
        for o in range(dy.shape[1]):
            J[n, first + o] = dy[n, o]


@kernel
def weight_by_row_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `weight_by_row`: every parts-th number of those columns of J (N, M)."""
    X, dY, J, first = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 3), integer(row, 0)
    N, I = rows_of(row, memory, 0).shape
    O, M = rows_of(row, memory, 1).shape[1], rows_of(row, memory, 3).shape[1]
    at = part
    while at < N * I * O:
        line = ratio(at, O)
        n = ratio(line, I)
        J[n * M + first + at - n * I * O] = X[line] * dY[n * O + at - line * O]
        at += row[ROW_PARTS]


@kernel
def bias_by_row_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `bias_by_row`: every parts-th number of those columns of J (N, M)."""
    dY, J, first = pointer(row, memory, 0), pointer(row, memory, 2), integer(row, 0)
    N, O = rows_of(row, memory, 0).shape
    M = rows_of(row, memory, 2).shape[1]
    at = part
    while at < N * O:
        n = ratio(at, O)
        J[n * M + first + at - n * O] = dY[at]
        at += row[ROW_PARTS]


def _weight(x: Array, dy: Array, jacobian: Array, first: int) -> Array:
    made, count = jacobian.copy(), x.shape[1] * dy.shape[1]
    made[:, first : first + count] = (x[:, :, None] * dy[:, None, :]).reshape(len(x), count)
    return made


def _bias(dy: Array, jacobian: Array, first: int) -> Array:
    made = jacobian.copy()
    made[:, first : first + dy.shape[1]] = dy
    return made


def _weight_element(at: Any, x: Named, dy: Named, jacobian: Named, first: int) -> Term:
    (n, column), outputs = at, dy.shape[1]
    if not 0 <= column - first < x.shape[1] * outputs:
        return jacobian[n, column] * 1.0
    return x[n, (column - first) // outputs] * dy[n, (column - first) % outputs]


def _bias_element(at: Any, dy: Named, jacobian: Named, first: int) -> Term:
    n, column = at
    return dy[n, column - first] * 1.0 if 0 <= column - first < dy.shape[1] else jacobian[n, column] * 1.0


WEIGHT = Operation(
    name="Jacobian of weight",
    kernel=weight_by_row,
    cuda=(CudaRow(weight_by_row_cuda),),
    reads=("x", "dy", "jacobian"),
    writes=("jacobian",),
    reference=_weight,
    formula="J[n, (i,o)] = x[n,i]·dy[n,o]",
    words="How the answer for each row depends on each weight: its gradient, kept apart and not summed over the rows.",
    element=_weight_element,
    integers=("first",),
    torch="torch.func.jacrev",
)
BIAS = Operation(
    name="Jacobian of bias",
    kernel=bias_by_row,
    cuda=(CudaRow(bias_by_row_cuda),),
    reads=("dy", "jacobian"),
    writes=("jacobian",),
    reference=_bias,
    formula="J[n, o] = dy[n,o]",
    words="How the answer for each row depends on each bias.",
    element=_bias_element,
    integers=("first",),
    torch="torch.func.jacrev",
)
