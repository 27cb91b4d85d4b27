"""Runs a tape on a graphics card: training there, in launches of many steps; all that is looked at, here.

Memory here is a copy of that on the card, sent before a call and fetched behind it, so views are as live as on a
processor. Where the card cannot be used, or no longer, the processor goes on from the same step.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnplay.errors import NnplayError
from nnplay.kernels import abi
from nnplay.kernels.compile import notices
from nnplay.kernels.compile.background import Compilation
from nnplay.kernels.cuda import driver, module
from nnplay.tape.machines.card_run import USABLE, CardRun, function_name, is_small
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.cuda_table import kernels_of, lacking, turns_of
from nnplay.tape.machines.machine import MAX_STEPS, Array, EvalRows, Progress
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Tape


class CudaMachine(CpuMachine):
    """A tape whose training steps a graphics card takes.

    Args:
        tape, dtype, threads, progress, wait: as for `CpuMachine`.
        tf32: products are in TF32 where that is worth it; it has no effect on numbers of 64 bits.

    Attributes:
        schedule: one of `card_run.SCHEDULES`; "" lets size decide.
        tf32: whether that was asked for, of numbers of 32 bits.
        why_not: why the processor trains instead; empty while the card does.
        failed: the card was to train, and could not, or could not go on.
        steps_a_launch: so many steps take about `LAUNCH` seconds; 0 before any was taken.
    """

    schedule = ""

    def __init__(
        self,
        tape: Tape,
        *,
        dtype: str = "float32",
        threads: int = 1,
        progress: Progress | None = None,
        wait: bool = True,
        tf32: bool = False,
    ) -> None:
        super().__init__(tape, dtype=dtype, threads=threads, progress=progress, wait=wait)
        self.tf32 = tf32 and dtype == "float32"
        self.why_not = _reason(tape, dtype)
        self.failed = False
        self.steps_a_launch = 0
        self._run: CardRun | None = None
        self._waits = wait
        self._code: module.CodeForCards | None = None

    @property
    def awaited(self) -> Compilation | None:
        """What the next step waits for: kernels of the processor, then the code for the card."""
        code = self._code
        return self.compiling or (None if self.why_not or code is None or code.over else code)

    @property
    def watched(self) -> EvalRows | None:
        """What is evaluated within `advance`."""
        return self._watched

    def load(
        self, arrays: Mapping[str, Array], *, batch: int, fewest: int = 1, shuffle: bool = True, accumulate: int = 1
    ) -> None:
        """Gives the training rows: arrays (rows, …) by name, copied in the tape's type."""
        super().load(arrays, batch=batch, fewest=fewest, shuffle=shuffle, accumulate=accumulate)
        self._run = None
        if not self.why_not:
            self._code = self._begin_code()

    def watch(self, rows: EvalRows, every: int, average: bool = False) -> None:
        """Evaluates those rows within `advance`, at the end of every `every`-th epoch (0: never)."""
        super().watch(rows, every, average)
        self._run = None

    def value_after_step(self, slot: Slot) -> Array:
        """What the last training step left in a slot."""
        return super().value_after_step(slot) if self._run is None else self.view(slot)

    def prepare(self) -> bool:
        """Waits for what is still being compiled, and has all on the card that a step needs; where that cannot be, the
        processor is to train. Returns False if `stop` ended the waiting."""
        if not super().prepare():
            return False
        if self.why_not:
            return True
        if self._code is not None and not self._code.wait(lambda: self.stop):
            return False
        try:
            if self._code is not None and self._code.error is not None:
                raise self._code.error
            if self._run is None or self._run.turns != turns_of(self.tape, self.memory):
                self._run = None  # its memory on the card is free before the next one asks for some
                self._run = self._begin()
        except NnplayError as error:
            self._give_up(error)
        return True

    def advance(self, steps: int) -> int:
        """Trains for up to `steps` (at most `MAX_STEPS`); returns how many were taken."""
        if not self.prepare():
            self.program[[abi.PROGRAM_STEPS_DONE, abi.PROGRAM_EPOCH_COUNT]] = 0
            return 0
        if self._run is None:
            return super().advance(steps)
        clock, loss_sum = np.array(self.cells), np.array(self._loss_sum)
        try:
            return self._run.advance(self, min(steps, MAX_STEPS))
        except NnplayError as error:
            self._give_up(error)
            # Memory here is that of before this call, so the clock has to be, too.
            self.cells[:], self._loss_sum[:] = clock, loss_sum
            self.program[[abi.PROGRAM_STEPS_DONE, abi.PROGRAM_EPOCH_COUNT]] = 0
            return super().advance(steps)

    def _give_up(self, error: NnplayError) -> None:
        self._run, self.why_not, self.failed = None, describe_failure(error), True
        notices.once(f"the processor goes on, because {self.why_not}")

    @property
    def where(self) -> str:
        """What runs where and why, in words."""
        if self.why_not:
            return f"the processor, because {self.why_not}"
        return driver.card().name if self._run is None else self._run.where

    @property
    def word(self) -> str:
        """What trains, in a word for a line with little room; empty: the processor, and nothing has happened."""
        if self.failed:
            return "cpu (card failed)"
        return "" if self.why_not else driver.card().short_name + (" TF32" if self.tf32 else "")

    @property
    def data(self) -> list[Array]:
        """The arrays that gathering rows read."""
        return [*self._data, *(() if self._watched is None else self._watched.data)]

    def _begin(self) -> CardRun:
        return CardRun(self, self.data, self.schedule)

    def _begin_code(self) -> module.CodeForCards | None:
        """Begins to compile what a run launches; None where it is there, or cannot be waited for as it cannot be."""
        block = self.schedule == "block" or (not self.schedule and is_small(self.tape))
        begun = module.begin(function_name(block, "advance"), tuple(kernels_of(self.tape, self.tf32)), self.dtype.name)
        if begun is not None and self._waits:
            begun.wait()
            if begun.error is not None:
                self.why_not, self.failed = describe_failure(begun.error), True
        return begun


def describe_failure(error: NnplayError) -> str:
    """What is wrong, and what can be done."""
    return f"{error.what}; {error.hint}" if error.hint else error.what


def _reason(tape: Tape, dtype: str) -> str:
    """Why a card cannot train this; empty if it can."""
    missing = lacking(tape)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"there is no CUDA form of {missing[0]}{more}"
    try:
        found = driver.card()
    except NnplayError as error:
        return describe_failure(error)
    need, have = tape.size * np.dtype(dtype).itemsize, found.memory
    return f"{need / 1e9:.1f} GB are needed and the card has {have / 1e9:.1f}" if need > USABLE * have else ""
