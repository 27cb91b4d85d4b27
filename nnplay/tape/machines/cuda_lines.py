"""The lines of a card's table: one for a row that all threads share, one each for a row that groups of samples take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.cuda.driver import CardError
from nnplay.kernels.cuda.long_integers import reads_long_integers
from nnplay.kernels.cuda.partial import FOLDED
from nnplay.kernels.cuda.recurrence import TURN
from nnplay.kernels.cuda.steps import GROUPS, PARTS_OF_GROUP
from nnplay.records.cuda_rows import SumsRow, TotalRow, TurnRow
from nnplay.records.cuda_work import SettingTurnRow
from nnplay.records.operation import ALL_THREADS, BATCH, CudaRow
from nnplay.tape.machines.cuda_meetings import Access, Range, Room
from nnplay.tape.machines.cuda_samples import SUM, GroupMemory, GroupSum, RowKernel, ScheduledRow, Sharing, placed_parts
from nnplay.tape.memory_layout import Slot, aligned
from nnplay.tape.tape import Row, encode_operand

Line = NDArray[np.int64]
_ADDRESS_BYTES = 8


@dataclass(frozen=True, slots=True)
class Launch:
    """Who walks a table.

    Attributes:
        threads: of a block.
        blocks: that share each row.
        groups: of samples into which a batch is cut, at the most; 0: no row is cut by samples.
        tf32: products are in TF32 where that is worth it.
    """

    threads: int
    blocks: int = 1
    groups: int = 0
    tf32: bool = False


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """A row of the card: its lines, one for each group or a single one, and what it touches.

    Attributes:
        number: of the row of the tape; −1: a sum over groups.
        section: −1: all threads share it.
    """

    lines: Line
    access: Access
    number: int
    section: int = -1


class LineWriter:
    """Writes the lines of one table.

    Args:
        cells: the table's rows as a processor reads them, (rows, width).
        n, largest: rows of the batch, and of the largest one: what that leaves out is left out.
        codes: number of each kernel.
        room: offset of the room that all rows share for partial sums; what groups have of their own is behind it.
        memory: what that is; none where no row is cut by samples.
        launch: who walks.
        turns: how often rows are run whose turns a setting counts, by operation.
    """

    def __init__(
        self,
        cells: Line,
        n: int,
        largest: int,
        codes: Mapping[str, int],
        room: int,
        memory: GroupMemory | None,
        launch: Launch,
        turns: Mapping[str, int],
    ) -> None:
        self._cells, self._n, self._largest, self._codes = cells, n, largest, codes
        self._room, self._memory, self._launch, self._counts = room, memory, launch, turns
        self._cuts = samples_of(n, launch.groups) if launch.groups else []
        self._of_largest = samples_of(largest, launch.groups)[0][1] if launch.groups else 0
        self._shared = self._own = 0

    def measure(self, entries: Sequence[ScheduledRow]) -> None:
        """Finds out how much room the rows need for partial sums."""
        by_group = [
            room_count(entry.item, self._of_largest, self._of_largest)
            for entry in entries
            if entry.sharing is Sharing.BY_GROUP
        ]
        others = [
            room_count(entry.item, self._largest, self._largest)
            for entry in entries
            if entry.sharing is not Sharing.BY_GROUP
        ]
        self._shared = aligned(FOLDED + max(others, default=0))
        self._own = aligned(FOLDED + max(by_group, default=0)) if by_group else 0

    @property
    def size(self) -> int:
        """Numbers of the room, and of all groups."""
        return self._shared + self._launch.groups * self._stride

    @property
    def _stride(self) -> int:
        """Numbers that each group has."""
        return aligned(self._memory.size) + self._own if self._memory else 0

    def shared(self, item: RowKernel) -> list[EncodedRow]:
        """The line of a row that all threads share, or one for each of its turns."""
        sizes, launch = _sizes(item.row, self._n), self._launch
        parts = item.card.parts(sizes, item.row.integers)
        few = max(sizes) <= launch.threads if parts == ALL_THREADS else parts <= launch.threads
        in_first_block = launch.blocks > 1 and few
        everyone = launch.threads if in_first_block else launch.threads * launch.blocks
        line, count = self._line(item), room_count(item, self._n, self._largest)
        line[abi.ROW_PARTS] = everyone if parts == ALL_THREADS else parts
        line[abi.ROW_ROOM], line[abi.ROW_ROOM_COUNT] = self._room, count
        access = access_of(item, self._n, Room.SHARED if count else Room.NONE, in_first_block=in_first_block)
        return [EncodedRow(made[None], access, item.number) for made in self._turns(item, line)]

    def by_groups(self, entry: ScheduledRow) -> list[EncodedRow]:
        """A line for each group, or as many for each turn; none where groups leave the row out."""
        item, launch = entry.item, self._launch
        if entry.sharing is Sharing.BY_GROUP and not parts_of(item, self._of_largest):
            return []
        write = self._by_group if entry.sharing is Sharing.BY_GROUP else self._by_place
        lines = [write(entry, group) for group in range(launch.groups)]
        turns = zip(*(self._turns(item, line) for line in lines), strict=True)
        used = max(int(line[abi.ROW_ROOM_COUNT]) for line in lines) > 0
        kind = Room.OWN if entry.sharing is Sharing.BY_GROUP else Room.SHARED
        access = access_of(item, self._n, kind if used else Room.NONE, in_first_block=True)
        made = [EncodedRow(np.array(turn), access, item.number, entry.section) for turn in turns]
        for written in made:
            written.lines[0, abi.ROW_ADDRESS] += launch.groups << GROUPS
        return made

    def group_sum(self, work: GroupSum) -> list[EncodedRow]:
        """The line that adds up what the groups came to."""
        assert self._memory is not None
        count, stride, line = len(self._cuts), self._stride, np.zeros(self._width, np.int64)
        line[abi.ROW_ADDRESS] = self._codes[SUM.kernel.name]
        line[abi.ROW_PARTS] = self._launch.threads * self._launch.blocks
        line[abi.ROW_INTEGERS] = self._memory.place_of(work.first)
        _put(line, 0, [self._room + self._shared, count * stride, count, stride, 1, 1, 0, stride])
        _put(line, 1, [work.first, work.size, work.size, 1, 1, 1, int(work.adds), work.size])
        place = (work.first, work.size)
        return [EncodedRow(line[None], Access(SUM, (place,), (place,)), -1)]

    @property
    def _width(self) -> int:
        return int(self._cells.shape[1]) + PARTS_OF_GROUP

    def _line(self, item: RowKernel) -> Line:
        line = np.zeros(self._width, np.int64)
        line[:-PARTS_OF_GROUP] = self._cells[item.number]
        line[abi.ROW_ADDRESS] = self._codes[item.card.kernel.name]
        integers, operation = line[abi.ROW_INTEGERS : abi.ROW_ROOM], item.row.operation
        known = any(reads_long_integers(card.kernel) for card in operation.cuda)  # others only add up what it did
        if not known and not np.array_equal(integers, integers.astype(np.int32)):
            raise CardError(f"a number of {operation.name} has more than 32 bits", where="cuda")
        return line

    def _turns(self, item: RowKernel, line: Line) -> list[Line]:
        """The line, or one for each time that it is run."""
        card = item.card
        if isinstance(card, TurnRow):
            place = abi.ROW_OPERANDS + card.operand * abi.OPERAND_WIDTH + abi.OPERAND_SHAPE + card.axis
            count = int(line[place]) * card.rows + card.ends
        elif isinstance(card, SettingTurnRow):
            count = self._counts.get(item.row.operation.name, card.usual) * card.rows
        else:
            return [line]
        made = np.tile(line, (count, 1))
        made[:, abi.ROW_INTEGERS + TURN] = np.arange(count)
        return list(made)

    def _samples(self, group: int) -> tuple[int, int]:
        return self._cuts[group] if group < len(self._cuts) else (0, 0)

    def _by_place(self, entry: ScheduledRow, group: int) -> Line:
        """The row of the whole batch, of which the group runs the parts of its samples."""
        item, line, (first, end) = entry.item, self._line(entry.item), self._samples(group)
        parts = line[abi.ROW_PARTS] = placed_parts(item, self._n)
        line[abi.ROW_ROOM], line[abi.ROW_ROOM_COUNT] = self._room, room_count(item, self._n, self._largest)
        line[-2:] = first * (parts // self._n), end * (parts // self._n)
        return line

    def _by_group(self, entry: ScheduledRow, group: int) -> Line:
        """The row as of a batch that is the group's samples."""
        assert self._memory is not None
        item, line, (first, end) = entry.item, self._line(entry.item), self._samples(group)
        row = item.row
        memory = self._room + self._shared + group * self._stride
        flags = (False,) * len(row.reads) + row.adds
        for k, (slot, adds) in enumerate(zip(row.operands, flags, strict=True)):
            operand = encode_operand(slot, end - first, adds and slot.offset not in entry.begins)
            if slot.offset in entry.own:
                operand[abi.OPERAND_OFFSET] = memory + self._memory.places[slot.offset]
            elif slot.shape[:1] == (BATCH,):
                operand[abi.OPERAND_OFFSET] += first * slot.size(1)
            _put(line, k, operand)
        if row.phase == "data":
            line[abi.ROW_INTEGERS + row.operation.integers.index("order")] += first * _ADDRESS_BYTES
        parts = parts_of(item, end - first) if end > first else 0
        line[abi.ROW_PARTS] = line[-1] = self._launch.threads if parts == ALL_THREADS else parts
        line[abi.ROW_ROOM] = memory + aligned(self._memory.size)
        line[abi.ROW_ROOM_COUNT] = room_count(item, end - first, self._of_largest) if end > first else 0
        return line


def samples_of(n: int, groups: int) -> list[tuple[int, int]]:
    """The first sample of each group and the one behind its last, for a batch of n; there is no group without any.

    The first group is the largest.
    """
    count = min(n, groups)
    return [(n - n * (count - k) // count, n - n * (count - k - 1) // count) for k in range(count)]


def cards_of(row: Row, n: int, tf32: bool, together: int = 0) -> tuple[CudaRow, ...]:
    """The card's rows that stand for a row of the tape, for a batch of n.

    Args:
        together: how many samples of it threads share, if it is another number; what is in TF32 follows from n alone.
    """
    for form in row.operation.tiled:
        shapes = [slot.at(n if form.tf32 else together or n) for slot in row.operands]
        if (tf32 or not form.tf32) and form.suits(shapes, row.integers):
            return form.rows
    return row.operation.cuda


def parts_of(item: RowKernel, n: int) -> int:
    """Into how many parts a row is cut for a batch of n."""
    parts: int = item.card.parts(_sizes(item.row, n), item.row.integers)
    return parts


def room_count(item: RowKernel, n: int, largest: int) -> int:
    """How many partial sums the rows of the card up to this one leave that stand for the same row of the tape.

    Args:
        largest: rows of the largest batch: what that leaves out is left out.
    """
    row = item.row
    for card in item.cards:
        if isinstance(card, SumsRow):
            return card.sums(_sizes(row, n), row.integers)
        if card.parts(_sizes(row, largest), row.integers):
            count = max(0, card.parts(_sizes(row, n), row.integers))
            if count:
                return count
        if card is item.card:
            break
    return 0


def access_of(item: RowKernel, n: int, room: Room, *, in_first_block: bool = False) -> Access:
    """What a row of the card touches of memory."""
    row, totals = item.row, isinstance(item.card, TotalRow)

    def places(slots: Iterable[Slot]) -> list[Range]:
        return [(slot.offset, slot.size(n)) for slot in slots if not (totals and BATCH in slot.shape)]

    added = (slot for slot, adds in zip(row.writes, row.adds or [False] * len(row.writes), strict=True) if adds)
    return Access(item.card, (*places(row.reads), *places(added)), tuple(places(row.writes)), room, in_first_block)


def _sizes(row: Row, n: int) -> list[int]:
    return [slot.size(n) for slot in row.operands]


def _put(line: Line, k: int, operand: Sequence[int]) -> None:
    begin = abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH
    line[begin : begin + abi.OPERAND_WIDTH] = operand
