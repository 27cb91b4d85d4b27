"""The way back through a norm whose statistics are kept: outside training they do not move with the batch."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, pointer, share, shifted, size
from nnplay.kernels.span_sums import last
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


def _element(at: tuple[int, ...], dy: Named, rstd: Named, weight: Named) -> Term:
    return dy[at] * rstd[at[-1]] * weight[at[-1]]


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = (x − mean)·rstd·weight + bias, so dx = dy·rstd·weight; dy, dx (R, C), rstd, weight (C)."""
    dy, rstd, weight, dx = (
        pointer(row, memory, 0),
        pointer(row, memory, 1),
        pointer(row, memory, 2),
        pointer(row, memory, 3),
    )
    C = last(row, 0)
    start, stop = share(row, part, size(row, 0) // C)
    add = adds(row, 3)
    for r in range(start, stop):
        dY, dX = shifted(dy, r * C), shifted(dx, r * C)
        for c in range(C):
            moved = dY[c] * rstd[c] * weight[c]
            dX[c] = dX[c] + moved if add else moved


KEPT_BACK = Operation(
    name="gradient of x, statistics kept",
    kernel=backward,
    cuda=(CudaRow(backward),),
    reads=("dy", "rstd", "weight"),
    writes=("dx",),
    reference=lambda dy, rstd, weight: dy * rstd * weight,
    formula="dx[…,c] = dy[…,c]·rstd[c]·weight[c]",
    words="Outside training a row moves neither mean nor deviation, so only its own distance from the mean counts.",
    element=_element,
    torch="autograd",
)
