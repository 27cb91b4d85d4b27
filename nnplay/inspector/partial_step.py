"""Stopping in the middle of a step: the machine's memory is borrowed, and the state put back afterwards."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import pairwise
from typing import Any

from numpy.typing import NDArray

from nnplay.tape.machines.machine import Machine, Table
from nnplay.tape.memory_layout import STATE, Slot
from nnplay.tape.not_copied import NotCopied
from nnplay.tape.override import Override
from nnplay.tape.tape import Row
from nnplay.training.state.initial_state import view_of_slot
from nnplay.training.trainer import Trainer

Array = NDArray[Any]


class PartialStep(NotCopied, abc.ABC):
    """Runs the first rows of the present step as often as it is asked.

    Attributes:
        rows, table, n: the rows of a step, encoded for the n rows of the present batch.
        overrides: numbers that are put in place of what rows write.
    """

    rows: list[Row]
    table: Table
    n: int

    def __init__(self) -> None:
        self.overrides: tuple[Override, ...] = ()
        self._saved: Array | None = None
        self._parked = -1
        self._batches_done: set[int] = set()

    @property
    @abc.abstractmethod
    def trainer(self) -> Trainer:
        """The one whose step it is."""

    @property
    def machine(self) -> Machine:
        """The trainer's machine."""
        return self.trainer.machine

    @property
    def batch_words(self) -> tuple[str, ...]:
        """Which batch of a step is shown, for readers, where a step takes several."""
        count = self.machine.step_batches
        return (f"the first of a step's {count} batches",) if count > 1 else ()

    def begin_again(self) -> None:
        """Rows are run again from the first one when they are looked at next; needed after overrides have changed."""
        self._parked = -1

    @contextmanager
    def pause_before(self, row: int) -> Iterator[None]:
        """Within the block, memory is as it is right before `row` runs; then the state is the beginning's again."""
        try:
            if self._parked == row + 1 and self._remakes(row):
                self._parked = row
            if self._parked < 0 or self._parked > row:
                self.machine.shuffle()
                rates = self.trainer.stage_rates()[0]
                for stage, rate in zip(self.machine.tape.stages, rates, strict=True):
                    self.machine.view(stage.named["optimizer"])[0] = rate
                self._parked = 0
                self._batches_done.clear()
            self.run_to(row)
            yield
        finally:
            if self._saved is not None:
                self.machine.state()[...] = self._saved
                self._saved, self._parked = None, -1

    def _remakes(self, number: int) -> bool:
        """Whether a row can simply be run once more: it makes its results anew from what it leaves alone."""
        if number + 1 in self._batches_done:  # a later batch has left its numbers there
            return False
        row = self.rows[number]
        same = {id(slot) for slot in row.reads} & {id(slot) for slot in row.writes}
        return not (any(row.adds) or same or any(slot.region in STATE for slot in row.writes) or self.overrides)

    def run_to(self, row: int) -> None:
        """Within `pause_before`: runs on until right before `row`.

        What is run once a step needs all of its batches. The first one is looked at; the others run here, in between.
        """
        active = self.machine.active_rows()
        for stage in self.machine.tape.stages:
            finish = stage.rows.finish_at
            runs = any(begin <= stage.rows.first < end for begin, end in active)
            if runs and finish <= row and finish not in self._batches_done:
                self._run_rows(finish)
                self.machine.run_further_batches(stage.rows)
                if self.machine.step_batches > 1:
                    self._batches_done.add(finish)
        self._run_rows(row)

    def run_through(self, number: int) -> None:
        """Within `pause_before`: runs on until right behind row `number`, before any other batch of the step."""
        self.run_to(number)
        self._run_rows(number + 1)

    def clock_of(self, number: int) -> AbstractContextManager[None]:
        """Within the block the clock is as row `number` reads it: rows of a batch count batches, not steps."""
        is_of_batch = any(stage.rows.first <= number < stage.rows.finish_at for stage in self.machine.tape.stages)
        return self.machine.first_batch() if is_of_batch else nullcontext()

    def _run_rows(self, row: int) -> None:
        if self._saved is None and row > self._first_changing_row():
            self._saved = self.machine.state().copy()
        for begin, end in self.machine.active_rows():
            for first, last in self._pieces(max(begin, self._parked), min(end, row)):
                with self.clock_of(first):
                    self._run_piece(first, last)
        self._parked = max(self._parked, row)

    def _pieces(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Rows `first` … `last - 1`, cut where rows of a batch meet such as are run once a step."""
        ends = (place for stage in self.machine.tape.stages for place in (stage.rows.first, stage.rows.finish_at))
        cuts = [place for place in ends if first < place < last] if self.machine.step_batches > 1 else []
        return pairwise([first, *cuts, last]) if first < last else iter(())

    def _run_piece(self, first: int, last: int) -> None:
        if not self.overrides:
            self.machine.run_table(self.table, last, first)
            return
        for number in range(first, last):
            self.machine.run_table(self.table, number + 1, number)
            self._put_overrides(number)

    def _first_changing_row(self) -> int:
        """The first row that changes the state."""
        changing = (k for k, row in enumerate(self.rows) if any(slot.region in STATE for slot in row.writes))
        return next(changing, len(self.rows))

    def _put_overrides(self, number: int) -> None:
        for item in self.overrides:
            slot = self.machine.tape.layout.find(item.slot)
            if any(_covers(written, slot, self.n) for written in self.rows[number].writes):
                view = self.machine.view(slot, self.n)
                view[item.at] = self._at_first(slot)[item.at] if item.value is None else item.value

    def _at_first(self, slot: Slot) -> Array:
        """A slot of the state as it was when the step began."""
        if self._saved is None:
            return self.machine.view(slot)
        return view_of_slot(self._saved, self.machine, slot)


def _covers(written: Slot, slot: Slot, n: int) -> bool:
    return written.offset <= slot.offset < written.offset + written.size(n)
