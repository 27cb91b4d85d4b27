"""Rows that blocks of a graphics card take by samples: each block carries its samples of the batch through them alone.

A group of samples is what one block works on at a time. Where a batch is cut follows from its length alone, so that no
bit depends on how many blocks there are. Three kinds of rows stand in a stage's batch:

    by group    a layer's row that reads samples and parameters, encoded for the samples of the group as if they were a
                batch of their own. A gradient of parameters is a sum over samples: each group has one of its own, and
                all are added up in order.
    by place    a row of the whole batch whose part p works on number p, or line p: the group runs those of its samples.
                What its numbers come to may depend on where a sample stands in the batch, or how many there are.
    shared      any other row: all threads share it.

Groups run as many rows as they can before all blocks meet: a row that is shared is put in front of them where it needs
nothing of theirs, and behind them where they need nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import groupby
from typing import Final

from nnplay.operations.partial_sums import ADD_PARTIAL_SUMS
from nnplay.records.cuda_rows import LineRow, NumberRow, PictureRow
from nnplay.records.operation import ALL_THREADS, BATCH, CudaRow
from nnplay.tape.machines.cuda_meetings import Access, Room, touches
from nnplay.tape.memory_layout import Slot, aligned
from nnplay.tape.tape import Row, Tape

#: The row that adds up what all groups came to.
SUM: Final[CudaRow] = ADD_PARTIAL_SUMS.cuda[0]
_PHASES: Final = ("data", "forward", "loss", "backward")


class Sharing(Enum):
    """How threads share a row: see above."""

    SHARED = 0
    BY_GROUP = 1
    BY_PLACE = 2


@dataclass(frozen=True, slots=True)
class RowKernel:
    """One of the card's rows that stand for a row of the tape.

    Attributes:
        number: of the row in the tape.
        parts: into how many it is cut for the whole batch; 0: it is left out then.
        cards: all of the card's rows that stand for it.
    """

    number: int
    row: Row
    card: CudaRow
    parts: int
    cards: tuple[CudaRow, ...]


@dataclass(frozen=True, slots=True)
class ScheduledRow:
    """A row as the card runs it.

    Attributes:
        at: number of a row of the tape: rows of the same number may be in another order than the tape's.
        sharing: how threads share it.
        section: number of the run of rows that groups take without a meeting of all; −1: all threads share the row.
        own: offsets of the slots that it reads or writes in its group's memory.
        begins: the ones of these that it writes first.
    """

    item: RowKernel
    at: int
    sharing: Sharing = Sharing.SHARED
    section: int = -1
    own: frozenset[int] = frozenset()
    begins: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupSum:
    """Adds up gradients over the groups.

    Attributes:
        at: as of a scheduled row.
        first, size: numbers of memory that get the sums; slots that are neighbours are one.
        adds: to what is there.
    """

    at: int
    first: int
    size: int
    adds: bool


Scheduled = ScheduledRow | GroupSum


class GroupMemory:
    """Where each group has its own copy of gradients and of their partial sums.

    Attributes:
        places: by offset of a slot, where the group has its own.
        size: numbers of a group, without the room of its rows.
        statistics: offsets of slots that say something of the whole batch, such as the mean of a batch norm: rows that
            read them may count its samples, too.
    """

    def __init__(self, tape: Tape) -> None:
        self._first, end = tape.layout.bounds["gradients"]
        self.size = end - self._first
        self.places = {slot.offset: self.place_of(slot.offset) for slot in tape.layout.slots["gradients"]}
        for slot in _only_added_up(tape.train):
            self.places[slot.offset] = self.size
            self.size += aligned(slot.size(1))
        self.statistics = _statistics(tape.train)

    def place_of(self, offset: int) -> int:
        """Where a number of the region of gradients is within a group's memory."""
        return offset - self._first


def _only_added_up(rows: Sequence[Row]) -> list[Slot]:
    """Partial sums over the batch that become gradients, and nothing else."""
    written = {slot.offset: slot for row in rows for slot in row.writes if slot.region == "scratch"}
    readers: dict[int, list[Row]] = {offset: [] for offset in written}
    for row in rows:
        for slot in row.reads:
            readers.get(slot.offset, []).append(row)
    return [
        slot
        for offset, slot in written.items()
        if not _by_sample(slot) and readers[offset] and all(map(_adds_up_gradients, readers[offset]))
    ]


def _statistics(rows: Sequence[Row]) -> frozenset[int]:
    """Offsets of what rows make of several samples, or of other such numbers."""
    found: set[int] = set()
    for row in rows:
        if row.phase in _PHASES and any(_by_sample(slot) or slot.offset in found for slot in row.reads):
            found |= {slot.offset for slot in row.writes if not _by_sample(slot)}
    return frozenset(found)


def _adds_up_gradients(row: Row) -> bool:
    return row.operation is ADD_PARTIAL_SUMS and all(slot.region == "gradients" for slot in row.writes)


def arrange(items: Sequence[RowKernel], accesses: Sequence[Access], tape: Tape, n: int) -> list[Scheduled]:
    """The order in which a card runs the rows, and how.

    Args:
        items: of one table, in order.
        accesses: what each touches of memory.
        n: rows of the largest batch.
    """
    memory, found, number = GroupMemory(tape), list[Scheduled](), 0
    batches = [(stage.rows.first, stage.rows.finish_at) for stage in tape.stages]

    def batch_of(pair: tuple[RowKernel, Access]) -> int:
        """The first row of those that are run for each batch of its stage; −1: it is none of them."""
        return next((first for first, end in batches if first <= pair[0].number < end), -1)

    for at, pairs in groupby(zip(items, accesses, strict=True), batch_of):
        if at < 0:
            found += [ScheduledRow(item, item.number) for item, _ in pairs if item.parts]
            continue
        section = _Section(memory, n, at, number)
        for item, access in pairs:
            if not section.takes(item, access):
                found += section.close()
                section = _Section(memory, n, at, section.number + 1)
                section.takes(item, access)
        found += section.close()
        number = section.number + 1
    return found


@dataclass(slots=True)
class _Section:
    """Rows that groups take between two meetings of all, and the shared ones in front of them and behind.

    Attributes:
        begun: by offset, the slots of which each group has its own by now, and whether its first row was to add to it.
    """

    memory: GroupMemory
    n: int
    at: int
    number: int
    before: list[tuple[ScheduledRow, Access]] = field(default_factory=list)
    inside: list[tuple[ScheduledRow, Access]] = field(default_factory=list)
    behind: list[tuple[ScheduledRow, Access]] = field(default_factory=list)
    begun: dict[int, tuple[Slot, bool]] = field(default_factory=dict)

    def takes(self, item: RowKernel, access: Access) -> bool:
        """Finds the row a place; False where it needs what stands behind the section."""
        sharing = sharing_of(item, self.memory, self.n, frozenset(self.begun))
        if sharing is not Sharing.BY_GROUP and item.parts == 0:
            return True
        if sharing is Sharing.SHARED:
            late = any(touches(other, access) for _, other in (*self.inside, *self.behind))
            (self.behind if late else self.before).append((ScheduledRow(item, self.at), access))
            return True
        if sharing is Sharing.BY_GROUP and access.room:
            access = replace(access, room=Room.OWN)
        if any(touches(other, access) for _, other in self.behind):
            return False
        own: frozenset[int] = frozenset()
        if sharing is Sharing.BY_GROUP:
            own = frozenset(slot.offset for slot in item.row.writes if slot.offset in self.memory.places)
            own |= {slot.offset for slot in item.row.reads if slot.offset in self.begun}
        first = {
            slot.offset: (slot, adds)
            for slot, adds in zip(item.row.writes, item.row.adds, strict=True)
            if slot.offset in own and slot.offset not in self.begun
        }
        # Of several card rows that stand for one, each writes the slot: all of them begin it.
        same = {slot.offset for slot in item.row.writes if slot.offset in own} & self._begun_by(item)
        self.begun |= first
        begins = frozenset(first) | same
        self.inside.append((ScheduledRow(item, self.at, sharing, self.number, own, begins), access))
        return True

    def _begun_by(self, item: RowKernel) -> set[int]:
        return {offset for entry, _ in self.inside if entry.item.number == item.number for offset in entry.begins}

    def close(self) -> list[Scheduled]:
        """All of it in order."""
        before, inside, behind = ([entry for entry, _ in part] for part in (self.before, self.inside, self.behind))
        return [*before, *inside, *self._sums(), *behind]

    def _sums(self) -> list[GroupSum]:
        """Of the gradients that groups have of their own, the neighbours in one."""
        found: list[GroupSum] = []
        gradients = [pair for pair in self.begun.values() if pair[0].region == "gradients"]
        for slot, adds in sorted(gradients, key=lambda pair: pair[0].offset):
            last = found[-1] if found else None
            if last and last.first + last.size == slot.offset and last.adds == adds:
                found[-1] = GroupSum(self.at, last.first, last.size + aligned(slot.size(1)), adds)
            else:
                found.append(GroupSum(self.at, slot.offset, aligned(slot.size(1)), adds))
        return found


def sharing_of(item: RowKernel, memory: GroupMemory, n: int, begun: frozenset[int]) -> Sharing:
    """How a row of a stage's batch can be shared.

    Args:
        n: rows of the largest batch.
        begun: offsets of the slots of which each group has its own by now.
    """
    row, operation = item.row, item.row.operation
    if any(slot.offset in begun for slot in row.reads):
        return Sharing.BY_GROUP if _adds_up_gradients(row) else Sharing.SHARED
    if any(BATCH in slot.shape[1:] for slot in row.operands) or not any(map(_by_sample, row.operands)):
        return Sharing.SHARED
    of_layer = bool(row.path) and not operation.uses_clock and not isinstance(item.card, PictureRow)
    of_layer = of_layer and not any(slot.offset in memory.statistics for slot in row.reads)
    gathers = row.phase == "data" and "order" in operation.integers
    if (of_layer or gathers) and all(_by_sample(slot) or slot.offset in memory.places for slot in row.writes):
        return Sharing.BY_GROUP
    return Sharing.BY_PLACE if _can_go_by_place(item, n) else Sharing.SHARED


def _can_go_by_place(item: RowKernel, n: int) -> bool:
    """Whether each part works on one sample, so that where it stands in the batch may count."""
    row, card = item.row, item.card
    if isinstance(card, NumberRow):
        sizes = {slot.size(1) for slot in row.operands if _by_sample(slot)}
        return not card.gathers and len(sizes) == 1 and all(map(_by_sample, row.writes))
    of_lines = isinstance(card, LineRow) and _by_sample(row.reads[0]) and len(row.reads[0].shape) > 1
    return of_lines and item.parts in (ALL_THREADS, placed_parts(item, n))


def placed_parts(item: RowKernel, n: int) -> int:
    """Parts of a row by place for a batch of n: one for each number, or line, of each sample."""
    if isinstance(item.card, NumberRow):
        return item.row.writes[0].size(n)
    lines = item.row.reads[0]
    return lines.size(n) // int(lines.shape[-1])


def _by_sample(slot: Slot) -> bool:
    return bool(slot.shape) and slot.shape[0] == BATCH
