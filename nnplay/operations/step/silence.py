"""Rows that hold a part of the network still: a unit that says nothing, and weights that stay as they are."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import integer, pointer, ratio, rows_of, share, size
from nnplay.kernels.span_sums import last
from nnplay.operations.copy import copy
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


@kernel
def silence(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[r, unit] ← 0, all units where unit is −1; y (R, C)."""
    y, unit = rows_of(row, memory, 1), integer(row, 0)
    start, stop = share(row, part, y.shape[0])
    for r in range(start, stop):
        if unit >= 0:
            y[r, unit] = 0.0
        else:
            for j in range(y.shape[1]):
                y[r, j] = 0.0


@kernel
def keep(row: Any, clock: Any, memory: Any, part: int) -> None:
    """kept ← parameter, both (R, C)."""
    source, target = rows_of(row, memory, 0), rows_of(row, memory, 1)
    start, stop = share(row, part, source.shape[0])
    for r in range(start, stop):
        for j in range(source.shape[1]):
            target[r, j] = source[r, j]


@kernel
def put_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """parameter[r, unit] ← kept[r, unit], all units where unit is −1; both (R, C)."""
    kept, target, unit = rows_of(row, memory, 0), rows_of(row, memory, 2), integer(row, 0)
    start, stop = share(row, part, kept.shape[0])
    for r in range(start, stop):
        for j in range(kept.shape[1]):
            if unit < 0 or unit == j:
                target[r, j] = kept[r, j]


@inline
def is_held(row: Any, at: int, width: int) -> bool:
    """Whether number `at` of (R, width) is one of the unit's, or all are."""
    unit = integer(row, 0)
    held: bool = unit < 0 or at - ratio(at, width) * width == unit
    return held


@kernel
def silence_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `silence`: every parts-th number of y (R, C)."""
    y, C, at = pointer(row, memory, 1), last(row, 1), part
    while at < size(row, 1):
        if is_held(row, at, C):
            y[at] = 0.0
        at += row[ROW_PARTS]


@kernel
def put_back_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `put_back`: every parts-th number of the parameter (R, C)."""
    kept, target, C, at = pointer(row, memory, 0), pointer(row, memory, 2), last(row, 2), part
    while at < size(row, 2):
        if is_held(row, at, C):
            target[at] = kept[at]
        at += row[ROW_PARTS]


def _silenced(y: Array, unit: int) -> Array:
    kept = y.copy()
    kept[..., unit if unit >= 0 else slice(None)] = 0
    return kept


def _silenced_element(at: tuple[int, ...], y: Named, unit: int) -> Term:
    return as_term(0.0) if unit in (-1, at[-1]) else y[at] * 1.0


def _held(kept: Array, parameter: Array, unit: int) -> Array:
    result = parameter.copy()
    columns = unit if unit >= 0 else slice(None)
    result[..., columns] = kept[..., columns]
    return result


SILENCE = Operation(
    name="silence",
    kernel=silence,
    cuda=(NumberRow(silence_cuda),),
    reads=("y",),
    writes=("y",),
    reference=_silenced,
    formula="y[…, unit] ← 0",
    words="You silenced this unit: whatever it computes, the next layer sees 0.",
    element=_silenced_element,
    integers=("unit",),
    torch="a forward hook that sets the unit to 0",
)
MASK_GRADIENT = Operation(
    name="silence the gradient",
    kernel=silence,
    cuda=(NumberRow(silence_cuda),),
    reads=("dy",),
    writes=("dy",),
    reference=_silenced,
    formula="dy[…, unit] ← 0",
    words="A silent unit had no part in the output, so it gets no gradient and passes none back.",
    element=_silenced_element,
    integers=("unit",),
    torch="a backward hook that sets the unit's gradient to 0",
)
KEEP = Operation(
    name="copy frozen weights",
    kernel=keep,
    cuda=(NumberRow(copy),),
    reads=("parameter",),
    writes=("kept",),
    reference=lambda parameter: parameter.copy(),
    formula="kept ← w",
    words="You froze these weights: they are copied before the optimizer changes them.",
    element=lambda at, parameter: parameter[at] * 1.0,
    torch="requires_grad_(False), or putting the weights back after the step",
)
PUT_BACK = Operation(
    name="restore frozen weights",
    kernel=put_back,
    cuda=(NumberRow(put_back_cuda),),
    reads=("kept", "parameter"),
    writes=("parameter",),
    reference=_held,
    formula="w[…, unit] ← kept[…, unit]",
    words="Whatever the optimizer did, frozen weights are back to what they were before this step.",
    element=lambda at, kept, parameter, unit: (kept if unit in (-1, at[-1]) else parameter)[at] * 1.0,
    integers=("unit",),
    torch="requires_grad_(False), or putting the weights back after the step",
)
