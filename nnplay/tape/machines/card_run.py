"""A run on a graphics card: memory, tables and data there, and launches of many steps each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.cuda import driver, module
from nnplay.kernels.cuda.driver import Buffer, CardError, Function, Module, buffer_of
from nnplay.tape.machines.cuda_cost import choose_schedule
from nnplay.tape.machines.cuda_lines import Launch, cards_of
from nnplay.tape.machines.cuda_table import Encoded, encode, ends_of, kernels_of, turns_of
from nnplay.tape.machines.machine import MAX_EPOCHS, MAX_STEPS, Table
from nnplay.tape.tape import Stage, Tape
from nnplay.text import counted

if TYPE_CHECKING:
    from nnplay.tape.machines.cuda_machine import CudaMachine

#: The share of the card's free memory that a run may have: there is a context besides.
USABLE: Final = 0.9
#: How long a launch takes at the most, in seconds: nobody can stop it before its end.
LAUNCH: Final = 0.04
#: Steps of the first launch, by which the length of the others is chosen.
_FIRST_STEPS: Final = 8
#: How a run can be shared out: one block for all of it, all blocks for each row, or for samples of their own.
SCHEDULES: Final = ("block", "grid", "samples")
#: Threads of a block: where it has a run of its own, and where it is one of many.
BLOCK_THREADS: Final = 128
GRID_THREADS: Final = 512
#: Numbers of memory that rows on a card can tell apart: their places have 32 bits there, one for the
#: sign, and threads count on beyond the last one.
MOST_NUMBERS: Final = (1 << 31) - (1 << 20)
#: Numbers of memory up to which a run has one block.
_SMALL: Final = 50_000


class CardRun:
    """What a machine has on the card, made for its data.

    Args:
        data: arrays that gathering rows read.
        schedule: one of `SCHEDULES`, or "" for the one that suits the size.
        threads: of a block; 0 for the usual number.
        groups: of samples into which a batch is cut by the schedule "samples"; 0 for what its model finds best.

    Attributes:
        schedule, groups: what it came to; without groups, no row is cut by samples.
        itemsize: bytes of a number.
        starts: where the card's rows of each row of the tape begin, and where the last ones end.
        tf32_words: how many products are in TF32; empty where that was not asked for.
        turns: how often rows are run whose turns a setting counts; with another setting, another run must be made.
    """

    def __init__(
        self, machine: CudaMachine, data: Sequence[NDArray[Any]], schedule: str = "", threads: int = 0, groups: int = 0
    ) -> None:
        self.card = driver.use()
        tape, self.itemsize = machine.tape, machine.dtype.itemsize
        kernels = kernels_of(tape, machine.tf32)
        self._codes = {kernel.name: number for number, kernel in enumerate(kernels)}
        self._data: dict[int, Buffer] = {}
        self.turns = turns_of(tape, machine.memory)
        self._order_here = machine.order.ctypes.data
        self._tables: list[Buffer] = []
        self.evaluation_at = tape.layout.bounds["evaluation"][0]
        self._kept = np.empty(tape.layout.bounds["last_good"][1], machine.dtype)
        self.schedule, self.groups = self._schedule(machine, schedule, groups)
        self.threads = threads or (BLOCK_THREADS if self.schedule == "block" else GRID_THREADS)
        self.blocks = 1 if self.schedule == "block" else self.card.processors
        self.room = self._measure(machine, data)
        self._data = {array.ctypes.data: buffer_of(array) for array in data}
        self.tf32_words = _words_about_tf32(machine.full_table) if machine.tf32 else ""
        self._kernels, self._dtype = tuple(kernels), machine.dtype.name
        self.advance_function = self.function("advance")
        self._build(machine)

    def _schedule(self, machine: CudaMachine, schedule: str, groups: int) -> tuple[str, int]:
        if schedule != "samples" and (schedule or is_small(machine.tape)):
            return schedule or "block", 0
        chosen, best = choose_schedule(machine.tape, machine.full_table, GRID_THREADS, machine.tf32)
        taken = schedule or chosen
        return taken, (groups or best) if taken == "samples" else 0

    def function(self, called: str) -> Function:
        """The kernel of this schedule that is called "advance" or "table"."""
        name = function_name(self.schedule == "block", called)
        return Module(module.code(name, self._kernels, self._dtype)).function(name)

    @property
    def where(self) -> str:
        """What runs where, in words."""
        how = "one block" if self.schedule == "block" else f"{self.blocks} blocks"
        cut = f", {self.groups} groups of samples" if self.groups else ""
        return f"{self.card.name}, {how} of {self.threads} threads{cut}{self.tf32_words}"

    # -- set-up ----------------------------------------------------------------------------------------------------

    def _measure(self, machine: CudaMachine, data: Sequence[NDArray[Any]]) -> int:
        """Numbers of room for partial sums, and for what groups of samples have.

        Raises:
            CardError: the card has too little free memory for all of it; nothing has been taken by then.
        """
        tape, ends = machine.tape, ends_of(machine.tape)
        made = [self._encode(machine, table, most, tape.size, ends) for table, most in self._train(machine)]
        made += [self._encode(machine, table, most, tape.size) for table, most in self._watched(machine)]
        room = max(one.size for one in made)
        if tape.size + room >= MOST_NUMBERS:
            what = f"a card counts up to {MOST_NUMBERS:,} numbers, and this run has {tape.size + room:,}"
            raise CardError(what, where="cuda", hint="train on the processor")
        tables, results = (
            sum(one.cells.nbytes for one in made),
            MAX_STEPS * len(tape.stages) * abi.TRACE_COLUMNS * 2 * self.itemsize,
        )
        need = (tape.size + room) * self.itemsize + sum(array.nbytes for array in data) + tables + results
        free = driver.free_memory()
        if need > USABLE * free:
            what = f"{need / 1e9:.1f} GB are needed and {free / 1e9:.1f} are free on the card"
            raise CardError(what, where="cuda", hint="nvidia-smi shows what else runs on the card")
        return room

    def _build(self, machine: CudaMachine) -> None:
        """Tables, stages and the program."""
        tape, ends = machine.tape, ends_of(machine.tape)
        self.memory = Buffer((tape.size + self.room) * self.itemsize)
        near = (self.evaluation_at + self.room) * self.itemsize
        self.shared = near if self.schedule == "block" and near <= self.card.shared else 0
        if self.shared:
            self.advance_function.allow_shared(self.shared)
        at = self.evaluation_at if self.shared else tape.size
        full, *tail = [self._encode(machine, table, most, at, ends) for table, most in self._train(machine)]
        self.clock, self.barrier = Buffer(abi.CLOCK_SIZE * 8), Buffer(8)
        line = MAX_STEPS * len(tape.stages) * self.itemsize
        self.trace, self.rates = Buffer(line * abi.TRACE_COLUMNS), Buffer(line)
        self.epochs, self.loss_sum = Buffer(MAX_EPOCHS * abi.EPOCH_COLUMNS * 8), Buffer(8)
        self.order, self.draws = self._on_card(machine.order), Buffer(machine.order.nbytes)
        self.starts = full.starts
        p = np.array(machine.program)
        p[abi.PROGRAM_STAGES] = self._keep(np.array([_stage(stage, full) for stage in tape.stages], np.int64))
        p[abi.PROGRAM_FULL] = self._keep(full.cells)
        p[abi.PROGRAM_TAIL] = self._keep(tail[0].cells) if tail else p[abi.PROGRAM_FULL]
        p[abi.PROGRAM_ORDER], p[abi.PROGRAM_DRAWS] = self.order.address, self.draws.address
        p[abi.PROGRAM_TRACE], p[abi.PROGRAM_RATES] = self.trace.address, self.rates.address
        p[abi.PROGRAM_EPOCHS], p[abi.PROGRAM_LOSS_SUM] = self.epochs.address, self.loss_sum.address
        p[abi.PROGRAM_MEMORY], p[abi.PROGRAM_CLOCK] = self.memory.address, self.clock.address
        p[abi.PROGRAM_BARRIER], p[abi.PROGRAM_JOB] = self.barrier.address, 0
        p[abi.PROGRAM_SHARED] = self.evaluation_at if self.shared else 0
        p[abi.PROGRAM_WIDTH] = full.cells.shape[1]
        self._watch(p, [self._encode(machine, table, most, tape.size) for table, most in self._watched(machine)])
        self.program, self.on_card = p, buffer_of(p)
        self._seen = (-1, 0)

    def _watch(self, p: NDArray[np.int64], made: Sequence[Encoded]) -> None:
        """The tables of the rows that are evaluated at the end of an epoch."""
        if not made:
            p[abi.PROGRAM_EVAL_EVERY] = 0
            return
        p[abi.PROGRAM_EVAL], p[abi.PROGRAM_EVAL_TAIL] = self._keep(made[0].cells), self._keep(made[-1].cells)
        p[abi.PROGRAM_EVAL_COUNT] = len(made[0].cells)

    def _train(self, machine: CudaMachine) -> list[tuple[Table, Table]]:
        """The tables of a step, each with that of the largest batch."""
        tables = [machine.full_table] if machine.tail_table is None else [machine.full_table, machine.tail_table]
        return [(table, machine.full_table) for table in tables]

    def _watched(self, machine: CudaMachine) -> list[tuple[Table, Table]]:
        """The same of what is evaluated at the end of an epoch."""
        rows = machine.watched
        if rows is None or not machine.program[abi.PROGRAM_EVAL_EVERY]:
            return []
        return [(table, rows.table) for table in (rows.table, rows.tail) if table is not None]

    def _encode(
        self, machine: CudaMachine, table: Table, largest: Table, room: int, ends: Sequence[int] = ()
    ) -> Encoded:
        """A table for the card; that of a step is the one with `ends`."""
        launch = Launch(self.threads, self.blocks, self.groups if ends else 0, machine.tf32)
        return encode(
            machine.tape,
            table,
            self._codes,
            launch,
            room,
            largest=largest.n,
            ends=ends,
            there=self._there,
            turns=self.turns,
        )

    def _there(self, here: int) -> int:
        """The address on the card of an array that is there by now; 0 for the order, which the clock names."""
        if here == self._order_here and not self.groups:
            return 0
        return self._data[here].address if self._data else here

    def _keep(self, array: NDArray[Any]) -> int:
        self._tables.append(buffer_of(array))
        return self._tables[-1].address

    def _on_card(self, array: NDArray[Any]) -> Buffer:
        return self._data[array.ctypes.data]

    # -- running ---------------------------------------------------------------------------------------------------

    def advance(self, machine: CudaMachine, steps: int) -> int:
        """Trains for up to so many steps, in launches of at most `LAUNCH` seconds; returns how many were taken."""
        driver.use()
        taken = epochs = 0
        machine.program[[abi.PROGRAM_STEPS_DONE, abi.PROGRAM_EPOCH_COUNT]] = 0
        self._send(machine)
        count = machine.steps_a_launch or _FIRST_STEPS
        while taken < steps:
            begun = time.perf_counter()
            asked = min(count, steps - taken)
            done, ended = self._launch(machine, taken, asked, epochs)
            taken, epochs = taken + done, epochs + ended
            machine.program[[abi.PROGRAM_STEPS_DONE, abi.PROGRAM_EPOCH_COUNT]] = taken, epochs
            per_step = (time.perf_counter() - begun) / max(1, done)
            count = max(1, min(MAX_STEPS, int(LAUNCH / per_step), 4 * count))
            if machine.stop or done < asked or machine.cells[abi.CLOCK_FAULT]:
                break
        machine.steps_a_launch = count
        self._fetch(machine)
        return taken

    def _send(self, machine: CudaMachine) -> None:
        self.memory.write(machine.memory)
        self.loss_sum.write(machine._loss_sum)

    def _fetch(self, machine: CudaMachine) -> None:
        """Brings everything here. A card that fails in a copy spoils half of it: what training goes on with is put in
        place once all is here; the rest, which a step computes anew, is then as in a machine that took none."""
        kept, rest = self._kept, machine.memory[self._kept.size :]
        self.memory.read(kept)
        try:
            self.memory.read(rest, kept.nbytes)
        except CardError:
            rest[...] = 0
            raise
        machine.memory[: kept.size] = kept

    def _launch(self, machine: CudaMachine, at: int, steps: int, epochs: int) -> tuple[int, int]:
        """Runs so many steps, whose rates begin at row `at`; returns how many were taken, and the epochs that ended."""
        cells = np.array(machine.cells)
        seed, shuffled = self._seen
        cells[abi.CLOCK_SHUFFLED] = shuffled if int(cells[abi.CLOCK_SEED]) == seed else 0
        cells[abi.CLOCK_ORDER] = self.order.address
        self.clock.write(cells)
        self.rates.write(np.ascontiguousarray(machine.rates[at : at + steps], machine.dtype))
        p = self.program
        p[abi.PROGRAM_STEPS_DONE] = p[abi.PROGRAM_EPOCH_COUNT] = 0
        p[abi.PROGRAM_EPOCH_CAPACITY] = MAX_EPOCHS - epochs
        self.on_card.write(p)
        self.barrier.clear()  # it counts to 2³², which takes a minute where steps are short
        self.advance_function.launch(
            self.blocks, self.threads, self.shared, self.on_card.address, steps, together=self.schedule != "block"
        )
        self.on_card.read(p)
        self.clock.read(cells)
        self._seen = (int(cells[abi.CLOCK_SEED]), int(cells[abi.CLOCK_SHUFFLED]))
        cells[[abi.CLOCK_SHUFFLED, abi.CLOCK_ORDER]] = 0  # the order is on the card only
        machine.cells[:] = cells
        done, ended = int(p[abi.PROGRAM_STEPS_DONE]), int(p[abi.PROGRAM_EPOCH_COUNT])
        self.trace.read(machine.trace[at : at + min(steps, done + 1)])
        self.epochs.read(machine.epochs[epochs : epochs + ended])
        self.loss_sum.read(machine._loss_sum)
        return done, ended


def is_small(tape: Tape) -> bool:
    """Whether one block has a run of this tape, where nobody says who is to have it."""
    return tape.layout.bounds["evaluation"][0] <= _SMALL


def function_name(block: bool, called: str) -> str:
    """The function that a run launches: for one block or for all of them, "advance" or "table"."""
    return f"{'block' if block else 'grid'}_{called}"


def _words_about_tf32(table: Table) -> str:
    count = sum(cards_of(row, table.n, tf32=True) is not cards_of(row, table.n, tf32=False) for row in table.rows)
    return f", {counted(count, 'product')} in TF32" if count else ", no product large enough for TF32"


def _stage(stage: Stage, encoded: Encoded) -> list[int]:
    """A stage as the loop reads it, its rows counted as the card does."""
    named, rows, starts = stage.named, stage.rows, encoded.starts
    line = [0] * abi.STAGE_SIZE
    line[abi.STAGE_FIRST], line[abi.STAGE_FINISH_AT] = int(starts[rows.first]), int(starts[rows.finish_at])
    line[abi.STAGE_UPDATE_AT], line[abi.STAGE_END] = int(starts[rows.update_at]), int(starts[rows.end])
    line[abi.STAGE_EVERY] = stage.objective.every
    line[abi.STAGE_LOSS], line[abi.STAGE_NORM] = named["loss"].offset, named["norm"].offset
    line[abi.STAGE_RATE_AT] = named["optimizer"].offset
    line[abi.STAGE_FLAGS], line[abi.STAGE_FLAGS_COUNT] = named["finite_flags"].offset, named["finite_flags"].size(1)
    return line
