"""The row that adds a vector for each position to a sequence; or to one step, at the position that the clock says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_STEP
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.operands import dimension, pointer, share, shifted
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


def _add(table: str, *, kept: bool) -> Operation:
    add = _add_kernel(kept)
    return Operation(
        name="x + vectors of positions",
        kernel=add,
        cuda=(CudaRow(add),),
        reads=("x", table),
        writes=("y",),
        reference=_reference,
        formula=f"y[n,t,c] = x[n,t,c] + {table}[t,c]",
        words="Attention treats a sequence as a set. The vectors tell it where in the sequence a step is.",
        element=_element,
        uses_clock=kept,
        torch="torch.add",
    )


def _reference(x: Array, table: Array, clock: Mapping[str, int] | None = None) -> Array:
    first = 0 if clock is None else clock["step"]
    return np.asarray(x + table[first : first + x.shape[1]])


def _element(at: tuple[int, ...], x: Named, table: Named, clock: Mapping[str, int] | None = None) -> Term:
    return x[at] + table[at[1] + (0 if clock is None else clock["step"]), at[2]]


def _add_kernel(kept: bool) -> Kernel:
    def add(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y[n,t,c] = x[n,t,c] + table[t,c], for x, y (N, T, C), table (T, C); or from row step on."""
        x, table, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        N, T, C = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2)
        first = clock[CLOCK_STEP] if kept else 0
        start, stop = share(row, part, N * T)
        for r in range(start, stop):
            X, W, Y = shifted(x, r * C), shifted(table, (first + r % T) * C), shifted(y, r * C)
            for c in range(C):
                Y[c] = X[c] + W[c]

    return Kernel(f"{__name__}:add{'_at_clock' if kept else ''}", add)


ADD_POSITIONS: Final = _add("weight", kept=False)
ADD_AT_CLOCK: Final = _add("table", kept=True)
