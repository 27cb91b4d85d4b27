"""Kinds of rows of a graphics card: what is known of which thread works on what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nnplay.records.operation import CudaRow


@dataclass(frozen=True, slots=True)
class TurnRow(CudaRow):
    """A row that is run once for each place along an axis; which one stands in `nnplay.kernels.cuda.recurrence.TURN`.

    Attributes:
        operand, axis: whose length says how many places there are.
        rows: how often for each place, one after the other.
        ends: how often behind the last.
    """

    operand: int = 0
    axis: int = 1
    rows: int = 1
    ends: int = 0


@dataclass(frozen=True, slots=True)
class NumberRow(CudaRow):
    """A row whose part p writes numbers p, p + parts, … of each output, all of which are as large.

    Attributes:
        gathers: it reads what it likes. Otherwise, of operands as large as its outputs, it reads those numbers alone.
    """

    gathers: bool = False


@dataclass(frozen=True, slots=True)
class WithNextRow(CudaRow):
    """A row that can do the next row of the tape besides, where that reads what this writes, or reads last, alone.

    Attributes:
        following: name of the operation whose row must be next.
        both: does both; its operands are those of this row, then what the next one writes.
        integers: of the row that does both.
    """

    following: str = ""
    both: CudaRow = field(kw_only=True)
    integers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureRow(CudaRow):
    """A row of which one thread takes a whole picture: box after box, so that nearly all of a card waits for it."""


@dataclass(frozen=True, slots=True)
class LineRow(CudaRow):
    """A row whose part p, where it has as many parts as its first operand has lines, works on line p alone.

    A line is the numbers along the last axis. What a line comes to may depend on how many lines there are, and may
    leave a partial sum; what the row's other kernels write is not counted here.
    """


@dataclass(frozen=True, slots=True)
class TotalRow(CudaRow):
    """A row that makes totals of partial sums: it touches no operand that has samples."""


def no_sums(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """None."""
    return 0


@dataclass(frozen=True, slots=True)
class SumsRow(CudaRow):
    """A row that any number of threads share, and that leaves partial sums for the rows behind it.

    Attributes:
        sums: how many, from the counts of numbers in its operands and the row's integers.
    """

    sums: Callable[[Sequence[int], Sequence[int]], int] = no_sums
