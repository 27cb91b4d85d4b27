"""The first row of a step that tries a point: it puts that point into the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_OFFSET
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import flat
from nnplay.operations.search.report import FRESH, LOOKS
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


@kernel
def put_trial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w ← point + move, all (M,); w stays, and point ← w, at the first look and after w was changed from outside.

    Where a step takes its rows in blocks, only the first block does anything.
    """
    w, point, move, search = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2), flat(row, memory, 3)
    if clock[CLOCK_OFFSET] != 0:
        return
    changed = search[LOOKS] == 0.0
    for i in range(w.size):
        if w[i] != point[i]:
            changed = True
    search[FRESH] = 1.0 if changed else 0.0
    if changed:
        search[LOOKS] = 0.0
    for i in range(w.size):
        if changed:
            point[i] = w[i]
        else:
            w[i] = point[i] + move[i]


def _put(w: Array, point: Array, move: Array, search: Array, clock: Mapping[str, int]) -> tuple[Array, ...]:
    if clock["offset"] != 0:
        return w, point, search
    changed = bool(search[LOOKS] == 0 or (w != point).any())
    search = search.copy()
    search[FRESH] = changed
    search[LOOKS] = 0 if changed else search[LOOKS]
    return (w, w, search) if changed else (point + move, point, search)


def _element(at: Any, w: Named, point: Named, move: Named, search: Named, clock: Mapping[str, int]) -> Term:
    changed = bool(search.array[LOOKS] == 0 or (w.array != point.array).any())
    return w[at] * 1.0 if clock["offset"] != 0 or changed else point[at] + move[at]


TRIAL = Operation(
    name="try a point",
    kernel=put_trial,
    reads=("parameters", "point", "move", "search"),
    writes=("parameters", "point", "search"),
    reference=_put,
    formula="w ← point + move",
    words="Goes to the point that the step before has chosen. At the first look the parameters stay as they are.",
    element=_element,
    uses_clock=True,
    torch="set_param(x + t·d) within torch.optim.LBFGS",
)
