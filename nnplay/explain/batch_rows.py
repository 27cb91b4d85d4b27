"""Which rows of a batch made a number: a sum over the batch worked out for each row alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.explain.explanation import listed, signed
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.operand_copies import Frame, Touched, frame_of
from nnplay.operations.step.gather import rows_of_batch
from nnplay.records.operation import BATCH
from nnplay.records.worked import values_of
from nnplay.tape.memory_layout import Slot
from nnplay.text import plural

Array = NDArray[Any]
#: Numbers that may take part in what is divided; more would keep the training waiting.
_MOST_NUMBERS: Final = 200_000
_NAMED: Final = 2


def divide_among_rows(inspector: Inspector, number: int, index: tuple[int, ...]) -> Array | None:
    """What each row of the batch gives to one element of a row's result (N,), where that is a sum over the batch.

    None where the row reads nothing of single rows, or where working it out would take long.
    """
    frame = frame_of(inspector, number, "", ())
    everything = frame.reads | frame.before
    single = [name for name, slot in frame.slots.items() if name in everything and _by_row(slot)]
    if not frame.row.operation.reads:
        return None
    if not single:
        return _divide_source(inspector, frame, index)
    reads = {name: everything[name] for name in frame.row.operation.reads}
    written = np.zeros_like(frame.before[frame.row.operation.writes[0]])

    def of_row(n: int, touched: Touched | None = None) -> Any:
        alone = {
            name: np.ascontiguousarray(values[n : n + 1]) if name in single else values
            for name, values in reads.items()
        }
        return inspector.work_out_element(number, index, alone, written, "", touched)

    of_row(0, touched := Touched())
    if inspector.n * sum(map(len, touched.values())) > _MOST_NUMBERS:
        return None
    return np.array(values_of(of_row(n) for n in range(inspector.n)))


def _divide_source(inspector: Inspector, frame: Frame, index: tuple[int, ...]) -> Array | None:
    """The same for an element that is a sum of numbers that a row before it has made of the batch: partial sums."""
    _, touched = frame.work_out(inspector, index)
    used = {name: places for name, places in touched.items() if len(places)}
    if len(used) != 1:
        return None
    ((name, places),) = used.items()
    values, slot = frame.reads[name] if name in frame.reads else frame.before[name], frame.slots[name]
    result = float(frame.after[frame.row.operation.writes[0]][index])
    made = [k for k in range(frame.number) if inspector.rows[k].writes[0] is slot]
    if not made or not np.isclose(values[tuple(places.T)].sum(dtype=np.float64), result, rtol=1e-4):
        return None
    found = [divide_among_rows(inspector, made[-1], tuple(place)) for place in places.tolist()]
    known = [each for each in found if each is not None]
    return np.sum(known, axis=0) if len(known) == len(found) else None


def _by_row(slot: Slot) -> bool:
    return bool(slot.shape) and slot.shape[0] == BATCH


def source_rows(inspector: Inspector) -> NDArray[np.int64]:
    """Numbers of the training rows in the batch (N,)."""
    given = inspector.given(0)
    return np.asarray(rows_of_batch(given["clock"], given["order"], given["size"], inspector.n))


def largest_rows(shares: Array) -> list[int]:
    """The rows that gave most; none that gave nothing, unless all did."""
    found: list[int] = np.argsort(-np.abs(shares), kind="stable")[:_NAMED].tolist()
    return [n for n in found if shares[n] != 0] or found


def describe_rows(shares: Array, show: Callable[[float], str] = signed) -> str:
    """The rows that gave most, in words: "rows 4 (+0.031) and 17 (+0.015)"."""
    named = [f"{n:,} ({show(float(shares[n]))})" for n in largest_rows(shares)]
    return f"{plural(len(named), 'row')} {listed(named)}"
