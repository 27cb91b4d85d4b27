"""Between which rows the threads of a graphics card need not meet.

Threads go on to the next row at once where no thread touches what another one still works on: where the memory of the
two rows does not overlap (the gradients of a weight and of its bias), or where each thread finds in it what it has
written itself (an activation behind a product). A meeting of all blocks takes a microsecond, as much as a small row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import ALL_THREADS, CudaRow

#: Where something stands: offset and count of numbers.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Access:
    """What one row of a card touches.

    Attributes:
        item: the row's kind.
        reads, writes: ranges of memory; what is added to is both.
        room: it uses the room for partial sums.
    """

    item: CudaRow
    reads: tuple[Range, ...]
    writes: tuple[Range, ...]
    room: bool

    @property
    def by_number(self) -> bool:
        """Which thread writes a number follows from the number alone."""
        return isinstance(self.item, NumberRow) and self.item.parts([1], []) == ALL_THREADS

    def reads_own(self, place: Range) -> bool:
        """It reads numbers of this range with the threads that would write them."""
        own = isinstance(self.item, NumberRow) and not self.item.gathers
        return own and place[1] == self.writes[0][1]


def needs_meeting(before: Access, after: Access) -> bool:
    """Whether threads must meet between two rows."""
    if before.room and after.room:
        return True
    both = before.by_number and after.by_number
    for written in before.writes:
        if any(
            _meet(written, read) and not (both and written == read and after.reads_own(read)) for read in after.reads
        ):
            return True
        if any(_meet(written, other) and not (both and written == other) for other in after.writes):
            return True
    return any(
        _meet(read, written) and not (both and read == written and before.reads_own(read))
        for read in before.reads
        for written in after.writes
    )


def meetings(rows: Sequence[Access], ends: Iterable[int]) -> list[bool]:
    """Whether threads meet behind each row.

    Args:
        ends: numbers of rows in front of which all have met in any case; the end of the table is one, too.
    """
    fixed, found = set(ends), [True] * len(rows)
    begin = 0
    for number in range(1, len(rows)):
        if number in fixed or any(needs_meeting(before, rows[number]) for before in rows[begin:number]):
            begin = number
        else:
            found[number - 1] = False
    return found


def _meet(one: Range, other: Range) -> bool:
    return one[0] < other[0] + other[1] and other[0] < one[0] + one[1]
