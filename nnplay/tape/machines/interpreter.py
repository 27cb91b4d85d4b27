"""Runs rows in plain NumPy by their definitions: slow, readable, and what the compiled kernels are held to."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.arguments import kind_of
from nnplay.kernels import abi
from nnplay.tape.machines.averaged import averaged_weights
from nnplay.tape.machines.host_machine import HostMachine, no_addresses
from nnplay.tape.machines.machine import MAX_EPOCHS, MAX_STEPS, EvalRows, Machine, Progress, Table
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Bounds, Stage, Tape

Array = NDArray[Any]


def run_rows(machine: Machine, table: Table, last: int, first: int = 0) -> None:
    """Runs rows `first` … `last - 1` of a table once."""
    with np.errstate(all="ignore"):  # what is not finite shows in the numbers, as it does in the loop
        for number in range(first, last):
            run_row(machine, table, number)


def run_row(machine: Machine, table: Table, number: int) -> None:
    """Runs one row: the outputs of its definition are written, or added where the row adds."""
    row = table.rows[number]
    for slot, adds, result in zip(row.writes, row.adds, results_of(machine, table, number), strict=True):
        view = machine.view(slot, table.n)
        shaped = np.asarray(result).reshape(view.shape)
        view[...] = view + shaped if adds else shaped


def results_of(machine: Machine, table: Table, number: int, exact: bool = False) -> tuple[Array, ...]:
    """What a row's definition gives for the memory as it is, one array for each output.

    Args:
        exact: compute in float64, whatever the machine's type.
    """
    row, line = table.rows[number], table.cells[number]
    operation = row.operation
    dtype = np.float64 if exact else machine.dtype
    reads = [machine.view(slot, table.n).astype(dtype) for slot in row.reads]
    given: dict[str, Any] = {name: int(line[abi.ROW_INTEGERS + k]) for k, name in enumerate(operation.integers)}
    if operation.uses_clock:
        given["clock"] = machine.clock_values
    if not operation.reads:
        given |= {"shapes": tuple(slot.at(table.n) for slot in row.writes), "dtype": machine.dtype}
    outcome = operation.reference(*reads, **given)
    results = outcome if isinstance(outcome, tuple) else (outcome,)
    if operation.writes[-1] == "finite_flags":
        results += (np.full(row.parts, np.sum(results[0] - results[0])),)
    return results


class InterpretedMachine(HostMachine):
    """A machine that compiles nothing: it trains with the definitions, about a thousand times slower than the loop.

    Args:
        tape, dtype: as `nnplay.tape.machines.machine.MachineMaker` says; nothing comes of threads and progress.
    """

    def __init__(
        self, tape: Tape, *, dtype: str = "float32", threads: int = 1, progress: Progress | None = None
    ) -> None:
        kind_of(tape, Tape, "tape", "machine")
        super().__init__(tape, dtype, no_addresses(tape.kernels()))
        self.steps_taken = 0
        self._epoch_count = 0
        self._watched: tuple[EvalRows, int, bool] | None = None

    @property
    def finished_epochs(self) -> Array:
        """A row for each epoch that ended in the last call: its number, training loss, evaluated loss and score."""
        return self.epochs[: self._epoch_count]

    def value_after_step(self, slot: Slot) -> Array:
        """What the last training step left in a slot."""
        return self.view(slot)

    def watch(self, rows: EvalRows, every: int, average: bool = False) -> None:
        """Evaluates those rows within `advance`, at the end of every `every`-th epoch (0: never)."""
        self._watched = (rows, every, average) if every else None

    def run_table(self, table: Table, last: int, first: int = 0) -> None:
        """Runs rows `first` … `last - 1` of a table once."""
        run_rows(self, table, last, first)

    def advance(self, steps: int) -> int:
        """Trains for up to `steps` (at most `MAX_STEPS`); returns how many were taken."""
        self.steps_taken = self._epoch_count = 0
        for s in range(min(steps, MAX_STEPS)):
            self.shuffle()
            left = self._rows_left()
            fault = self._step(left, self.rates[s], self.trace[s])
            if fault != abi.FAULT_NONE:
                self.cells[abi.CLOCK_FAULT] = fault
                break
            every = self.tape.stages[0].objective.every
            if self.clock.step % every == 0:
                self.loss_sum += float(self.trace[s, 0, 0]) * left * every
            self.cells[[abi.CLOCK_STEP, abi.CLOCK_BATCH]] += 1
            self.steps_taken += 1
            if self.cells[abi.CLOCK_BATCH] == self.batches:
                self._end_epoch()
            if self.stop or self._epoch_count == MAX_EPOCHS:
                break
        return self.steps_taken

    def _step(self, left: int, rates: Array, trace: Array) -> int:
        """One step over so many rows of data; returns what is wrong, or 0."""
        for k, stage in enumerate(self.tape.stages):
            trace[k] = math.nan
            if self.clock.step % stage.objective.every:
                continue
            fault = self._run_stage(left, k, stage, float(rates[k]), trace[k])
            if fault != abi.FAULT_NONE:
                self.cells[abi.CLOCK_FAULT_STAGE] = k
                if k > 0 or fault == abi.FAULT_PARAMETER:
                    self.state()[...] = self.view(self.tape.named["last_good"])
                return fault
        return abi.FAULT_NONE

    def _run_batches(self, left: int, bounds: Bounds) -> Table:
        """Runs the rows of each batch of a step, each with random numbers of its own; returns the last one's table."""
        step, before, number, table = self.clock.step, 0, 0, self.full_table
        while before < left:
            table = self._table_of(left - before)
            self.cells[abi.CLOCK_OFFSET], self.cells[abi.CLOCK_STEP] = before, step * self.step_batches + number
            self.run_table(table, bounds.finish_at, bounds.first)
            before, number = before + table.n, number + 1
        self.cells[abi.CLOCK_OFFSET], self.cells[abi.CLOCK_STEP] = 0, step
        return table

    def _run_stage(self, left: int, k: int, stage: Stage, rate: float, line: Array) -> int:
        named, (_, update_at, end, finish_at) = stage.named, stage.rows
        self.view(named["optimizer"])[0] = rate
        table = self._run_batches(left, stage.rows)
        self.run_table(table, update_at, finish_at)
        line[:] = self.view(named["loss"])[0], self.view(named["norm"])[0], rate
        if not np.isfinite(line[:2]).all():
            return abi.FAULT_LOSS
        if k == 0 and self.clock.step % self.last_good_every == 0:
            self.keep_last_good()
        self.run_table(table, update_at if k in self.resting else end, update_at)
        return abi.FAULT_NONE if np.isfinite(self.view(named["finite_flags"])).all() else abi.FAULT_PARAMETER

    def _end_epoch(self) -> None:
        self.cells[abi.CLOCK_BATCH] = 0
        self.cells[abi.CLOCK_EPOCH] += 1
        epoch, found = self.clock.epoch, (math.nan, math.nan)
        if self._watched is not None and epoch % self._watched[1] == 0:
            rows, _, averaged = self._watched
            with averaged_weights(self) if averaged else nullcontext():
                found = self.evaluate(rows)
        self.epochs[self._epoch_count] = epoch, self.loss_sum / self.row_count, *found
        self._epoch_count += 1
        self.loss_sum = 0.0
