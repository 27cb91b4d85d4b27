"""What runs a tape: the door behind which a processor, plain NumPy or a graphics card stands.

`cpu_machine` beside it has the one that trains. `interpreter` has one without compiled kernels, which shows how little
another one needs; a test holds the two together.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.kernels.compile.background import Compilation
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Bounds, Row, Tape
from nnplay.text import shown

Array = NDArray[Any]
Progress = Callable[[int, int, str], None]
#: Steps in one call at the most, and epochs that may end in it: results of a call are this long.
MAX_STEPS: Final = 16_384
MAX_EPOCHS: Final = 4_096


class Clock(NamedTuple):
    """Where a run stands; everything random is a function of it.

    Attributes:
        seed: of the order of the data, dropout and noise.
        step: steps taken since the initial weights.
        epoch: whole passes over the training rows.
        batch: batches done within the epoch.
    """

    seed: int = 0
    step: int = 0
    epoch: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Why training stopped by itself.

    Attributes:
        stage: number of the stage that met a number that is not finite.
        in_update: it is a parameter after an update; else the loss, or the length of the gradient.
        step: how many steps had been taken; the next one could not be.
        kept: after how many steps the weights were as they are now.
    """

    stage: int
    in_update: bool
    step: int
    kept: int


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows encoded for a batch of n rows, (rows, width)."""

    cells: NDArray[np.int64]
    rows: Sequence[Row]
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class EvalRows:
    """A part of the data, loaded for evaluation by one stage.

    Attributes:
        table: for a full batch; `tail` for the last, smaller one, if there is one.
        count, size: rows of the data, and of a full batch.
        data: arrays that the tables read, which live as long as they do.
    """

    stage: int
    table: Table
    tail: Table | None
    count: int
    size: int
    data: tuple[Array, ...]

    @property
    def batches(self) -> int:
        """Batches of one evaluation."""
        return -(-self.count // self.size)


class Machine(Protocol):
    """A tape with its memory.

    Views are of memory in this process. A machine whose memory is elsewhere keeps a copy here, fetches what is asked
    for, and sends it back before it runs again.

    Attributes:
        tape, dtype: what is run, and the type of its numbers.
        rates: learning rates of the next call's steps, (steps, stages), written before it.
        trace: what each stage of each step of the last call came to, (steps, stages, 3): loss, gradient norm, learning
            rate; NaN where a stage sat a step out.
        steps_taken: steps of the last call.
        step_batches: batches of a full step.
        loss_sum: sum of the losses of the epoch so far, each counted once for every row of its batch.
        stop: makes a call that is under way end after the present step; any thread may set it.
        nbytes: bytes of its memory.
        last_good_step: the step whose state stands in the last-good copy.
    """

    tape: Tape
    dtype: np.dtype[Any]
    rates: Array
    trace: Array
    clock: Clock
    loss_sum: float
    stop: bool
    step_batches: int

    @property
    def steps_taken(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    @property
    def compiling(self) -> Compilation | None:
        """The kernels that it still waits for: until then it answers by the definitions in NumPy, and cannot train."""

    @property
    def awaited(self) -> Compilation | None:
        """What the next step waits for: those kernels, or the code of a card that is to train."""

    @property
    def last_good_step(self) -> int: ...

    @property
    def batches(self) -> int:
        """Batches of an epoch."""

    @property
    def finished_epochs(self) -> Array:
        """A row for each epoch that ended in the last call: its number, training loss, evaluated loss and score."""

    @property
    def current_batch(self) -> Table:
        """The rows of the next step, for its batch."""

    @property
    def clock_values(self) -> dict[str, int]:
        """The clock as definitions read it: with `offset`, the rows of the step in front of the present batch."""

    def rest(self, stages: Iterable[int]) -> None:
        """Has these stages update nothing from the next step on, and all others train."""

    def active_rows(self) -> list[tuple[int, int]]:
        """First and last + 1 of the rows of `Tape.train` that the next step runs, in pieces without a gap."""

    def load(
        self, arrays: Mapping[str, Array], *, batch: int, fewest: int = 1, shuffle: bool = True, accumulate: int = 1
    ) -> None:
        """Gives the training rows: arrays (rows, …) by name, copied in the tape's type; `accumulate` batches a step.

        A last batch of less than `fewest` rows is left out.
        """

    def load_eval(self, arrays: Mapping[str, Array], stage: int = 0) -> EvalRows:
        """Gives rows for `evaluate` and `watch`."""

    def watch(self, rows: EvalRows, every: int, average: bool = False) -> None:
        """Evaluates those rows within `advance`, at the end of every `every`-th epoch (0: never).

        Args:
            average: with the averaged weights, as soon as there is an average.
        """

    def view(self, slot: Slot, n: int | None = None) -> Array:
        """A live, writable view of a slot, shaped for a batch of n rows (by default a full one)."""

    def value_after_step(self, slot: Slot) -> Array:
        """What the last training step left in a slot, or would have, had its rows been run one by one."""

    def state(self) -> Array:
        """Parameters, optimizer state and running statistics as one live vector."""

    def keep_last_good(self) -> None:
        """Takes the present state for the last good one."""

    def contents(self) -> dict[str, Array]:
        """Live views of all numbers that the next steps and what is shown of the last one depend on, by name."""

    def fill(self, contents: Mapping[str, Array]) -> None:
        """Takes over the contents of a machine that was made alike.

        Raises:
            InputError: it was made for another tape, or for other data.
        """

    def shuffle(self) -> None:
        """Puts the rows in the order of the present epoch; `run_table` reads it."""

    def run_table(self, table: Table, last: int, first: int = 0) -> None:
        """Runs rows `first` … `last - 1` of a table once."""

    def first_batch(self) -> AbstractContextManager[None]:
        """Within the block the clock is as rows of a step's first batch read it, where a step has several."""

    def run_further_batches(self, rows: Bounds) -> None:
        """Runs the rows of each batch of a step but its first one; nothing where a step has one."""

    def prepare(self) -> bool:
        """Does what the next step needs, and is no training: what is still being compiled is waited for.

        Returns:
            Whether it is there: `stop` ends the waiting.
        """

    def advance(self, steps: int) -> int:
        """Trains for up to `steps` (at most `MAX_STEPS`), once it is prepared; returns how many were taken."""

    def take_fault(self) -> Fault | None:
        """Why the last call stopped by itself; it is forgotten."""

    def evaluate(self, rows: EvalRows) -> tuple[float, float]:
        """Mean loss and score (share of right rows) of a part of the data."""

    def forward(self, x: Array, names: Sequence[str], stage: int = 0) -> dict[str, Array]:
        """Values of named evaluation slots for inputs x (N, …), each (N, …), computed batch by batch."""


class MachineMaker(Protocol):
    """What makes a machine, such as its class.

    Args:
        tape: from `nnplay.tape.assembler`.
        dtype: "float32", or "float64" for gradient checks.
        threads: 1, or more to share large rows among threads; the numbers are the same bit for bit.
        progress: called for kernels that must be compiled first, as `(done, total, name)`.
    """

    def __call__(
        self, tape: Tape, *, dtype: str = "float32", threads: int = 1, progress: Progress | None = None
    ) -> Machine: ...


def check_maker(given: MachineMaker) -> MachineMaker:
    """What was given to make a machine, if it can be called as a maker is.

    Raises:
        InputError: it cannot.
    """
    if not _takes_a_tape(given):
        hint = "give nn.InterpretedMachine, or leave it out for the compiled loop"
        raise InputError(f"{shown(given)} is not a machine", where="machine", hint=hint)
    return given


def _takes_a_tape(given: object) -> bool:
    if not callable(given):
        return False
    try:
        inspect.signature(given).bind(None, dtype="float32", threads=1, progress=None)
    except (TypeError, ValueError):  # what is written in C may have no signature
        return False
    return True
