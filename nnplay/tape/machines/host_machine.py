"""What machines share whose memory is this process's: memory, clock, tables of rows, and the data behind them."""

from __future__ import annotations

import abc
import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.arguments import same_word
from nnplay.errors import InputError
from nnplay.kernels import abi
from nnplay.kernels.compile.background import Compilation
from nnplay.kernels.compile.jit import Kernel
from nnplay.tape.machines.machine import MAX_EPOCHS, MAX_STEPS, Array, Clock, EvalRows, Fault, Table
from nnplay.tape.memory_layout import STATE, Slot
from nnplay.tape.not_copied import NotCopied
from nnplay.tape.tape import Bounds, Row, Stage, Tape, encode
from nnplay.tape.verify import verify
from nnplay.text import shown

#: Types that numbers can have.
DTYPES: Final = ("float32", "float64")
#: Stands in a table where a kernel's address will be, or never is; nobody calls it.
NO_ADDRESS: Final = 1
#: Up to that many numbers of state, the last good one is kept in each step; more are kept every so many steps.
_SMALL_STATE: Final = 4096
_LARGE_STATE_EVERY: Final = 32
#: Tables of which a copy is kept: of a step and of an evaluation, each for a full batch and for a smaller one, and
#: those of a few views.
_TABLES_KEPT: Final = 8


class Source(NamedTuple):
    """Where gathering rows find their batch: arrays by name, the order of their rows, and rows of a full step."""

    data: Mapping[str, Array]
    order: NDArray[np.int64]
    size: int


class _Verified(NamedTuple):
    """Encoded rows whose operands are in their places: most are wanted again, for a view or for other data."""

    rows: tuple[Row, ...]
    n: int
    addresses: Mapping[str, int]
    cells: NDArray[np.int64]

    def is_of(self, rows: Sequence[Row], n: int, addresses: Mapping[str, int]) -> bool:
        """Whether they are these very rows, for that batch, with the addresses of today."""
        alike = self.n == n and self.addresses is addresses and len(self.rows) == len(rows)
        return alike and all(map(operator.is_, self.rows, rows))


class HostMachine(NotCopied, abc.ABC):
    """Memory, clock and tables; how rows are run is for the class that is made of it.

    Attributes:
        memory: all numbers, beginning at a cache line.
        cells: the clock as kernels read it.
        order: numbers of the training rows in the order of the present epoch.
        resting: stages that compute their loss and gradient, and update nothing.
    """

    def __init__(self, tape: Tape, dtype: str, addresses: Mapping[str, int]) -> None:
        if not same_word(dtype, DTYPES):
            raise InputError(f"{shown(dtype)} is not a number type", where="machine", hint="float32 or float64")
        self.tape, self.dtype, self.addresses = tape, np.dtype(dtype), addresses
        self.memory = aligned(tape.size, self.dtype)
        self.cells = np.zeros(abi.CLOCK_SIZE, np.int64)
        stages = len(tape.stages)
        self.trace = np.zeros((MAX_STEPS, stages, abi.TRACE_COLUMNS), self.dtype)
        self.rates = np.zeros((MAX_STEPS, stages), self.dtype)
        self.epochs = np.zeros((MAX_EPOCHS, abi.EPOCH_COLUMNS))
        self.order = np.zeros(0, np.int64)
        self._stop = np.zeros(1, np.int64)
        self._loss_sum = np.zeros(1)
        self.resting: frozenset[int] = frozenset()
        self._verified: list[_Verified] = []
        self._data: list[Array] = []
        self._first_of_state = tape.layout.bounds[STATE[0]][0]
        self._state_size = tape.layout.bounds[STATE[-1]][1] - self._first_of_state
        self.last_good_every = 1 if self._state_size <= _SMALL_STATE else _LARGE_STATE_EVERY

    # -- where the run stands --------------------------------------------------------------------------------------

    @property
    def clock(self) -> Clock:
        """Seed, step, epoch and batch."""
        return Clock(*self.cells[: len(Clock._fields)].tolist())

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self.cells[: len(clock)] = clock
        self.cells[abi.CLOCK_SHUFFLED] = 0

    @property
    def clock_values(self) -> dict[str, int]:
        """The clock as definitions read it, with the rows of the step in front of the present batch."""
        return {**self.clock._asdict(), "offset": int(self.cells[abi.CLOCK_OFFSET])}

    @property
    def loss_sum(self) -> float:
        """Sum of the losses of the epoch so far."""
        return float(self._loss_sum[0])

    @loss_sum.setter
    def loss_sum(self, value: float) -> None:
        self._loss_sum[0] = value

    @property
    def stop(self) -> bool:
        """Whether a call that is under way ends after the present step."""
        return bool(self._stop[0])

    @stop.setter
    def stop(self, value: bool) -> None:
        self._stop[0] = value

    @property
    def compiling(self) -> Compilation | None:
        """The kernels that it still waits for."""
        return None

    @property
    def awaited(self) -> Compilation | None:
        """What the next step waits for."""
        return self.compiling

    def prepare(self) -> bool:
        """Does what the next step needs; returns whether it is there."""
        return True

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return int(self.memory.nbytes)

    @property
    def last_good_step(self) -> int:
        """The step whose state stands in the last-good copy."""
        return int(self.cells[abi.CLOCK_LAST_GOOD])

    def take_fault(self) -> Fault | None:
        """Why the last call stopped by itself; it is forgotten."""
        kind, stage, step = (int(self.cells[k]) for k in (abi.CLOCK_FAULT, abi.CLOCK_FAULT_STAGE, abi.CLOCK_STEP))
        self.cells[[abi.CLOCK_FAULT, abi.CLOCK_FAULT_STAGE]] = 0
        if kind == abi.FAULT_NONE:
            return None
        in_update = kind == abi.FAULT_PARAMETER
        return Fault(stage, in_update, step, self.last_good_step if in_update or stage else step)

    def rest(self, stages: Iterable[int]) -> None:
        """Has these stages update nothing from the next step on, and all others train."""
        self.resting = frozenset(stages)

    def active_rows(self) -> list[tuple[int, int]]:
        """First and last + 1 of the rows of `Tape.train` that the next step runs, in pieces without a gap."""
        found: list[tuple[int, int]] = []
        for k, stage in enumerate(self.tape.stages):
            first, update_at, end, _ = stage.rows
            if self.clock.step % stage.objective.every == 0:
                last = update_at if k in self.resting else end
                joins = bool(found) and found[-1][1] == first
                found[-1:] = [(found[-1][0], last)] if joins else [*found[-1:], (first, last)]
        return found

    # -- views -----------------------------------------------------------------------------------------------------

    def view(self, slot: Slot, n: int | None = None) -> Array:
        """A live, writable view of a slot, shaped for a batch of n rows (by default a full one)."""
        shape = slot.at(self.tape.layout.capacity(slot.region) if n is None else n)
        return self.memory[slot.offset : slot.offset + math.prod(shape)].reshape(shape)

    def state(self) -> Array:
        """Parameters, optimizer state and running statistics as one live vector."""
        return self.memory[self._first_of_state : self._first_of_state + self._state_size]

    def keep_last_good(self) -> None:
        """Takes the present state for the last good one."""
        self.view(self.tape.named["last_good"])[...] = self.state()
        self.cells[abi.CLOCK_LAST_GOOD] = self.cells[abi.CLOCK_STEP]

    def contents(self) -> dict[str, Array]:
        """Live views of all numbers that the next steps and what is shown of the last one depend on, by name."""
        return {"memory": self.memory, "clock": self.cells, "order": self.order, "loss_sum": self._loss_sum}

    def fill(self, contents: Mapping[str, Array]) -> None:
        """Takes over the contents of a machine that was made alike.

        Raises:
            InputError: it was made for another tape, or for other data.
        """
        own = self.contents()
        for name, array in own.items():
            if contents[name].shape != array.shape or contents[name].dtype != array.dtype:
                raise InputError(
                    f"{name} has {contents[name].size:,} numbers where this machine has {array.size:,}",
                    where="machine",
                    hint="another version of nnplay wrote it: keep runs in a Session, which later versions can open",
                )
        for name, array in own.items():
            array[...] = contents[name]

    # -- data ------------------------------------------------------------------------------------------------------

    def load(
        self, arrays: Mapping[str, Array], *, batch: int, fewest: int = 1, shuffle: bool = True, accumulate: int = 1
    ) -> None:
        """Gives the training rows: arrays (rows, …) by name, copied in the tape's type.

        A last batch of less than `fewest` rows is left out.
        """
        data = self._convert_arrays(arrays, [name for name in self.tape.arrays if name not in self.tape.made])
        self.row_count = _common_length(data)
        self.batch_size, self.shuffles = min(batch, self.row_count), shuffle
        self.step_rows, self.step_batches = batch * accumulate, accumulate
        tail = self.row_count % batch if self.row_count > batch else 0
        self.epoch_rows = self.row_count - (tail if tail < fewest else 0)
        self.batches = -(-self.epoch_rows // self.step_rows)
        tail = tail if tail >= fewest else 0
        self.order = np.arange(self.row_count, dtype=np.int64)
        self._data = [*data.values(), self.order]
        self._train_data = data
        self.full_table = self.train_table(self.tape.train, self.batch_size)
        self.tail_table = self.train_table(self.tape.train, tail) if tail else None
        self.cells[abi.CLOCK_SHUFFLED] = 0

    def load_eval(self, arrays: Mapping[str, Array], stage: int = 0) -> EvalRows:
        """Gives rows for `evaluate` and `watch`."""
        made = self.tape.stages[stage]
        data = self._convert_arrays(arrays, list(dict.fromkeys(_arrays_of(made.eval_sources))))
        count = _common_length(data)
        order, size = np.arange(count, dtype=np.int64), min(self.tape.layout.evaluation, count)
        source = Source(data, order, size)
        tail = self.eval_table(made, count % size, source) if count % size else None
        return EvalRows(stage, self.eval_table(made, size, source), tail, count, size, (*data.values(), order))

    def _convert_arrays(self, arrays: Mapping[str, Array], wanted: Sequence[str]) -> dict[str, Array]:
        found = {name: np.ascontiguousarray(arrays[name], dtype=self.dtype) for name in wanted}
        for name, array in found.items():  # a row of another size would be gathered from the wrong places
            shape = self.tape.arrays[name]
            if math.prod(array.shape[1:]) != math.prod(shape):
                raise InputError(f"'{name}' has rows of {list(array.shape[1:])}, not of {list(shape)}", where="data")
        return found

    # -- tables ----------------------------------------------------------------------------------------------------

    def table(self, rows: Sequence[Row], n: int) -> Table:
        """Rows encoded for a batch of n rows, each operand of each shown to be in its place; what was is copied."""
        kept = self._verified
        known = next((one for one in kept if one.is_of(rows, n, self.addresses)), None)
        if known is None:
            cells = encode(rows, self.addresses, n, self.tape.width)
            verify(cells, rows, self.tape.layout, n, self.tape.size)
            known = _Verified(tuple(rows), n, self.addresses, cells)
        self._verified = [known, *(one for one in kept if one is not known)][:_TABLES_KEPT]
        return Table(known.cells.copy(), rows, n)

    def train_table(self, rows: Sequence[Row], n: int) -> Table:
        """The rows of a step, which gather their batches from the training rows."""
        table = self.table(rows, n)
        wanted = [names for stage in self.tape.stages for names in stage.sources]
        _point(table, wanted, Source(self._train_data, self.order, self.step_rows))
        return table

    def eval_table(self, stage: Stage, n: int, source: Source) -> Table:
        """The rows of an evaluation batch, which gather it from there."""
        table = self.table(stage.evaluation, n)
        _point(table, stage.eval_sources, source)
        return table

    @property
    def current_batch(self) -> Table:
        """The rows of the next step, for its first batch: a full one, or the smaller last one."""
        return self._table_of(self._rows_left() - int(self.cells[abi.CLOCK_OFFSET]))

    def _rows_left(self) -> int:
        """Rows of data that the next step takes."""
        return min(self.step_rows, self.epoch_rows - int(self.cells[abi.CLOCK_BATCH]) * self.step_rows)

    def _table_of(self, rows: int) -> Table:
        """The rows of a step for its next batch, where so many rows of data are left for it."""
        return self.full_table if rows >= self.batch_size or self.tail_table is None else self.tail_table

    # -- running ---------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def run_table(self, table: Table, last: int, first: int = 0) -> None:
        """Runs rows `first` … `last - 1` of a table once."""

    @contextmanager
    def first_batch(self) -> Iterator[None]:
        """Within the block the clock is as rows of a step's first batch read it, where a step has several."""
        step = int(self.cells[abi.CLOCK_STEP])
        self.cells[abi.CLOCK_STEP] = step * self.step_batches
        try:
            yield
        finally:
            self.cells[abi.CLOCK_STEP] = step

    def run_further_batches(self, rows: Bounds) -> None:
        """Runs the rows of each batch of a step but its first one; nothing where a step has one."""
        step, before = int(self.cells[abi.CLOCK_STEP]), self.batch_size
        for number in range(1, -(-self._rows_left() // self.batch_size)):
            self.cells[abi.CLOCK_OFFSET], self.cells[abi.CLOCK_STEP] = before, step * self.step_batches + number
            table = self._table_of(self._rows_left() - before)
            self.run_table(table, rows.finish_at, rows.first)
            before += table.n
        self.cells[abi.CLOCK_OFFSET], self.cells[abi.CLOCK_STEP] = 0, step

    def shuffle(self) -> None:
        """Puts the rows in the order of the present epoch."""
        clock = self.clock
        if self.cells[abi.CLOCK_SHUFFLED] != clock.epoch + 1:
            count = self.row_count
            self.order[:] = rng.permutation(clock.seed, clock.epoch, count) if self.shuffles else np.arange(count)
            self.cells[abi.CLOCK_SHUFFLED] = clock.epoch + 1

    def evaluate(self, rows: EvalRows) -> tuple[float, float]:
        """Mean loss and score (share of right rows) of a part of the data."""
        named, batch = self.tape.stages[rows.stage].named, int(self.cells[abi.CLOCK_BATCH])
        loss = right = 0.0
        for number in range(rows.batches):
            self.cells[abi.CLOCK_BATCH] = number
            table = rows.tail if rows.tail is not None and number == rows.batches - 1 else rows.table
            self.run_table(table, len(table.rows))
            loss += float(self.view(named["eval.loss"])[0]) * table.n
            right += float(self.view(named["eval.score"])[0])
        self.cells[abi.CLOCK_BATCH] = batch
        return loss / rows.count, right / rows.count

    def forward(self, x: Array, names: Sequence[str], stage: int = 0) -> dict[str, Array]:
        """Values of named evaluation slots for inputs x (N, …), each (N, …), computed batch by batch."""
        made, rows = self.tape.stages[stage], len(x)
        size = min(self.tape.layout.evaluation, max(1, rows))
        slots = {name: self.tape.layout.find(name, "evaluation") for name in names}
        results = {name: np.empty((rows, *slot.at(1)[1:]), self.dtype) for name, slot in slots.items()}
        inputs, order = np.ascontiguousarray(x, dtype=self.dtype), np.arange(rows, dtype=np.int64)
        objective = made.objective
        arrays = {name: np.zeros((rows, *self.tape.arrays[name]), self.dtype) for name in _arrays_of(made.eval_sources)}
        source = Source({**arrays, objective.input: inputs}, order, size)
        last = sum(row.phase in ("data", "forward") for row in made.evaluation)
        batch = int(self.cells[abi.CLOCK_BATCH])
        for first in range(0, rows, size):
            taken = min(size, rows - first)
            if first == 0 or taken < size:
                table = self.eval_table(made, taken, source)
            self.cells[abi.CLOCK_BATCH] = first // size
            self.run_table(table, last)
            for name, slot in slots.items():
                results[name][first : first + taken] = self.view(slot, taken)
        self.cells[abi.CLOCK_BATCH] = batch
        return results


def _arrays_of(sources: Sequence[Mapping[str, str]]) -> list[str]:
    """Names of the arrays that data rows gather."""
    return [name for names in sources for name in names.values()]


def _point(table: Table, wanted: Sequence[Mapping[str, str]], source: Source) -> None:
    """Tells the gathering rows of a table where their data are."""
    numbers = [number for number, row in enumerate(table.rows) if row.phase == "data"]
    for number, names in zip(numbers, wanted, strict=True):
        if names:
            given = {key: source.data[name].ctypes.data for key, name in names.items()}
            given |= {"order": source.order.ctypes.data, "size": source.size}
            integers = table.rows[number].operation.integers
            table.cells[number, abi.ROW_INTEGERS : abi.ROW_INTEGERS + len(integers)] = [given[key] for key in integers]


def no_addresses(kernels: Iterable[Kernel]) -> dict[str, int]:
    """What stands in a table for kernels that are not there."""
    return {kernel.name: NO_ADDRESS for kernel in kernels}


def _common_length(data: Mapping[str, Array]) -> int:
    lengths = {name: len(array) for name, array in data.items()}
    if len(set(lengths.values())) != 1:
        raise InputError(f"the arrays of a batch have {lengths} rows", where="data", hint="give each the same number")
    return next(iter(lengths.values()))


def aligned(size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros that begin at a cache line."""
    raw = np.zeros(size + 64 // dtype.itemsize, dtype)
    first = -raw.ctypes.data % 64 // dtype.itemsize
    return raw[first : first + size]
