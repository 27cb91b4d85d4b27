"""Kinds of rows of a graphics card that say what they cost, or are run as often as a setting says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnplay.records.cuda_rows import TurnRow
from nnplay.records.operation import CudaRow

#: Multiply-adds that a row takes each time it is run, and among how many numbers threads can share them, from the
#: counts of numbers in its operands and its integers.
Work = Callable[[Sequence[int], Sequence[int]], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class WorkRow(CudaRow):
    """A row whose cost does not follow from the numbers that it writes.

    Attributes:
        work: what it takes; None as for any other row.
    """

    work: Work | None = None


@dataclass(frozen=True, slots=True)
class AloneRow(WorkRow):
    """A row of one thread whose work grows with the network: nearly all of a card waits for it."""


@dataclass(frozen=True, slots=True)
class SettingTurnRow(WorkRow):
    """A row that is run as often as a setting says, or oftener: the kernel does nothing in turns that are too many.

    Attributes:
        setting: its place in the row's first operand, which has the settings of an optimizer.
        usual: what it is where it is not known.
        rows: how often for each of these turns, one after the other.
    """

    setting: int = 0
    usual: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class WorkTurnRow(TurnRow):
    """As `TurnRow`, and what each turn takes."""

    work: Work | None = None
