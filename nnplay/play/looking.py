"""From an inspector and a wish to what is shown of one row: windows of its operands, and one element worked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.inspector import Inspector
from nnplay.layout import STATE, Slot
from nnplay.play.inspection import Bars, Detail, OperandView, Statistics, Wish, Worked
from nnplay.play.planes import Plane, centred, plane_of
from nnplay.worked import Term

Array = NDArray[Any]
Touched = dict[str, list[tuple[int, ...]]]
Terms = dict[tuple[int, str, tuple[int, ...]], tuple[Term, Touched]]
BINS: Final = 32
_BATCHED: Final = ("batch", "activations", "deltas")
#: More marked cells than this say nothing when they are all that there are.
_ALL: Final = 16
_GATES: Final = {3: ("r", "z", "n"), 4: ("i", "f", "g", "o")}


class Looking:
    """Makes details; statistics of whole tensors are kept while the moment stays the same."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Statistics] = {}
        self._terms: Terms = {}
        self._moment: Any = None

    def detail(self, inspector: Inspector, wish: Wish) -> Detail:
        """The row under the cursor as the wish wants it."""
        moment = (inspector.moment, inspector.overrides)
        if moment != self._moment:
            self._kept.clear()
            self._terms.clear()
            self._moment = moment
        number = min(max(0, inspector.at if wish.row is None else wish.row), len(inspector.rows) - 1)
        parameters = tuple(inspector.spans_parameters(number))
        parameter = wish.parameter if wish.parameter in parameters else (parameters[0] if parameters else "")
        return _Look(self._kept, self._terms, inspector, wish, number, parameter, parameters).detail()


class _Look:
    def __init__(
        self,
        kept: dict[tuple[Any, ...], Statistics],
        terms: Terms,
        inspector: Inspector,
        wish: Wish,
        number: int,
        parameter: str,
        parameters: tuple[str, ...],
    ) -> None:
        self.kept, self.terms, self.inspector, self.wish, self.number = kept, terms, inspector, wish, number
        self.parameter, self.parameters = parameter, parameters
        self.row = inspector.rows[number]
        self.slots = inspector.slots(number, parameter)
        self.writes = self.row.operation.writes
        self.shape = self.slots[self.writes[0]].at(inspector.n)
        self.index = _fitted(wish.index, self.shape)

    def detail(self) -> Detail:
        """Runs up to the row, looks, runs it, looks again."""
        inspector, problem, worked = self.inspector, "", None
        touched: Touched = {}
        with inspector.standing(self.number):
            before_value = self.at_index()
            try:
                term = self.worked(touched)
            except InputError as error:
                problem = error.message
            planes = {name: self.plane(name, slot, touched) for name, slot in self.slots.items()}
            reads = {name: self.read(name, planes[name], touched) for name in self.reads}
            before = {name: self.window(name, planes[name], touched)[2] for name in self.writes}
            inspector.run_to(self.number + 1)
            written = {name: self.written(name, planes[name], before[name], touched) for name in self.writes}
            bars = self.bars()
            if not problem:
                name = self.writes[0]
                worked = Worked(name, self.index, term.symbols, term.numbers, term.value, self.at_index(), before_value)
        operands = tuple(reads.values()) + tuple(view for name, view in written.items() if name != "checks")
        return Detail(inspector.view(self.number), operands, worked, self.parameters, self.parameter, bars, problem)

    def worked(self, touched: Touched) -> Term:
        """The chosen element worked out; the last one is kept, as a scrolling table asks for it again."""
        key = (self.number, self.parameter, self.index)
        found = self.terms.get(key)
        if found is None:
            self.terms.clear()
            term = self.inspector.element_here(self.number, self.index, self.parameter, touched)
            found = self.terms[key] = (term, dict(touched))
        touched |= found[1]
        return found[0]

    @property
    def reads(self) -> list[str]:
        """Operands that are read only."""
        return [name for name in self.row.operation.reads if name not in self.writes]

    def values(self, name: str) -> Array:
        """A live view of an operand."""
        return self.inspector.machine.view(self.slots[name], self.inspector.n)

    def at_index(self) -> float:
        """The chosen element, as it is now."""
        return float(self.values(self.writes[0])[self.index])

    # -- tables ----------------------------------------------------------------------------------------------------

    def plane(self, name: str, slot: Slot, touched: Touched) -> Plane:
        """How an operand is laid out: around the elements that take part, or in step with the result."""
        shape = slot.at(self.inspector.n)
        found = touched.get(name)
        index = found[0] if found else self.index if shape == self.shape else self.aligned(slot, shape)
        batch = slot.region in _BATCHED and len(slot.shape) > 0 and slot.shape[0] == "N"
        every = len(shape) <= 2 if self.wish.every is None else self.wish.every
        return plane_of(shape, index, batch=batch, every=every)

    def aligned(self, slot: Slot, shape: tuple[int, ...]) -> tuple[int, ...]:
        """An element of an operand that stands where the chosen one stands in the result, as far as it can be said."""
        same_batch = slot.region in _BATCHED and bool(shape) and bool(self.shape) and shape[0] == self.shape[0]
        first = min(self.index[0], shape[0] - 1) if same_batch else 0
        return tuple(first if axis == 0 else 0 for axis in range(len(shape)))

    def window(self, name: str, plane: Plane, touched: Touched) -> tuple[int, int, Array]:
        """First line, first column and values of what is seen of an operand."""
        height, width = self.wish.room.get(name, self.wish.usual)
        line, column = self.middle(name, plane, touched)
        down, right = self.wish.scroll.get(name, (0, 0))
        top = max(0, min(centred(line, height, plane.height) + down, plane.height - height))
        left = max(0, min(centred(column, width, plane.width) + right, plane.width - width))
        return top, left, plane.window(self.values(name), top, left, height, width)

    def middle(self, name: str, plane: Plane, touched: Touched) -> tuple[int, int]:
        """The place that must be seen: the chosen element, or the middle of those that take part."""
        if plane.shape == self.shape and name in self.writes:
            return plane.place(self.index) or (0, 0)
        places = [place for index in touched.get(name, ()) if (place := plane.place(index))]
        if not places:
            return 0, 0
        lines, columns = zip(*places, strict=True)
        return (min(lines) + max(lines)) // 2, (min(columns) + max(columns)) // 2

    def read(self, name: str, plane: Plane, touched: Touched) -> OperandView:
        """An operand that the row reads."""
        top, left, values = self.window(name, plane, touched)
        mask = plane.mask(touched.get(name, ()), top, left, *values.shape)
        return self.view(name, plane, (top, left, values), None, mask, None)

    def written(self, name: str, plane: Plane, before: Array, touched: Touched) -> OperandView:
        """An operand that the row has written."""
        top, left, values = self.window(name, plane, touched)
        place = plane.place(self.index) if plane.shape == self.shape else None
        cursor = (place[0] - top, place[1] - left) if place else None
        mask = plane.mask((self.index,) if place else (), top, left, *values.shape)
        return self.view(name, plane, (top, left, values), before, mask, cursor if name == self.writes[0] else None)

    def view(
        self,
        name: str,
        plane: Plane,
        window: tuple[int, int, Array],
        before: Array | None,
        mask: NDArray[np.bool_],
        cursor: tuple[int, int] | None,
    ) -> OperandView:
        """An operand with what is seen of it."""
        top, left, values = window
        slot = self.slots[name]
        role = "written" if name in self.writes else "read"
        adds = role == "written" and self.row.adds[self.writes.index(name)]
        changes = adds or slot.region in STATE or name in self.row.operation.reads
        if mask.all() and mask.size > _ALL:
            mask = np.zeros_like(mask)  # where everything takes part, nothing needs a mark
        return OperandView(
            name, slot.name, role, adds, plane.shape, values, before if changes else None, top, left,
            plane.height, plane.width, _fixed_text(plane), mask, cursor, len(plane.shape) == 4, plane,
            self.statistics(name, role),
        )  # fmt: skip

    def statistics(self, name: str, role: str) -> Statistics:
        """Of the whole operand; kept, as they cost a pass over it."""
        key = (self.number, self.parameter, name, role)
        found = self.kept.get(key)
        if found is None or (self.wish.histograms and found.histogram is None):
            found = self.kept[key] = statistics_of(self.values(name), self.wish.histograms)
        return found

    # -- through time ----------------------------------------------------------------------------------------------

    def bars(self) -> tuple[Bars, ...]:
        """For rows that walk through time: the gates of one unit, and how large the gradient is at each step."""
        found: list[Bars] = []
        names = self.row.operation.writes
        if "gates" in names and "hidden" in names:
            gates, hidden = self.values("gates"), self.values("hidden")
            count = gates.shape[2] // hidden.shape[2]
            unit = self.index[2] % (gates.shape[2] // count)
            shown = gates[self.index[0], :, unit :: gates.shape[2] // count][:, :count]
            title = f"gates of unit {unit} in row {self.index[0]} by time step"
            found.append(Bars(title, _GATES.get(count, ("gate",) * count), np.array(shown, np.float64)))
        if "dstate" in names:
            size = np.sqrt((self.values("dstate").astype(np.float64) ** 2).mean(axis=(0, 2)))[:, None]
            found.append(Bars("size of the gradient by time step", ("|dstate|",), size))
        return tuple(found)


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


def _fitted(index: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index moved into the shape."""
    given = (*index, *(0,) * len(shape))[: len(shape)]
    return tuple(min(max(0, at), size - 1) for at, size in zip(given, shape, strict=True))


def _fixed_text(plane: Plane) -> str:
    names: Mapping[int, str] = {0: "row", 2: "in", 3: "channel"}
    return ", ".join(f"{names.get(axis, f'axis {axis}')} {at}" for axis, at in plane.fixed)
