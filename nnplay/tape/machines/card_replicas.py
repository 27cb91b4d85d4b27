"""Many runs of one tape at once on a graphics card: a block for each, with shapes, tables and data in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.cuda import driver
from nnplay.kernels.cuda.driver import Buffer, CardError, buffer_of
from nnplay.tape.machines.card_run import LAUNCH, USABLE, CardRun

if TYPE_CHECKING:
    from nnplay.tape.machines.cuda_machine import CudaMachine

#: Threads of each run: with so few, most runs fit on the card at once.
THREADS: Final = 32
#: Epochs that may end, and steps that may be taken, in one launch.
EPOCHS: Final = 64
STEPS: Final = 2048


class CardReplicas:
    """Runs that differ in their memory, their learning rates and their clocks.

    Args:
        machine: one of them, loaded with the data.
        data: arrays that gathering rows read.
        memories: what memory each begins with, (runs, numbers).
        seeds: of the order of the rows, dropout and noise of each.

    Attributes:
        faults: of each run: 0, or why it has stopped.
    """

    def __init__(
        self, machine: CudaMachine, data: Sequence[NDArray[Any]], memories: NDArray[Any], seeds: NDArray[np.int64]
    ) -> None:
        if machine.dtype != np.float32:
            raise CardError("many runs at once are for numbers of 32 bits", where="replicas", hint="--real float32")
        self.count = len(memories)
        run = self._run = CardRun(machine, data, "block", THREADS)
        if not run.shared:
            raise CardError("the network is too large to be trained many times at once", where="replicas")
        self.stride = run.memory.nbytes // 4
        need = self.count * (self.stride * 4 + 2 * run.draws.nbytes + STEPS * 16 * run.program[abi.PROGRAM_STAGE_COUNT])
        free = driver.free_memory()
        if need > USABLE * free:
            raise CardError(
                f"{self.count:,} runs need {need / 1e9:.1f} GB, and {free / 1e9:.1f} are free on the card",
                where="replicas",
                hint=f"give {int(USABLE * free * self.count / need):,}",
            )
        self._stages = int(run.program[abi.PROGRAM_STAGE_COUNT])
        self._lay_out(memories, seeds)

    def _lay_out(self, memories: NDArray[Any], seeds: NDArray[np.int64]) -> None:
        count, run = self.count, self._run
        whole = np.zeros((count, self.stride), np.float32)
        whole[:, : memories.shape[1]] = memories
        self.memory = buffer_of(whole)
        rows = run.draws.nbytes
        self._orders, self._draws = Buffer(count * rows), Buffer(count * rows)
        self._trace = Buffer(count * STEPS * self._stages * abi.TRACE_COLUMNS * 4)
        self._rates = Buffer(count * STEPS * self._stages * 4)
        self._epochs, self._loss_sums = Buffer(count * EPOCHS * abi.EPOCH_COLUMNS * 8), Buffer(count * 8)
        numbers = np.arange(count, dtype=np.int64)
        self._cells = np.zeros((count, abi.CLOCK_SIZE), np.int64)
        self._cells[:, abi.CLOCK_SEED] = seeds
        self._cells[:, abi.CLOCK_ORDER] = self._orders.address + numbers * rows
        self._clocks = buffer_of(self._cells)
        p = self._programs = np.tile(run.program, (count, 1))
        p[:, abi.PROGRAM_MEMORY] = self.memory.address + numbers * self.stride * 4
        p[:, abi.PROGRAM_CLOCK] = self._clocks.address + numbers * abi.CLOCK_SIZE * 8
        p[:, abi.PROGRAM_ORDER] = self._cells[:, abi.CLOCK_ORDER]
        p[:, abi.PROGRAM_DRAWS] = self._draws.address + numbers * rows
        p[:, abi.PROGRAM_TRACE] = self._trace.address + numbers * STEPS * self._stages * abi.TRACE_COLUMNS * 4
        p[:, abi.PROGRAM_EPOCHS] = self._epochs.address + numbers * EPOCHS * abi.EPOCH_COLUMNS * 8
        p[:, abi.PROGRAM_LOSS_SUM] = self._loss_sums.address + numbers * 8
        p[:, abi.PROGRAM_EPOCH_CAPACITY] = EPOCHS
        self._card_programs = buffer_of(p)
        self.seconds = 0.0

    @property
    def where(self) -> str:
        """What runs where, in words."""
        return f"{self._run.card.name}, {self.count:,} blocks of {THREADS} threads{self._run.tf32_words}"

    @property
    def faults(self) -> NDArray[np.int64]:
        """Of each run: 0, or why it has stopped."""
        return self._cells[:, abi.CLOCK_FAULT]

    def advance(self, rates: NDArray[Any], ended: Callable[[], bool] = lambda: False) -> list[NDArray[Any]]:
        """Trains all runs for as many steps as there are rates (runs or 1, steps); returns lines of finished epochs.

        Args:
            ended: asked between launches; True ends it.

        Returns:
            One array a launch, (runs, epochs, EPOCH_COLUMNS).
        """
        driver.use()
        found, at, steps, count = [], 0, rates.shape[1], 8
        batches = int(self._run.program[abi.PROGRAM_BATCHES])
        while at < steps and not ended():
            taken = min(count, steps - at, STEPS, EPOCHS * batches - batches)
            taken = max(1, taken)
            begun = time.perf_counter()
            found.append(self._launch(rates[:, at : at + taken]))
            spent = time.perf_counter() - begun
            at += taken
            count = max(1, min(STEPS, int(LAUNCH * taken / spent), 4 * count))
        return found

    def _launch(self, rates: NDArray[Any]) -> NDArray[Any]:
        steps, run, p = rates.shape[1], self._run, self._programs
        sent = np.ascontiguousarray(np.repeat(rates, self._stages, axis=1), np.float32)
        self._rates.write(sent)
        own = np.arange(self.count) if len(rates) > 1 else np.zeros(self.count, np.int64)
        p[:, abi.PROGRAM_RATES] = self._rates.address + own * sent.shape[1] * 4
        p[:, [abi.PROGRAM_STEPS_DONE, abi.PROGRAM_EPOCH_COUNT]] = 0
        self._card_programs.write(p)
        begun = time.perf_counter()
        run.advance_function.launch(self.count, THREADS, run.shared, self._card_programs.address, steps, together=False)
        self.seconds += time.perf_counter() - begun
        self._card_programs.read(p)
        self._clocks.read(self._cells)
        lines = np.zeros((self.count, EPOCHS, abi.EPOCH_COLUMNS))
        self._epochs.read(lines)
        counts = p[:, abi.PROGRAM_EPOCH_COUNT]
        lines[np.arange(EPOCHS) >= counts[:, None]] = np.nan
        return lines[:, : int(counts.max())]

    def memories(self) -> NDArray[Any]:
        """Memory of each run, (runs, numbers)."""
        whole = np.zeros((self.count, self.stride), np.float32)
        self.memory.read(whole)
        return whole
