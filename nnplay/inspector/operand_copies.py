"""Frames: copies of all operands of one row, so that scrolling and choosing asks nothing of the machine again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.inspector.box_picture import has_picture
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import Statistics
from nnplay.inspector.tensor_tables import MAPS
from nnplay.records.worked import Term
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Row

Array = NDArray[Any]
Touched = dict[str, NDArray[np.int64]]
BINS: Final = 32


@dataclass(slots=True)
class Frame:
    """One row of one step.

    Attributes:
        row: with its `number`; `n` rows in the batch.
        parameter: the one that is shown, in a row that works on all of them, out of `parameters`.
        slots: places of the operands by name.
        numbers: of operands that are vectors over many tensors, the places (k,) that are no padding.
        reads: what is read only.
        before, after: what is written, before and after the row has run.
        seen: the batch that the step has read, for rows whose maps or boxes are read by what is there.
    """

    row: Row
    number: int
    n: int
    parameter: str
    parameters: tuple[str, ...]
    slots: dict[str, Slot]
    reads: dict[str, Array]
    before: dict[str, Array]
    after: dict[str, Array]
    seen: Array | None
    numbers: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    _statistics: dict[str, Statistics] = field(default_factory=dict)
    _term: tuple[tuple[int, ...], Term, Touched] | None = None

    @property
    def values(self) -> dict[str, Array]:
        """Every operand as it is after the row has run."""
        return self.reads | self.after

    def shown(self, name: str) -> Array:
        """An operand as it is after the row has run, without padding."""
        values = self.values[name]
        return values[self.numbers[name]] if name in self.numbers else values

    def shape(self, name: str) -> tuple[int, ...]:
        """Of an operand, without padding."""
        return self.numbers[name].shape if name in self.numbers else self.slots[name].at(self.n)

    def work_out(self, inspector: Inspector, index: tuple[int, ...]) -> tuple[Term, Touched]:
        """An element of the result worked out, and which elements took part; the last one is kept.

        Raises:
            InputError: the index is not in the result.
        """
        if self._term is None or self._term[0] != index:
            operation, touched = self.row.operation, Touched()
            everything = self.reads | self.before
            reads = {name: everything[name] for name in operation.reads}
            written = (self.before if reads else self.after)[operation.writes[0]]
            term = inspector.work_out_element(self.number, index, reads, written, self.parameter, touched)
            for name, places in self.numbers.items():
                if name in touched:
                    touched[name] = np.flatnonzero(np.isin(places, touched[name][:, 0]))[:, None]
            self._term = (index, term, touched)
        return self._term[1:]

    def statistics(self, name: str, histogram: bool) -> Statistics:
        """Of a whole operand; kept, as they cost a pass over it."""
        found = self._statistics.get(name)
        if found is None or (histogram and found.histogram is None):
            found = self._statistics[name] = statistics_of(self.shown(name), histogram)
        return found


def frame_of(inspector: Inspector, number: int, parameter: str, parameters: tuple[str, ...]) -> Frame:
    """Runs up to a row, copies what it reads, runs it, and copies what it has written."""
    row, slots = inspector.rows[number], inspector.slots(number, parameter)
    writes = row.operation.writes

    def copy_operands(names: tuple[str, ...]) -> dict[str, Array]:
        return {name: inspector.machine.view(slots[name], inspector.n).copy() for name in names}

    with inspector.pause_before(number):
        reads = copy_operands(tuple(name for name in row.operation.reads if name not in writes))
        before = copy_operands(writes)
        inspector.run_through(number)
        after = copy_operands(writes)
        seen = None
        if MAPS & slots.keys() or has_picture(row.operation):
            seen = inspector.machine.view(inspector.machine.tape.named["input"], inspector.n).copy()
    found = {name: inspector.numbers_of(slot) for name, slot in slots.items() if name in reads}
    numbers = {name: places for name, places in found.items() if places is not None}
    return Frame(row, number, inspector.n, parameter, parameters, slots, reads, before, after, seen, numbers)


def statistics_of(values: Array, histogram: bool) -> Statistics:
    """Statistics of a whole tensor, without a copy of it where all its numbers are finite."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    broken = 0
    if not np.isfinite(low + high):
        values = values[(finite := np.isfinite(values))]
        broken = int(finite.size - values.size)
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    mean = float(values.mean(dtype=np.float64)) if values.size else 0.0
    zeros = int(values.size - np.count_nonzero(values))
    counts = np.histogram(values, BINS, (low, high if high > low else low + 1.0))[0] if histogram else None
    return Statistics(low, high, mean, zeros, broken, int(values.size) + broken, counts)
