"""Stopping in the middle of a step: the machine's memory is borrowed, and the state put back afterwards."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from contextlib import contextmanager
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

    @property
    @abc.abstractmethod
    def trainer(self) -> Trainer:
        """The one whose step it is."""

    @property
    def machine(self) -> Machine:
        """The trainer's machine."""
        return self.trainer.machine

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
            self.run_to(row)
            yield
        finally:
            if self._saved is not None:
                self.machine.state()[...] = self._saved
                self._saved, self._parked = None, -1

    def _remakes(self, number: int) -> bool:
        """Whether a row can simply be run once more: it makes its results anew from what it leaves alone."""
        row = self.rows[number]
        same = {id(slot) for slot in row.reads} & {id(slot) for slot in row.writes}
        return not (any(row.adds) or same or any(slot.region in STATE for slot in row.writes) or self.overrides)

    def run_to(self, row: int) -> None:
        """Within `pause_before`: runs on until right before `row`."""
        if self._saved is None and row > self._first_changing_row():
            self._saved = self.machine.state().copy()
        finish = self.machine.tape.stages[0].rows.finish_at
        if self._parked < finish <= row:  # what is run once a step needs all of its blocks; the first one is looked at
            self._run_rows(finish)
            self.machine.run_further_batches(self.machine.tape.stages[0].rows)
        self._run_rows(row)

    def _run_rows(self, row: int) -> None:
        for begin, end in self.machine.active_rows():
            first, last = max(begin, self._parked), min(end, row)
            if not self.overrides and first < last:
                self.machine.run_table(self.table, last, first)
            for number in range(first, last) if self.overrides else ():
                self.machine.run_table(self.table, number + 1, number)
                self._put_overrides(number)
        self._parked = max(self._parked, row)

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
