"""Behind which rows the threads of a graphics card meet, and who.

Threads go on to the next row at once where no thread touches what another one still works on: where the memory of the
two rows does not overlap (the gradients of a layer's weights and of its input), or where each thread finds in it what
it has written itself (an activation behind a product). A meeting of all blocks takes a microsecond, as much as a small
row. Where both rows are so small that one block has all their parts, only the threads of each block meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import ALL_THREADS, CudaRow

#: Where something stands: offset and count of numbers.
Range = tuple[int, int]


class Meeting(IntEnum):
    """Who meets behind a row."""

    NONE = 0
    BLOCK = 1
    ALL = 2


class Room(IntEnum):
    """Which room for partial sums a row uses: none, the one that all share, or that of its group of samples."""

    NONE = 0
    SHARED = 1
    OWN = 2


@dataclass(frozen=True, slots=True)
class Access:
    """What one row of a card touches.

    Attributes:
        item: the row's kind.
        reads, writes: ranges of memory; what is added to is both.
        room: for its partial sums.
        in_first_block: the first block has all of its parts.
    """

    item: CudaRow
    reads: tuple[Range, ...]
    writes: tuple[Range, ...]
    room: Room = Room.NONE
    in_first_block: bool = False

    @property
    def by_number(self) -> bool:
        """Which thread writes a number follows from the number alone."""
        return isinstance(self.item, NumberRow) and self.item.parts([1], []) == ALL_THREADS

    def reads_own(self, place: Range) -> bool:
        """It reads numbers of this range with the threads that would write them."""
        own = isinstance(self.item, NumberRow) and not self.item.gathers
        return own and place[1] == self.writes[0][1]


def touches(before: Access, after: Access) -> bool:
    """Whether one of two rows writes what the other one reads or writes."""
    if before.room and before.room == after.room:
        return True
    return any(_meet(written, other) for written in before.writes for other in (*after.reads, *after.writes)) or any(
        _meet(read, written) for read in before.reads for written in after.writes
    )


def needs_meeting(before: Access, after: Access) -> bool:
    """Whether threads must meet between two rows."""
    if before.room and before.room == after.room:
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


def meetings(rows: Sequence[Access], ends: Iterable[int]) -> list[Meeting]:
    """Who meets behind each row.

    Args:
        ends: numbers of rows in front of which all have met in any case; the end of the table is one, too.
    """
    fixed, found = set(ends), [Meeting.ALL] * len(rows)
    since_all = since_block = 0
    for number in range(1, len(rows)):
        meeting = Meeting.ALL if number in fixed else _meeting(rows, since_all, since_block, number)
        found[number - 1] = meeting
        since_all = number if meeting == Meeting.ALL else since_all
        since_block = since_block if meeting == Meeting.NONE else number
    return found


def _meeting(rows: Sequence[Access], since_all: int, since_block: int, number: int) -> Meeting:
    """Who meets in front of a row, where all have met in front of one before it, and those of each block of another."""
    after, found = rows[number], Meeting.NONE
    for at in range(since_all, number):
        before = rows[at]
        if needs_meeting(before, after):
            if not (before.in_first_block and after.in_first_block):
                return Meeting.ALL
            found = Meeting.BLOCK if at >= since_block else found
    return found


def _meet(one: Range, other: Range) -> bool:
    return one[0] < other[0] + other[1] and other[0] < one[0] + one[1]
