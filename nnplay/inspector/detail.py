"""From an inspector and a wish to what is shown of one row: windows of its operands, and one element worked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.inspector.box_picture import picture_boxes
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import Detail, OperandView, Wish, Worked
from nnplay.inspector.operand_copies import Frame, Touched, frame_of
from nnplay.inspector.tensor_tables import MAPS, Plane, centred, plane_of
from nnplay.inspector.window_patch import find_patch
from nnplay.records.time_charts import charts
from nnplay.tape.memory_layout import STATE, Slot
from nnplay.views.data_form import has_symbols
from nnplay.views.symbols import name_symbols

Array = NDArray[Any]
_BATCHED: Final = ("batch", "activations", "deltas")
#: More marked cells than this say nothing when they are all that there are.
_ALL: Final = 16


class Looking:
    """Makes details; the row that was looked at last is kept while the run stays where it is."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._key: Any = None

    def detail(self, inspector: Inspector, wish: Wish) -> Detail:
        """The row under the cursor as the wish wants it."""
        number = min(max(0, inspector.at if wish.row is None else wish.row), len(inspector.rows) - 1)
        parameters = tuple(inspector.spans_parameters(number))
        parameter = wish.parameter if wish.parameter in parameters else (parameters[0] if parameters else "")
        key = (inspector.stamp, inspector.overrides, number, parameter)
        if self._frame is None or key != self._key:
            self._frame, self._key = None, key
            self._frame = frame_of(inspector, number, parameter, parameters)
        return _Look(self._frame, inspector, wish).detail()

    def forget(self) -> None:
        """Lets the memory of the row go."""
        self._frame = None


class _Look:
    def __init__(self, frame: Frame, inspector: Inspector, wish: Wish) -> None:
        self.frame, self.inspector, self.wish = frame, inspector, wish
        self.row, self.writes = frame.row, frame.row.operation.writes
        self.shape = frame.after[self.writes[0]].shape
        self.index = _fitted(wish.index or self.beginning(), self.shape)

    def beginning(self) -> tuple[int, ...]:
        """The element that is looked at first: where a gradient travels back through time, it begins at the end."""
        timed = self.row.operation.timed
        if timed is None or not timed.gradients or len(self.shape) != 3:
            return ()
        return 0, self.shape[1] - 1, 0

    def detail(self) -> Detail:
        """Windows of all operands, the chosen element worked out, and charts by time step."""
        frame, name, problem, worked = self.frame, self.writes[0], "", None
        touched: Touched = {}
        try:
            term, touched = frame.work_out(self.inspector, self.index)
            result, before = (float(values[name][self.index]) for values in (frame.after, frame.before))
            worked = Worked(name, self.index, term.symbols, term.bare_numbers, term.value, result, before)
        except InputError as error:
            problem = error.message
        planes = {name: self.plane(name, slot, touched) for name, slot in frame.slots.items()}
        reads = tuple(self.read(name, planes[name], touched) for name in frame.reads)
        written = tuple(self.written(name, planes[name], touched) for name in self.writes if name != "finite_flags")
        found = charts(self.row.operation, frame.values, self.index)
        view = self.inspector.view(frame.number)
        patch = find_patch(self.row.operation, frame.values, self.index, touched)
        boxes = picture_boxes(
            self.inspector.trainer,
            self.row.operation,
            self.inspector.given(frame.number),
            frame.values,
            self.index,
            frame.seen,
        )
        return Detail(view, reads + written, worked, frame.parameters, frame.parameter, found, patch, boxes, problem)

    # -- tables ----------------------------------------------------------------------------------------------------

    def plane(self, name: str, slot: Slot, touched: Touched) -> Plane:
        """How an operand is laid out: around the elements that take part, or in step with the result."""
        shape = self.frame.shape(name)
        found = touched.get(name)
        same = self.index if shape == self.shape else self.aligned(slot, shape)
        index = tuple(found[0].tolist()) if found is not None and len(found) else same
        batch = slot.region in _BATCHED and len(slot.shape) > 0 and slot.shape[0] == "N"
        every = len(shape) <= 2 if self.wish.every is None else self.wish.every
        return plane_of(shape, index, batch=batch, every=every, maps=name in MAPS)

    def aligned(self, slot: Slot, shape: tuple[int, ...]) -> tuple[int, ...]:
        """An element of an operand that stands where the chosen one stands in the result, as far as it can be said."""
        same_batch = slot.region in _BATCHED and bool(shape) and bool(self.shape) and shape[0] == self.shape[0]
        first = min(self.index[0], shape[0] - 1) if same_batch else 0
        return tuple(first if axis == 0 else 0 for axis in range(len(shape)))

    def window(self, name: str, plane: Plane, touched: Touched) -> tuple[int, int, int, int]:
        """First line, first column, lines and columns of what is seen of an operand."""
        height, width = self.wish.room.get(name, self.wish.usual)
        line, column = self.middle(name, plane, touched)
        down, right = self.wish.scroll.get(name, (0, 0))
        top = max(0, min(centred(line, height, plane.height) + down, plane.height - height))
        left = max(0, min(centred(column, width, plane.width) + right, plane.width - width))
        return top, left, height, width

    def middle(self, name: str, plane: Plane, touched: Touched) -> tuple[int, int]:
        """The place that must be seen: the chosen element, or the middle of those that take part."""
        if plane.shape == self.shape and name in self.writes:
            return plane.place(self.index) or (0, 0)
        if name not in touched:
            return 0, 0
        lines, columns = plane.places(touched[name])
        if not len(lines):
            return 0, 0
        return int(lines.min() + lines.max()) // 2, int(columns.min() + columns.max()) // 2

    def read(self, name: str, plane: Plane, touched: Touched) -> OperandView:
        """An operand that the row reads."""
        top, left, height, width = self.window(name, plane, touched)
        values = plane.window(self.frame.shown(name), top, left, height, width)
        mask = plane.mask(touched.get(name, self.nothing(plane)), top, left, *values.shape)
        return self.view(name, plane, (top, left, values), None, mask, None)

    def written(self, name: str, plane: Plane, touched: Touched) -> OperandView:
        """An operand that the row has written."""
        top, left, height, width = self.window(name, plane, touched)
        values, before = (
            plane.window(frame[name], top, left, height, width) for frame in (self.frame.after, self.frame.before)
        )
        place = plane.place(self.index) if plane.shape == self.shape else None
        cursor = (place[0] - top, place[1] - left) if place else None
        here = np.array([self.index], np.int64) if place else self.nothing(plane)
        mask = plane.mask(here.reshape(-1, len(plane.shape)), top, left, *values.shape)
        return self.view(name, plane, (top, left, values), before, mask, cursor if name == self.writes[0] else None)

    @staticmethod
    def nothing(plane: Plane) -> NDArray[np.int64]:
        """No element of a tensor."""
        return np.zeros((0, len(plane.shape)), np.int64)

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
        slot = self.frame.slots[name]
        role = "written" if name in self.writes else "read"
        adds = role == "written" and self.row.adds[self.writes.index(name)]
        changes = adds or slot.region in STATE or name in self.row.operation.reads
        if mask.all() and mask.size > _ALL:
            mask = np.zeros_like(mask)  # where everything takes part, nothing needs a mark
        asks, asked = self.tokens(plane) if name in MAPS else ((), ())
        lines, columns = values.shape
        return OperandView(
            name, slot.name, role, adds, plane.shape, values, before if changes else None, top, left,
            plane.height, plane.width, _fixed_text(plane, name), mask, cursor, len(plane.shape) >= 4, plane,
            self.frame.statistics(name, self.wish.histograms), asks[top : top + lines], asked[left : left + columns],
        )  # fmt: skip

    def tokens(self, plane: Plane) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What stands at each step that looks, and at each that is looked at, in the example whose map is shown.

        Empty where several examples are shown, where they have no symbols, and where a sequence is not the input's.
        """
        trainer, seen, row = self.inspector.trainer, self.frame.seen, dict(plane.fixed).get(0)
        if seen is None or row is None or not has_symbols(trainer):
            return (), ()
        names = name_symbols(seen[row], trainer.split.train)
        lines, columns = (names if len(names) == steps else () for steps in (plane.height, plane.width))
        return lines, columns


def _fitted(index: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index moved into the shape."""
    given = (*index, *(0,) * len(shape))[: len(shape)]
    return tuple(min(max(0, at), size - 1) for at, size in zip(given, shape, strict=True))


def _fixed_text(plane: Plane, name: str) -> str:
    rank = len(plane.shape)
    names: Mapping[int, str] = (
        {0: "row", 1: "head"} if name in MAPS else {0: "row", rank - 2: "in", rank - 1: "channel"}
    )
    return ", ".join(f"{names.get(axis, f'axis {axis}')} {at}" for axis, at in plane.fixed)
