"""The whole Jacobian, line by line, where there are fewer residuals than weights: JJᵀ is the smaller matrix then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_OFFSET, ROW_PARTS
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import dimension, flat, integer, matrix, pointer, rows_of, size
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


@kernel
def collect(row: Any, clock: Any, memory: Any, part: int) -> None:
    """lines (R, M) and residuals (R,) ← J (N, M) and output − target of output k, from line k·rows + offset on."""
    J, p, t = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    lines, residuals = matrix(row, memory, 5), flat(row, memory, 6)
    k, K, rows = integer(row, 0), integer(row, 1), integer(row, 2)
    first = k * rows + clock[CLOCK_OFFSET]
    for n in range(J.shape[0]):
        residuals[first + n] = p[n * K + k] - t[n * K + k]
        for m in range(J.shape[1]):
            lines[first + n, m] = J[n, m]


@kernel
def collect_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `collect`: every parts-th number of J (N, M), and of the residuals (R,)."""
    J, p, t = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    lines, residuals = pointer(row, memory, 5), pointer(row, memory, 6)
    k, K, N, M = integer(row, 0), integer(row, 1), dimension(row, 0, 0), dimension(row, 0, 1)
    first = k * integer(row, 2) + clock[CLOCK_OFFSET]
    at = part
    while at < size(row, 0):
        lines[first * M + at] = J[at]
        if at < N:
            residuals[first + at] = p[at * K + k] - t[at * K + k]
        at += row[ROW_PARTS]


def _collected(
    jacobian: Array, p: Array, t: Array, lines: Array, residuals: Array, clock: Mapping[str, int], output: int,
    outputs: int, rows: int,
) -> tuple[Array, Array]:  # fmt: skip
    lines, residuals, first = lines.copy(), residuals.copy(), output * rows + clock["offset"]
    own = slice(first, first + len(jacobian))
    lines[own], residuals[own] = jacobian, (p - t.reshape(p.shape)).reshape(len(p), -1)[:, output]
    return lines, residuals


def _element(
    at: Any, jacobian: Named, p: Named, t: Named, lines: Named, residuals: Named, clock: Mapping[str, int],
    output: int, outputs: int, rows: int,
) -> Term:  # fmt: skip
    line = at[0] - output * rows - clock["offset"]
    return jacobian[line, at[1]] * 1.0 if 0 <= line < jacobian.shape[0] else lines[at] * 1.0


COLLECT = Operation(
    name="lines of J",
    kernel=collect,
    cuda=(CudaRow(collect_cuda),),
    reads=("jacobian", "output", "target", "lines", "residuals"),
    writes=("lines", "residuals"),
    reference=_collected,
    formula="lines[k·rows + n] = J[n];  r[k·rows + n] = output[n,k] − target[n,k]",
    words="There are fewer errors than weights, so the whole Jacobian is small, and JJᵀ smaller than JᵀJ.",
    element=_element,
    integers=("output", "outputs", "rows"),
    uses_clock=True,
    torch="torch.func.jacrev",
)
