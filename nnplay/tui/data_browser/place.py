"""Where the user is in a data set: row, column, batch, and what of them is on the screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nnplay.data.profile.balance import Balance, measure_balance
from nnplay.data.profile.batch import Batch, lay_out_batch
from nnplay.data.profile.profile import Profile
from nnplay.tui.widgets.scroll_place import ScrollPlace

Axis = Literal["row", "column", "line", "batch"]
"""What a key moves along: rows or columns of the table, lines of a list, batches of an epoch."""


class BatchMaker:
    """Lays out batches as the run takes them, and remembers the last one.

    Args:
        size: rows of a batch.
        seed: of the run.
        shuffle: whether each epoch has an order of its own.
        epoch: the epoch that is shown.
    """

    def __init__(self, profile: Profile, size: int, seed: int, *, shuffle: bool = True, epoch: int = 0) -> None:
        self._profile, self._size, self._seed, self._shuffle = profile, size, seed, shuffle
        self.epoch = epoch
        self._last: Batch | None = None

    @property
    def count(self) -> int:
        """Batches of an epoch."""
        return -(-len(self._profile.split.train) // max(1, self._size))

    def make(self, number: int) -> Batch:
        """The batch with this number."""
        if self._last is None or self._last.number != number:
            self._last = lay_out_batch(
                self._profile, self._size, seed=self._seed, epoch=self.epoch, number=number, shuffle=self._shuffle
            )
        return self._last


@dataclass(slots=True)
class Place:
    """One data set with a cursor; the same in all views.

    Attributes:
        batches: lays out the batch with a number.
        row, column: of the cursor, from 0; `column` counts `profile.columns`.
        line, batch: of lists that are no rows, and the batch that is shown.
        widths: columns of text of each column of the table, once it was seen.
        left: the first column on the screen.
        page: how many rows, columns or lines a page is; set by drawing.
        stride: how many rows one step down is, in a grid; set by drawing.
        total: how many lines the present list has; set by drawing.
        row_spots: which row each line on the screen shows; set by drawing.
        column_spots: start and end of each column on the screen, and its number.
    """

    profile: Profile
    batches: BatchMaker
    row: int = 0
    column: int = 0
    line: int = 0
    batch: int = 0
    widths: dict[int, int] = field(default_factory=dict)
    left: int = 0
    rows: ScrollPlace = field(default_factory=ScrollPlace)
    lines: ScrollPlace = field(default_factory=ScrollPlace)
    page: int = 1
    stride: int = 1
    total: int = 1
    row_spots: list[int | None] = field(default_factory=list)
    column_spots: list[tuple[int, int, int]] = field(default_factory=list)
    _balance: Balance | None = None

    @property
    def balance(self) -> Balance:
        """The classes of each part, counted once."""
        self._balance = self._balance or measure_balance(self.profile)
        return self._balance

    def count(self, axis: Axis) -> int:
        """How many there are along an axis."""
        if axis == "row":
            return len(self.profile)
        if axis == "column":
            return len(self.profile.columns)
        return self.total if axis == "line" else self.batches.count

    def move(self, axis: Axis, by: int) -> bool:
        """Goes along an axis, to its end at the most; returns whether that is somewhere else."""
        before = int(getattr(self, axis))
        after = max(0, min(self.count(axis) - 1, before + by))
        setattr(self, axis, after)
        return after != before
