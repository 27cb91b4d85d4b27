"""Runs a tape on the processor: the calls into the compiled loop, and the threads that help it.

A machine that is begun while kernels are missing answers from its first moment on: until they are compiled, rows are
run by their definitions, in the memory that the kernels will find. No training step is taken that way, since its last
digits would differ.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi, averaged, loop, sharing
from nnplay.kernels.compile import background, library
from nnplay.kernels.compile.background import Compilation
from nnplay.kernels.compile.jit import Kernel
from nnplay.system import processors
from nnplay.tape.machines.averaged import COUNT, averaged_pair
from nnplay.tape.machines.helper_choice import HelperChoice
from nnplay.tape.machines.helper_thread import HelperThread
from nnplay.tape.machines.host_machine import NO_ADDRESS, HostMachine, no_addresses
from nnplay.tape.machines.interpreter import run_rows
from nnplay.tape.machines.machine import MAX_EPOCHS, MAX_STEPS, Array, EvalRows, Progress, Table
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Stage, Tape

#: No processor's number.
_NOWHERE: Final = -1
_SIGNATURE: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
_LOOPS: Final = (loop.advance, loop.evaluate, loop.run_table, sharing.assist, loop.shuffle)
#: The entries of a program that say which rows are evaluated at the end of an epoch.
_EVAL: Final = slice(abi.PROGRAM_EVAL, abi.PROGRAM_EVAL_EVERY)


class CpuMachine(HostMachine):
    """A tape with its memory, and with a compiled kernel behind each row.

    Args:
        tape, dtype, threads, progress: as `nnplay.tape.machines.machine.MachineMaker` says.
        wait: whether kernels that must be compiled are there when this returns; `compiling` says so otherwise.
    """

    def __init__(
        self,
        tape: Tape,
        *,
        dtype: str = "float32",
        threads: int = 1,
        progress: Progress | None = None,
        wait: bool = True,
    ) -> None:
        kernels = [*tape.kernels(), *_LOOPS]
        self._compilation = None if wait else background.begin(kernels, dtype)
        ready = self._compilation is None
        super().__init__(tape, dtype, library.addresses(kernels, dtype, progress) if ready else no_addresses(kernels))
        self.program = np.zeros(abi.PROGRAM_SIZE, np.int64)
        self.helpers = _make_helpers(tape, threads)
        self._choice = HelperChoice()
        self.stages = np.array([_encode_stage(stage) for stage in tape.stages], np.int64)
        self._tables: list[Table] = []
        self._watched: EvalRows | None = None
        self._write_program()

    @classmethod
    def begin(
        cls, tape: Tape, *, dtype: str = "float32", threads: int = 1, progress: Progress | None = None
    ) -> CpuMachine:
        """A machine that is there at once: kernels that are missing are compiled in the background."""
        return cls(tape, dtype=dtype, threads=threads, wait=False)

    # -- kernels that come later -----------------------------------------------------------------------------------

    @property
    def compiling(self) -> Compilation | None:
        """The kernels that it still waits for."""
        compilation = self._compilation
        return None if compilation is None or compilation.addresses is not None else compilation

    def _link(self, *tables: Table) -> bool:
        """Puts the addresses of kernels into tables that were made without; returns whether they are there by now."""
        compilation = self._compilation
        if compilation is not None:
            if compilation.addresses is None:
                return False
            self.addresses, self._compilation = compilation.addresses, None
        for table in tables:
            if table.cells[0, abi.ROW_ADDRESS] == NO_ADDRESS:
                table.cells[:, abi.ROW_ADDRESS] = [self.addresses[row.operation.kernel.name] for row in table.rows]
        return True

    # -- set-up ----------------------------------------------------------------------------------------------------

    def _write_program(self) -> None:
        p, state = self.program, self.state()
        p[abi.PROGRAM_STAGES] = self.stages.ctypes.data
        p[abi.PROGRAM_STAGE_COUNT] = len(self.stages)
        p[abi.PROGRAM_STATE] = (state.ctypes.data - self.memory.ctypes.data) // self.memory.itemsize
        p[abi.PROGRAM_STATE_SIZE] = state.size
        p[abi.PROGRAM_LAST_GOOD] = self.tape.named["last_good"].offset
        p[abi.PROGRAM_LAST_GOOD_EVERY] = self.last_good_every
        p[abi.PROGRAM_STOP] = self._stop.ctypes.data
        p[abi.PROGRAM_TRACE] = self.trace.ctypes.data
        p[abi.PROGRAM_RATES] = self.rates.ctypes.data
        p[abi.PROGRAM_EPOCHS] = self.epochs.ctypes.data
        p[abi.PROGRAM_EPOCH_CAPACITY] = MAX_EPOCHS
        p[abi.PROGRAM_LOSS_SUM] = self._loss_sum.ctypes.data

    def rest(self, stages: Iterable[int]) -> None:
        """Has these stages update nothing from the next step on, and all others train."""
        super().rest(stages)
        for k, stage in enumerate(self.tape.stages):
            rows = stage.fused_rows
            self.stages[k, abi.STAGE_END] = rows.update_at if k in self.resting else rows.end

    def load(
        self, arrays: Mapping[str, Array], *, batch: int, fewest: int = 1, shuffle: bool = True, accumulate: int = 1
    ) -> None:
        """Gives the training rows: arrays (rows, …) by name, copied in the tape's type."""
        super().load(arrays, batch=batch, fewest=fewest, shuffle=shuffle, accumulate=accumulate)
        full = self.train_table(self.tape.fused, self.batch_size)
        tail = full if self.tail_table is None else self.train_table(self.tape.fused, self.tail_table.n)
        self._tables = [full, tail]
        p = self.program
        p[abi.PROGRAM_WIDTH] = full.cells.shape[1]
        p[abi.PROGRAM_FULL] = full.cells.ctypes.data
        p[abi.PROGRAM_TAIL] = tail.cells.ctypes.data
        p[abi.PROGRAM_HAS_TAIL] = int(self.tail_table is not None)
        p[abi.PROGRAM_BATCHES] = self.batches
        p[abi.PROGRAM_ROWS] = self.row_count
        p[abi.PROGRAM_ORDER] = self.order.ctypes.data
        p[abi.PROGRAM_SHUFFLE] = int(self.shuffles)
        p[abi.PROGRAM_BATCH_SIZE] = self.batch_size
        p[abi.PROGRAM_STEP_ROWS], p[abi.PROGRAM_STEP_BATCHES] = self.step_rows, self.step_batches
        p[abi.PROGRAM_EPOCH_ROWS] = self.epoch_rows

    def watch(self, rows: EvalRows, every: int, average: bool = False) -> None:
        """Evaluates those rows within `advance`, at the end of every `every`-th epoch (0: never)."""
        self._watched = rows
        p = self.program
        p[_EVAL] = self._eval_program(rows)[_EVAL]
        p[abi.PROGRAM_EVAL_EVERY], p[averaged.PROGRAM_AVERAGE_SIZE] = every, 0
        if average and (pair := averaged_pair(self)) is not None:
            p[averaged.PROGRAM_TRAINED], p[averaged.PROGRAM_AVERAGE] = (slot.offset for slot in pair)
            p[averaged.PROGRAM_AVERAGE_SIZE] = pair[0].size(1)
            p[averaged.PROGRAM_AVERAGE_COUNT] = self.tape.named[COUNT].offset

    def _eval_program(self, rows: EvalRows) -> NDArray[np.int64]:
        """A program that evaluates these rows."""
        named = self.tape.stages[rows.stage].named
        tail = rows.table if rows.tail is None else rows.tail
        p = np.zeros(abi.PROGRAM_SIZE, np.int64)
        p[abi.PROGRAM_WIDTH] = rows.table.cells.shape[1]
        p[abi.PROGRAM_EPOCHS] = self.epochs.ctypes.data
        p[abi.PROGRAM_EVAL] = rows.table.cells.ctypes.data
        p[abi.PROGRAM_EVAL_TAIL] = tail.cells.ctypes.data
        p[abi.PROGRAM_EVAL_COUNT] = len(rows.table.rows)
        p[abi.PROGRAM_EVAL_BATCHES] = rows.batches
        p[abi.PROGRAM_EVAL_HAS_TAIL] = int(rows.tail is not None)
        p[abi.PROGRAM_EVAL_SIZE] = rows.size
        p[abi.PROGRAM_EVAL_ROWS] = rows.count
        p[abi.PROGRAM_EVAL_LOSS] = named["eval.loss"].offset
        p[abi.PROGRAM_EVAL_SCORE] = named["eval.score"].offset
        return p

    # -- results ---------------------------------------------------------------------------------------------------

    @property
    def steps_taken(self) -> int:
        """Steps of the last call."""
        return int(self.program[abi.PROGRAM_STEPS_DONE])

    @property
    def finished_epochs(self) -> Array:
        """A row for each epoch that ended in the last call: its number, training loss, evaluated loss and score."""
        return self.epochs[: int(self.program[abi.PROGRAM_EPOCH_COUNT])]

    def value_after_step(self, slot: Slot) -> Array:
        """What the last training step left in a slot, or would have, had the loop not joined the rows around it."""
        other, place = self.tape.kept_in.get(slot.name, (slot, ()))
        return self.view(other)[place]

    # -- running ---------------------------------------------------------------------------------------------------

    def advance(self, steps: int) -> int:
        """Trains for up to `steps` (at most `MAX_STEPS`); returns how many were taken. Releases Python's lock."""
        if not self.prepare():
            self.program[[abi.PROGRAM_STEPS_DONE, abi.PROGRAM_EPOCH_COUNT]] = 0
            return 0
        before = self._seconds_waited() if self.helpers and self._choice.helped else 0.0
        job = self._new_job() if self.helpers and self._choice.begin() else None
        self.program[abi.PROGRAM_JOB] = 0 if job is None else job.ctypes.data
        try:
            if job is not None:
                self._call_helpers(job)
            self._call(loop.advance, self.program, min(steps, MAX_STEPS))
        finally:
            self.program[abi.PROGRAM_JOB] = 0
            if job is not None:
                job[abi.JOB_QUIT] = 1
        if self.helpers:
            self._choice.end(self.steps_taken, lambda: self._seconds_waited() - before)
        return self.steps_taken

    def _seconds_waited(self) -> float:
        """Seconds for which the calling thread and its helpers had to wait for processors so far, on average."""
        helpers = [helper.number for helper in self.helpers]
        threads = [threading.get_native_id(), *(number for number in helpers if number is not None)]
        return sum(map(processors.seconds_waited, threads)) / (1 + len(helpers))

    def prepare(self) -> bool:
        """Waits for kernels that are still being compiled, unless it is to stop; returns whether they are there."""
        if self._compilation is not None and not self._compilation.wait(lambda: self.stop):
            return False
        watched = () if self._watched is None else _tables_of(self._watched)
        return self._link(*self._tables, *watched)

    def _new_job(self) -> Array:
        """A job (JOB_SIZE,) for one call of the loop.

        Each call has its own: a helper that comes late finds all parts of a job begun, and harms no other.
        """
        job = _cache_lines(abi.JOB_SIZE)
        job[abi.JOB_THREADS] = 1 + len(self.helpers)
        job[abi.JOB_WHERE], job[abi.JOB_CALLER] = processors.address_of_getcpu(), _NOWHERE
        return job

    def _call_helpers(self, job: Array) -> None:
        """Has helpers join a job as soon as they run, until they are to quit."""
        for thread, helper in enumerate(self.helpers, 1):
            helper.call(functools.partial(self._assist, job, thread))

    def _assist(self, job: Array, thread: int) -> None:
        """What a helper does: shares rows, on another processor than the caller's, as long as the call lasts."""
        self._call(sharing.assist, job, thread)
        while not job[abi.JOB_QUIT] and processors.leave(int(job[abi.JOB_CALLER])):
            self._call(sharing.assist, job, thread)

    def evaluate(self, rows: EvalRows) -> tuple[float, float]:
        """Mean loss and score (share of right rows) of a part of the data."""
        if not self._link(*_tables_of(rows)):
            return super().evaluate(rows)
        self._call(loop.evaluate, self._eval_program(rows), 0)
        return float(self.epochs[0, 2]), float(self.epochs[0, 3])

    def run_table(self, table: Table, last: int, first: int = 0) -> None:
        """Runs rows `first` … `last - 1` of a table once."""
        if not self._link(table):
            run_rows(self, table, last, first)
            return
        program = np.zeros(abi.PROGRAM_SIZE, np.int64)
        program[abi.PROGRAM_WIDTH] = table.cells.shape[1]
        program[abi.PROGRAM_FULL] = table.cells.ctypes.data + first * table.cells.strides[0]
        self._call(loop.run_table, program, last - first)

    def shuffle(self) -> None:
        """Puts the rows in the order of the present epoch; `run_table` reads it."""
        if not self._link():
            super().shuffle()
            return
        self._call(loop.shuffle, self.program, 0)

    def _call(self, kernel: Kernel, program: Array, number: int) -> None:
        address = self.addresses[kernel.name]
        _SIGNATURE(address)(program.ctypes.data, self.cells.ctypes.data, self.memory.ctypes.data, number)


def _tables_of(rows: EvalRows) -> tuple[Table, ...]:
    return (rows.table,) if rows.tail is None else (rows.table, rows.tail)


def _encode_stage(stage: Stage) -> list[int]:
    """A stage as the loop reads it."""
    named, rows = stage.named, stage.fused_rows
    line = [0] * abi.STAGE_SIZE
    line[abi.STAGE_FIRST], line[abi.STAGE_FINISH_AT] = rows.first, rows.finish_at
    line[abi.STAGE_UPDATE_AT], line[abi.STAGE_END] = rows.update_at, rows.end
    line[abi.STAGE_EVERY] = stage.objective.every
    line[abi.STAGE_LOSS], line[abi.STAGE_NORM] = named["loss"].offset, named["norm"].offset
    line[abi.STAGE_RATE_AT] = named["optimizer"].offset
    line[abi.STAGE_FLAGS], line[abi.STAGE_FLAGS_COUNT] = named["finite_flags"].offset, named["finite_flags"].size(1)
    return line


def _make_helpers(tape: Tape, threads: int) -> list[HelperThread]:
    """One helper for each further thread, if there is something to share; no more than a row has parts."""
    parts = max((row.parts for row in tape.train), default=1)
    return [HelperThread() for _ in range(min(threads, parts) - 1)]


def _cache_lines(size: int) -> NDArray[np.int64]:
    raw = np.zeros(size + 8, np.int64)
    first = -raw.ctypes.data % 64 // 8
    return raw[first : first + size]
