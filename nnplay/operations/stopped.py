"""Where no gradient passes: rows that give zeros to an input that only decides where to look."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, part_of
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Term, as_term

Array = NDArray[Any]


@kernel
def stop(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx = 0, or dx as it is where a gradient is added to; x and dx (M,)."""
    dx = part_of(row, memory, 1, part)
    if not adds(row, 1):
        for i in range(dx.size):
            dx[i] = 0.0


@cache
def stopped(name: str) -> Operation:
    """The row that ends the way back to one input, as it is called: "x", "x1"."""
    return Operation(
        name="no gradient",
        kernel=stop,
        cuda=(CudaRow(stop),),
        reads=(name,),
        writes=(f"d{name}",),
        reference=np.zeros_like,
        formula=f"d{name} = 0",
        words="These numbers decide where to look; which boxes are taken has no slope.",
        element=_element,
        torch="x.detach()",
    )


def _element(at: Any, x: Any) -> Term:
    return as_term(0.0)
