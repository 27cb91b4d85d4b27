"""Runs a tape: the flat memory, the clock, and the calls into the compiled loop."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi, loop
from nnplay.kernels.compile import library
from nnplay.kernels.compile.jit import Kernel
from nnplay.tape.memory_layout import STATE, Slot
from nnplay.tape.tape import Tape, encode
from nnplay.tape.verify import verify

Array = NDArray[Any]
#: Steps in one call into the loop at the most: the trace of a call is this long.
MAX_STEPS: Final = 16_384
MAX_EPOCHS: Final = 4_096
#: The integers of the row that gathers a batch, the first of each table.
_DATA: Final = slice(abi.ROW_INTEGERS, abi.ROW_INTEGERS + 4)


class Machine:
    """A tape with its memory.

    Args:
        tape: from `nnplay.tape.assembler`.
        dtype: "float32", or "float64" for gradient checks.
        threads: 1, or more to share large rows among threads; the numbers are the same bit for bit.
        progress: told about kernels that must be compiled first, as `(done, total, name)`.
    """

    def __init__(
        self,
        tape: Tape,
        *,
        dtype: str = "float32",
        threads: int = 1,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> None:
        self.tape, self.dtype = tape, np.dtype(dtype)
        loops = [loop.advance, loop.evaluate, loop.run_table, loop.assist, loop.shuffle]
        self.addresses = library.addresses([*tape.kernels(), *loops], dtype, progress)
        self.memory = aligned(tape.size, self.dtype)
        self.clock = np.zeros(abi.CLOCK_SIZE, np.int64)
        self.stop = np.zeros(1, np.int64)
        self.trace = np.zeros((MAX_STEPS, abi.TRACE_COLUMNS), self.dtype)
        self.rates = np.zeros(MAX_STEPS, self.dtype)
        self.epochs = np.zeros((MAX_EPOCHS, abi.EPOCH_COLUMNS))
        self.loss_sum = np.zeros(1)
        self.program = np.zeros(abi.PROGRAM_SIZE, np.int64)
        self.job = _cache_lines(abi.JOB_SIZE)
        self.helpers = max(0, threads - 1) if any(row.parts > 1 for row in tape.train) else 0
        self._kept: list[Array] = []
        self._write_program()

    # -- set-up ----------------------------------------------------------------------------------------------------

    def _write_program(self) -> None:
        named, p = self.tape.named, self.program
        state = [self.tape.layout.bounds[region] for region in STATE]
        p[abi.PROGRAM_UPDATE_AT] = self.tape.fused_update_at
        p[abi.PROGRAM_FULL_COUNT] = len(self.tape.fused)
        p[abi.PROGRAM_LOSS] = named["loss"].offset
        p[abi.PROGRAM_NORM] = named["norm"].offset
        p[abi.PROGRAM_FLAGS] = named["finite_flags"].offset
        p[abi.PROGRAM_FLAGS_COUNT] = named["finite_flags"].size(1)
        p[abi.PROGRAM_RATE_AT] = named["optimizer"].offset
        p[abi.PROGRAM_PARAMETERS] = state[0][0]
        p[abi.PROGRAM_PARAMETERS_SIZE] = state[-1][1] - state[0][0]
        p[abi.PROGRAM_LAST_GOOD] = named["last_good"].offset
        p[abi.PROGRAM_LAST_GOOD_EVERY] = 1 if p[abi.PROGRAM_PARAMETERS_SIZE] <= 4096 else 32
        p[abi.PROGRAM_STOP] = self.stop.ctypes.data
        p[abi.PROGRAM_TRACE] = self.trace.ctypes.data
        p[abi.PROGRAM_RATES] = self.rates.ctypes.data
        p[abi.PROGRAM_EPOCHS] = self.epochs.ctypes.data
        p[abi.PROGRAM_EPOCH_CAPACITY] = MAX_EPOCHS
        p[abi.PROGRAM_LOSS_SUM] = self.loss_sum.ctypes.data

    def _table(self, rows: Any, n: int) -> Array:
        table = encode(rows, self.addresses, n, self.tape.width)
        verify(table, rows, self.tape.layout, n, self.tape.size)
        self._kept.append(table)
        return table

    def load(self, x: Array, y: Array, *, batch: int, shuffle: bool = True) -> None:
        """Gives the training rows: x (rows, …) and y (rows, …), copied in the tape's type."""
        rows = len(x)
        full, tail = min(batch, rows), rows % batch if rows > batch else 0
        table = self.full_table = self.tail_table = self._table(self.tape.train, full)
        self.order = np.arange(rows, dtype=np.int64)
        data = self._attach(table, x, y, self.order, batch)
        p = self.program
        p[abi.PROGRAM_FULL] = p[abi.PROGRAM_TAIL] = self._walked(data, full)
        p[abi.PROGRAM_WIDTH] = table.shape[1]
        p[abi.PROGRAM_HAS_TAIL] = int(tail > 0)
        if tail:
            self.tail_table = self._table(self.tape.train, tail)
            self.tail_table[0, _DATA] = data
            p[abi.PROGRAM_TAIL] = self._walked(data, tail)
        p[abi.PROGRAM_BATCHES] = -(-rows // batch)
        p[abi.PROGRAM_ROWS] = rows
        p[abi.PROGRAM_ORDER] = self.order.ctypes.data
        p[abi.PROGRAM_SHUFFLE] = int(shuffle)
        p[abi.PROGRAM_BATCH_SIZE] = full
        self.clock[abi.CLOCK_SHUFFLED] = 0

    def load_eval(self, x: Array, y: Array) -> Array:
        """A program that evaluates these rows; make it current with `watch` or run it with `evaluate`."""
        rows = len(x)
        size = min(self.tape.layout.evaluation, rows)
        tail = rows % size
        table = self._table(self.tape.evaluation, size)
        data = self._attach(table, x, y, np.arange(rows, dtype=np.int64), size)
        p = np.zeros(abi.PROGRAM_SIZE, np.int64)
        p[abi.PROGRAM_WIDTH] = table.shape[1]
        p[abi.PROGRAM_EPOCHS] = self.epochs.ctypes.data
        p[abi.PROGRAM_EVAL] = p[abi.PROGRAM_EVAL_TAIL] = p[abi.PROGRAM_FULL] = table.ctypes.data
        if tail:
            shorter = self._table(self.tape.evaluation, tail)
            shorter[0, _DATA] = data
            p[abi.PROGRAM_EVAL_TAIL] = shorter.ctypes.data
        p[abi.PROGRAM_EVAL_COUNT] = len(self.tape.evaluation)
        p[abi.PROGRAM_EVAL_BATCHES] = -(-rows // size)
        p[abi.PROGRAM_EVAL_HAS_TAIL] = int(tail > 0)
        p[abi.PROGRAM_EVAL_SIZE] = size
        p[abi.PROGRAM_EVAL_ROWS] = rows
        p[abi.PROGRAM_EVAL_LOSS] = self.tape.named["eval.loss"].offset
        p[abi.PROGRAM_EVAL_SCORE] = self.tape.named["eval.score"].offset
        return p

    def _walked(self, data: Array, n: int) -> int:
        """Address of the table that the compiled loop walks for a batch of n rows."""
        table = self._table(self.tape.fused, n)
        table[0, _DATA] = data
        return int(table.ctypes.data)

    def _attach(self, table: Array, x: Array, y: Array, order: Array, size: int) -> Array:
        """Writes the data's addresses into the gather row, which it returns, and keeps the arrays alive."""
        data_x = np.ascontiguousarray(x, dtype=self.dtype)
        data_y = np.ascontiguousarray(y, dtype=self.dtype)
        self._kept += [data_x, data_y, order]
        table[0, _DATA] = (data_x.ctypes.data, data_y.ctypes.data, order.ctypes.data, size)
        return table[0, _DATA]

    def watch(self, check: Array, every: int) -> None:
        """Evaluates that part of the data inside the loop, at the end of every `every`-th epoch (0: never)."""
        first, last = abi.PROGRAM_EVAL, abi.PROGRAM_EVAL_ROWS + 1
        self.program[first:last] = check[first:last]
        for where in (abi.PROGRAM_EVAL_LOSS, abi.PROGRAM_EVAL_SCORE):
            self.program[where] = check[where]
        self.program[abi.PROGRAM_EVAL_EVERY] = every

    # -- views -----------------------------------------------------------------------------------------------------

    def view(self, slot: Slot, n: int | None = None) -> Array:
        """A live, writable view of a slot, shaped for a batch of n rows (by default a full one)."""
        rows = self.tape.layout.capacity(slot.region) if n is None else n
        count = slot.size(rows)
        return self.memory[slot.offset : slot.offset + count].reshape(slot.at(rows))

    def value_after_step(self, slot: Slot) -> Array:
        """What the last training step left in a slot, or would have, had the loop not joined the rows around it."""
        other, place = self.tape.kept_in.get(slot.name, (slot, ()))
        return self.view(other)[place]

    def state(self) -> Array:
        """Parameters, optimizer slots and running statistics as one live vector."""
        first = int(self.program[abi.PROGRAM_PARAMETERS])
        return self.memory[first : first + int(self.program[abi.PROGRAM_PARAMETERS_SIZE])]

    def keep_last_good(self) -> None:
        """Takes the present state for the last good one."""
        self.view(self.tape.named["last_good"])[...] = self.state()
        self.clock[abi.CLOCK_LAST_GOOD] = self.clock[abi.CLOCK_STEP]

    # -- running ---------------------------------------------------------------------------------------------------

    def advance(self, steps: int) -> int:
        """Trains for up to `steps` (at most `MAX_STEPS`); returns how many were taken. Releases Python's lock."""
        with _Helpers(self, self.helpers):
            self._call(loop.advance, self.program, min(steps, MAX_STEPS))
        return int(self.program[abi.PROGRAM_STEPS_DONE])

    def evaluate(self, check: Array) -> tuple[float, float]:
        """Mean loss and score (share of right rows) of a part of the data."""
        self._call(loop.evaluate, check, 0)
        return float(self.epochs[0, 2]), float(self.epochs[0, 3])

    def forward(self, x: Array, names: list[str]) -> dict[str, Array]:
        """Values of named evaluation slots for inputs x (N, …), each (N, …), computed batch by batch."""
        rows, size = len(x), min(self.tape.layout.evaluation, max(1, len(x)))
        target = np.zeros((rows, *self.tape.named["eval.target"].at(1)[1:]), self.dtype)
        slots = {name: self.tape.layout.find(name, "evaluation") for name in names}
        results = {name: np.empty((rows, *slot.at(1)[1:]), self.dtype) for name, slot in slots.items()}
        count = sum(row.phase in ("data", "forward") for row in self.tape.evaluation)
        kept, batch = len(self._kept), int(self.clock[abi.CLOCK_BATCH])
        for first in range(0, rows, size):
            taken = min(size, rows - first)
            if first == 0 or taken < size:
                table = self._table(self.tape.evaluation, taken)
                self._attach(table, x, target, np.arange(rows, dtype=np.int64), size)
            self.clock[abi.CLOCK_BATCH] = first // size
            self.run_table(table, count)
            for name, slot in slots.items():
                results[name][first : first + taken] = self.view(slot, taken)
        self.clock[abi.CLOCK_BATCH] = batch
        del self._kept[kept:]
        return results

    def run_table(self, table: Array, last: int, first: int = 0) -> None:
        """Runs rows `first` … `last - 1` of a table once."""
        program = np.zeros(abi.PROGRAM_SIZE, np.int64)
        program[abi.PROGRAM_WIDTH], program[abi.PROGRAM_FULL] = table.shape[1], table[first:].ctypes.data
        self._call(loop.run_table, program, last - first)

    def shuffle(self) -> None:
        """Puts the order of the present epoch into the order array, as the loop does when an epoch begins."""
        self._call(loop.shuffle, self.program, 0)

    @property
    def current_batch(self) -> tuple[Array, int]:
        """The table that the next step walks, and the rows of its batch: a full one, or the smaller last one."""
        last = self.clock[abi.CLOCK_BATCH] == self.program[abi.PROGRAM_BATCHES] - 1
        if last and self.program[abi.PROGRAM_HAS_TAIL]:
            count = self.program[abi.PROGRAM_ROWS] - self.clock[abi.CLOCK_BATCH] * self.program[abi.PROGRAM_BATCH_SIZE]
            return self.tail_table, int(count)
        return self.full_table, int(self.program[abi.PROGRAM_BATCH_SIZE])

    def _call(self, kernel: Kernel, program: Array, number: int) -> None:
        address = self.addresses[kernel.name]
        _SIGNATURE(address)(program.ctypes.data, self.clock.ctypes.data, self.memory.ctypes.data, number)


_SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


class _Helpers:
    """Threads that share large rows with the caller for the length of a `with` block."""

    def __init__(self, machine: Machine, count: int) -> None:
        self.machine, self.count = machine, count
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> None:
        job = self.machine.job
        self.machine.program[abi.PROGRAM_JOB] = job.ctypes.data if self.count else 0
        job[abi.JOB_QUIT] = 0
        for _ in range(self.count):
            thread = threading.Thread(target=self.machine._call, args=(loop.assist, job, 0), daemon=True)
            thread.start()
            self.threads.append(thread)

    def __exit__(self, *error: object) -> None:
        self.machine.job[abi.JOB_QUIT] = 1
        for thread in self.threads:
            thread.join()


def aligned(size: int, dtype: np.dtype[Any]) -> Array:
    """Zeros that begin at a cache line."""
    raw = np.zeros(size + 64 // dtype.itemsize, dtype)
    first = -raw.ctypes.data % 64 // dtype.itemsize
    return raw[first : first + size]


def _cache_lines(size: int) -> NDArray[np.int64]:
    raw = np.zeros(size + 8, np.int64)
    first = -raw.ctypes.data % 64 // 8
    return raw[first : first + size]
