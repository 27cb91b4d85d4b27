"""Rows that do what an earlier row has done, left out: who reads one reads what the earlier one wrote.

A gradient penalty at real rows runs the discriminator where the discriminator's own loss has just run it, and two ways
back through one convolution turn its weights around twice.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from nnplay.tape.fusion.joined import Joined
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Row

#: What may be left unwritten: numbers of one step that nothing outside the step's rows reads.
_PASSING: Final = ("activations", "scratch")
_PHASES: Final = ("forward", "backward")


def fuse(joined: Joined) -> None:
    """Leaves out every row that an earlier one equals in kernel, integers and what it reads."""
    writers = Counter(id(slot) for row in joined.rows for slot in row.writes)
    found: dict[tuple[object, ...], Row] = {}
    position = 0
    while position < len(joined.rows):
        row = joined.rows[position]
        if _follows_from_its_input(row) and all(writers[id(slot)] == 1 for slot in row.writes):
            key = (row.operation.kernel.name, row.integers, row.parts, *map(id, row.reads))
            first = found.get(key)
            if first is not None and _is_repeated(joined, first, row):
                _leave_out(joined, first, row)
                continue
            found[key] = row
        position += 1


def _follows_from_its_input(row: Row) -> bool:
    """Whether a row gives the same numbers again for the same input, and only later rows of the step read them."""
    passing = all(slot.region in _PASSING for slot in row.writes)
    return row.phase in _PHASES and bool(row.reads) and not row.operation.uses_clock and not any(row.adds) and passing


def _is_repeated(joined: Joined, first: Row, row: Row) -> bool:
    """Whether no row from the first of two up to the other writes what they read, and shapes are the same."""
    if [slot.shape for slot in first.writes] != [slot.shape for slot in row.writes]:
        return False
    begin, end = (next(k for k, other in enumerate(joined.rows) if other is one) for one in (first, row))
    written = [slot for other in joined.rows[begin:end] for slot in other.writes]
    return not any(_overlap(one, other, joined.batch) for one in written for other in row.reads)


def _overlap(one: Slot, other: Slot, batch: int) -> bool:
    return one.offset < other.offset + other.size(batch) and other.offset < one.offset + one.size(batch)


def _leave_out(joined: Joined, first: Row, row: Row) -> None:
    for kept, slot in zip(first.writes, row.writes, strict=True):
        for reader in joined.readers(slot):
            joined.redirect(reader, slot, kept)
        joined.keep(slot, kept)
    joined.drop(row)
