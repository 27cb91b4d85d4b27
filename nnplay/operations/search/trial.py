"""The first row of a step that tries a point: it puts that point into the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_OFFSET
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import once, room
from nnplay.kernels.cuda.shares import shares_in, sums, total
from nnplay.kernels.operands import flat, part_of, pointer, size
from nnplay.operations.search.report import FRESH, LOOKS
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


@inline
def put(changed: bool, w: Any, point: Any, move: Any) -> None:
    """point ← w where that was changed, else w ← point + move, all (M,)."""
    for i in range(w.size):
        if changed:
            point[i] = w[i]
        else:
            w[i] = point[i] + move[i]


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
    put(changed, w, point, move)


@kernel
def differences_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[p] = how many of every parts-th number of w are not those of point, both (M,)."""
    w, point, shares = pointer(row, memory, 0), pointer(row, memory, 1), shares_in(row, 1)
    found, at = DTYPE(0.0), part
    while at < size(row, 0):
        found += DTYPE(1.0) if w[at] != point[at] else DTYPE(0.0)
        at += shares
    room(row, memory)[part] = found


@inline
def is_changed(row: Any, memory: Any) -> bool:
    """Whether this is the first look, or w was changed."""
    changed: bool = pointer(row, memory, 3)[LOOKS] == 0.0 or total(row, memory, 0, shares_in(row, 1)) != 0.0
    return changed


@kernel
def put_trial_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `put_trial`: every parts-th number of w and point (M,)."""
    w, point, move = part_of(row, memory, 0, part), part_of(row, memory, 1, part), part_of(row, memory, 2, part)
    if clock[CLOCK_OFFSET] != 0:
        return
    changed = is_changed(row, memory)
    put(changed, w, point, move)


@kernel
def note_change_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """What `put_trial` writes to search (S,)."""
    search = pointer(row, memory, 3)
    if clock[CLOCK_OFFSET] != 0:
        return
    changed = is_changed(row, memory)
    search[FRESH] = 1.0 if changed else 0.0
    if changed:
        search[LOOKS] = 0.0


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
    cuda=(CudaRow(differences_cuda, sums(0, 1)), CudaRow(put_trial_cuda), CudaRow(note_change_cuda, once)),
    reads=("parameters", "point", "move", "search"),
    writes=("parameters", "point", "search"),
    reference=_put,
    formula="w ← point + move",
    words="Goes to the point that the step before has chosen. At the first look the parameters stay as they are.",
    element=_element,
    uses_clock=True,
    torch="set_param(x + t·d) within torch.optim.LBFGS",
)
