"""One training step, row by row: what each row reads and writes, in words and numbers.

The inspector borrows the machine's memory to run the first rows of the step as often as it is asked, and puts the state
back each time: between two questions the trainer always stands at the beginning of the step.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.arguments import kind_of
from nnplay.errors import DivergedError, InputError, NnplayError
from nnplay.inspector.partial_step import PartialStep
from nnplay.inspector.players import branch_of, player_of
from nnplay.inspector.row_view import Operand, RowView, describe
from nnplay.kernels import abi
from nnplay.records.worked import Named, Term, noting
from nnplay.tape.memory_layout import Slot
from nnplay.tape.override import Override
from nnplay.tape.tape import Row
from nnplay.timeline.branches import Branch, BranchLog
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer
from nnplay.training.whole_data import looks_at_all

__all__ = ["Inspector", "Operand", "RowView", "trace"]

Array = NDArray[Any]
#: What spans over all parameters are called in worked-out elements.
_SHORT = {"parameters": "w", "weights": "w", "gradients": "g", "weight gradients": "g"}


class Inspector(PartialStep):
    """Walks the trainer's present step row by row; `at` is the next row to run.

    The trainer moves only when a step is finished; to look at a row never changes it. Where a step takes several
    batches, its first one is shown, row by row; the others run unseen, before the first row that is run once a step.

    Args:
        trainer: at a step boundary, not running.
        timeline: the trainer's past; with it, steps that are already known are walked again without losing later ones.

    Attributes:
        left: the branch that keeps the later steps, once a step with overrides has led the run elsewhere.
    """

    def __init__(self, trainer: Trainer, timeline: Timeline | None = None) -> None:
        super().__init__()
        self._trainer, self.timeline = trainer, timeline
        self.left: Branch[BranchLog] | None = None
        self.begin()

    def begin(self) -> None:
        """Starts at the first row of the trainer's present step; needed after the trainer has moved."""
        machine = self.machine
        self.table = machine.current_batch
        self.n = self.table.n
        self.rows: list[Row] = machine.tape.train
        self.stamp = self._stamp()
        self.begin_again()
        self._spans = {id(slot) for slot in machine.tape.layout.spans}
        self._active = machine.active_rows()
        self.at = self._active[0][0]

    def renew(self) -> None:
        """After something was changed at this step: the marked row stays, if it is still there."""
        old, clock = self.rows[self.at], self.stamp[1]
        self.begin()
        if self.stamp[1] == clock:
            same = (k for k, row in enumerate(self.rows) if _alike(row, old))
            self.at = next(same, 0)

    def _stamp(self) -> tuple[Any, ...]:
        serial = self.timeline.serial if self.timeline is not None else 0
        return (id(self.trainer.machine), self.trainer.machine.clock, serial)

    @property
    def trainer(self) -> Trainer:
        """The one whose step is walked: the timeline's, which may change it on the way through the past."""
        return self._trainer if self.timeline is None else self.timeline.trainer

    @property
    def moved(self) -> bool:
        """Whether the trainer has been moved or changed since `begin`."""
        return self.stamp != self._stamp()

    @property
    def trained(self) -> list[str]:
        """Names of the parameters that the update rows change."""
        return list(dict.fromkeys(name for stage in self.machine.tape.stages for name in stage.gradients))

    # -- moving ----------------------------------------------------------------------------------------------------

    def next(self) -> int:
        """Runs one row; after the last one the step is finished and the next step begins. Returns the next row."""
        return self.to(self.at + 1)

    def previous(self) -> int:
        """Undoes one row; at the first one, the step before is shown after its last row, where it can be reached."""
        return self.to(max(0, self.at - 1))

    def to(self, row: int) -> int:
        """Makes `row` the next row to run, forwards or backwards within this step; the last row + 1 ends the step.

        Rows of objectives that sit this step out, or rest, are passed over.

        Raises:
            DivergedError: the step was ended and gave a number that is not finite.
        """
        row = self._running(row, backwards=row < self.at)
        if row >= len(self.rows):
            self.finish()
        else:
            self.at = row
        return self.at

    def phase_end(self) -> int:
        """Runs to the first row of the next phase."""
        phase = self.rows[self.at].phase, player_of(self, self.at)
        ahead = (k for k in range(self.at, len(self.rows)) if (self.rows[k].phase, player_of(self, k)) != phase)
        return self.to(next(ahead, len(self.rows)))

    def _running(self, row: int, *, backwards: bool) -> int:
        """A row, or where this step does not run it the nearest one that it runs; the last + 1 where none is left."""
        if self.runs(row):
            return row
        if backwards:
            return max((last - 1 for _, last in self._active if last <= row), default=self._active[0][0])
        return min((first for first, _ in self._active if first >= row), default=len(self.rows))

    def runs(self, number: int) -> bool:
        """Whether this step runs a row: no row of an objective that sits it out, no update of one that rests."""
        return any(first <= number < last for first, last in self._active)

    @property
    def sitting_out(self) -> tuple[str, ...]:
        """The objectives that are no part of this step."""
        named = zip(self.trainer.players.names, self.machine.tape.stages, strict=True)
        return tuple(name for name, stage in named if not self.runs(stage.rows.first))

    def finish(self) -> None:
        """Ends this step exactly as the running loop would, and begins the next.

        Where overrides lead the run elsewhere than it has been, the later steps stay as a branch: `left`.

        Raises:
            DivergedError: a number that is not finite.
            NnplayError: its kernels are still being compiled.
        """
        self.require_kernels()
        trainer, timeline = self.trainer, self.timeline
        if self.overrides:
            self._finish_overridden()
        elif timeline is not None and trainer.step < timeline.latest:
            timeline.go_to(trainer.step + 1)
        elif timeline is not None:
            timeline.advance(1)
        else:
            trainer.advance(1, record=trainer.step >= trainer.recorded)
        self.overrides = tuple(item for item in self.overrides if item.lasts)
        self.begin()

    def require_kernels(self) -> None:
        """Refuses what takes steps while kernels are compiled; rows are shown by their definitions until then.

        Raises:
            NnplayError: they are.
        """
        if (compiling := self.machine.awaited) is not None:
            raise NnplayError("steps can run once their kernels are compiled", hint=compiling.words)

    def leave(self) -> None:
        """Forgets overrides and position; the trainer stands at the beginning of the step."""
        self.overrides = ()
        self.begin()

    def override(self, *items: Override) -> None:
        """Adds overrides; a new one for the same place replaces the old one."""
        places = {(item.slot, item.at) for item in items}
        kept = [item for item in self.overrides if (item.slot, item.at) not in places]
        self.overrides = (*kept, *items)
        self.begin_again()

    def _finish_overridden(self) -> None:
        """Takes the step with overrides, and writes what came of it into the change log as a change of the state."""
        trainer, timeline = self.trainer, self.timeline
        with self.pause_before(len(self.rows)):
            state = self.machine.state().copy()
            named = self.machine.tape.named
            loss, norm = (float(self.machine.view(named[name])[0]) for name in ("loss", "norm"))
        if not np.isfinite(state).all():
            raise DivergedError("this step produces NaN or infinite values", hint="undo an edit")
        words = "; ".join(dict.fromkeys(item.words for item in self.overrides))
        words = f"step {trainer.step + 1:,} with {words}"
        if timeline is not None and trainer.step < timeline.latest:
            self.left = timeline.leave_later_steps(words)
        lr = trainer.lr
        advance = trainer.advance if timeline is None else timeline.advance
        advance(1, record=False)
        if trainer.step > trainer.recorded:
            for name, value in (("loss", loss), ("gradient_norm", norm), ("lr", lr)):
                trainer.history.extend(name, np.array([trainer.step]), np.array([value]))
            trainer.recorded = trainer.step
        if timeline is None:
            _put(trainer, state)
        else:
            timeline.make_change(words, functools.partial(_put, state=state))

    # -- looking ---------------------------------------------------------------------------------------------------

    def _row(self, number: int) -> Row:
        if not 0 <= number < len(self.rows):
            raise InputError(f"row {number} does not exist", where="step", hint=f"0 to {len(self.rows) - 1}")
        return self.rows[number]

    def view(self, number: int) -> RowView:
        """Row `number` in words.

        Raises:
            InputError: there is no such row.
        """
        return describe(
            self.machine.tape, self._row(number), number, self.n, player_of(self, number), branch_of(self, number)
        )

    def views(self) -> list[RowView]:
        """Every row of the step."""
        return [self.view(number) for number in range(len(self.rows))]

    def part(self, row: Row, slot: Slot, parameter: str) -> Slot:
        """Where a span over many parameters (gradients, optimizer state) holds one of them; other slots as they are."""
        if id(slot) not in self._spans or not parameter:
            return slot
        own = self.machine.tape.parameters[parameter]
        begin = own.offset - self._first_of(row)
        if begin < 0 or begin + own.size(1) > slot.size(1):
            raise InputError(f"this row does not use '{parameter}'", where="step")
        return Slot(f"{slot.name} of {parameter}", slot.region, own.shape, slot.offset + begin)

    def _first_of(self, row: Row) -> int:
        """Where the parameters begin that a row works on: its spans of gradients and state begin with the same one."""
        spans = (slot for slot in row.operands if slot.region == "parameters" and id(slot) in self._spans)
        stages = self.machine.tape.stages
        trains = (stage.named["parameters"] for stage in stages if row in self.rows[stage.rows.first : stage.rows.end])
        return next(spans, next(trains)).offset

    def numbers_of(self, slot: Slot) -> NDArray[np.int64] | None:
        """Places (k,) in a vector over many tensors that hold their numbers, and no padding; None for other slots."""
        return self.machine.tape.layout.numbers_of(slot) if id(slot) in self._spans else None

    def spans_parameters(self, number: int) -> list[str]:
        """The parameters that a row changes all at once, each by itself, or nothing if it is not such a row."""
        row = self._row(number)
        if id(row.writes[0]) not in self._spans or looks_at_all(self.trainer.optimizer):
            return []
        first, parameters = self._first_of(row), self.machine.tape.parameters
        end = first + row.writes[0].size(1)
        return [name for name in self.trained if first <= parameters[name].offset and _end(parameters[name]) <= end]

    def slots(self, number: int, parameter: str = "") -> dict[str, Slot]:
        """The operands' places by name, reads first; of `parameter` alone where the row works on all of them."""
        row = self._row(number)
        names = (*row.operation.reads, *row.operation.writes)
        return {name: self.part(row, slot, parameter) for name, slot in zip(names, row.operands, strict=True)}

    def values(self, number: int, parameter: str = "") -> dict[str, Array]:
        """Copies of a row's operands by name: what it reads, and what it writes after it has run."""
        slots = self.slots(number, parameter)
        reads = set(self.rows[number].operation.reads) - set(self.rows[number].operation.writes)
        with self.pause_before(number):
            found = {name: self.machine.view(slots[name], self.n).copy() for name in slots if name in reads}
            self.run_through(number)
            return {
                name: found[name] if name in found else self.machine.view(slot, self.n).copy()
                for name, slot in slots.items()
            }

    def before_and_after(self, number: int, parameter: str = "") -> tuple[dict[str, Array], dict[str, Array]]:
        """Copies of what the row writes, before and after it has run."""
        writes = self._row(number).operation.writes
        slots = {name: slot for name, slot in self.slots(number, parameter).items() if name in writes}
        with self.pause_before(number):
            before = {name: self.machine.view(slot, self.n).copy() for name, slot in slots.items()}
            self.run_through(number)
            after = {name: self.machine.view(slot, self.n).copy() for name, slot in slots.items()}
        return before, after

    def element(self, number: int, index: tuple[int, ...], parameter: str = "") -> Term:
        """One element of the row's first output, worked out from what the row reads.

        Args:
            parameter: the index is one of this parameter, in a row that works on all parameters at once.

        Raises:
            InputError: the index is not in the output.
        """
        row = self._row(number)
        with self.pause_before(number):
            reads = {
                name: self.machine.view(self.part(row, slot, parameter), self.n)
                for name, slot in zip(row.operation.reads, row.reads, strict=True)
            }
            if not reads:
                self.run_through(number)
            written = self.machine.view(self.part(row, row.writes[0], parameter), self.n)
            return self.work_out_element(number, index, reads, written, parameter)

    def given(self, number: int) -> dict[str, Any]:
        """The integers of a row by name, and the clock of this step where the row reads it."""
        operation, line = self.rows[number].operation, self.table.cells[number]
        given: dict[str, Any] = {name: int(line[abi.ROW_INTEGERS + k]) for k, name in enumerate(operation.integers)}
        if operation.uses_clock:
            with self.clock_of(number):
                given["clock"] = self.machine.clock_values
        return given

    def work_out_element(
        self,
        number: int,
        index: tuple[int, ...],
        reads: dict[str, Array],
        written: Array,
        parameter: str = "",
        touched: dict[str, NDArray[np.int64]] | None = None,
    ) -> Term:
        """One element of the first output from arrays that hold what the row reads.

        Args:
            reads: by the operation's names.
            written: the first output before the row has run; after it, for a row that reads nothing.
            touched: gets, for each operand that is read, the indices (k, rank) of the elements that take part.

        Raises:
            InputError: the index is not in the output.
        """
        row = self.rows[number]
        operation, shape = row.operation, written.shape
        if len(index) != len(shape) or any(not 0 <= k < size for k, size in zip(index, shape, strict=True)):
            raise InputError(f"{list(index)} is not in an output of shape {list(shape)}", where=operation.name)
        given = self.given(number)
        if not operation.reads:
            return operation.element(index, Named(operation.writes[0], written), **given)
        with noting() as addresses:
            named = [Named(_SHORT.get(name, name) if parameter else name, reads[name]) for name in operation.reads]
            term = operation.element(index, *named, **given)
        if touched is not None:
            touched |= {name: _elements(addresses, values) for name, values in reads.items()}
        return Named(operation.writes[0], written)[index] + term if row.adds[0] else term


def _elements(addresses: list[int], values: Array) -> NDArray[np.int64]:
    """Those addresses that are elements of an array, as indices (k, rank)."""
    places = (np.array(addresses, dtype=np.int64) - values.ctypes.data) // values.itemsize
    own = np.unique(places[(places >= 0) & (places < values.size)])
    return np.stack(np.unravel_index(own, values.shape), axis=-1).astype(np.int64).reshape(len(own), values.ndim)


def _alike(row: Row, other: Row) -> bool:
    """Whether two tapes have the same row there."""
    names = [[slot.name for slot in one.writes] for one in (row, other)]
    return (row.operation, row.phase, row.path) == (other.operation, other.phase, other.path) and names[0] == names[1]


def _put(trainer: Trainer, state: Array) -> None:
    trainer.machine.state()[...] = state


def trace(trainer: Trainer) -> Iterator[tuple[RowView, dict[str, Array]]]:
    """Takes one training step row by row: yields each row with copies of its operands, by name, after it has run.

    Rows of objectives that sit this step out, or rest, are left out.

    Raises:
        InputError: the argument is not a trainer.
    """
    return _walk(Inspector(kind_of(trainer, Trainer, "trainer", "trace")))


def _end(slot: Slot) -> int:
    return slot.offset + slot.size(1)


def _walk(inspector: Inspector) -> Iterator[tuple[RowView, dict[str, Array]]]:
    with inspector.pause_before(0):
        for number in filter(inspector.runs, range(len(inspector.rows))):
            inspector.run_through(number)
            values = {}
            for name, slot in inspector.slots(number).items():
                places, array = inspector.numbers_of(slot), inspector.machine.view(slot, inspector.n)
                values[name] = array.copy() if places is None else array[places]
            yield inspector.view(number), values
    inspector.finish()
