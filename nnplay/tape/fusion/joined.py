"""The rows of a step while they are being joined: who reads and writes what, and rows taken out and put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from nnplay.kernels.compile.jit import Kernel
from nnplay.records.operation import Operation
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Place, Row

#: Numbers in a tensor from which on moving it costs more than the loops over it.
LARGE: Final = 2**15


@dataclass(slots=True)
class Joined:
    """Rows, and where values are found that the joined rows do not write.

    Attributes:
        batch: rows of a training batch.
        kept_in: by the name of a slot that is not written any more, one that holds its numbers, and where in it.
        views: slots of the joined rows that stand where others do.
    """

    rows: list[Row]
    batch: int
    kept_in: dict[str, tuple[Slot, Place]] = field(default_factory=dict)
    views: list[Slot] = field(default_factory=list)

    def large(self, slot: Slot) -> bool:
        """Whether it pays to keep a tensor from being written."""
        return slot.size(self.batch) >= LARGE

    def readers(self, slot: Slot) -> list[Row]:
        """The rows that read it."""
        return [row for row in self.rows if any(slot is other for other in row.reads)]

    def writers(self, slot: Slot) -> list[Row]:
        """The rows that write it."""
        return [row for row in self.rows if any(slot is other for other in row.writes)]

    def between(self, slot: Slot, *readers: Row) -> bool:
        """Whether one row writes the slot, and exactly these read it."""
        found = self.readers(slot)
        same = len(found) == len(readers) and all(any(row is other for other in readers) for row in found)
        return same and len(self.writers(slot)) == 1

    def reader(self, slot: Slot, kernel: str) -> Row | None:
        """The row that reads the slot and runs that kernel, if there is exactly one."""
        found = [row for row in self.readers(slot) if row.operation.kernel.name == kernel]
        return found[0] if len(found) == 1 else None

    def drop(self, *rows: Row) -> None:
        """Takes rows out."""
        self.rows = [row for row in self.rows if all(row is not other for other in rows)]

    def put(self, new: Row, place: Row) -> None:
        """Puts a row where another one stands."""
        self.rows = [new if row is place else row for row in self.rows]

    def redirect(self, row: Row, old: Slot, new: Slot) -> None:
        """Lets a row read another slot."""
        self.put(replace(row, reads=tuple(new if slot is old else slot for slot in row.reads)), row)

    def rewrite(self, row: Row, old: Slot, new: Slot) -> None:
        """Lets a row write another slot."""
        self.put(replace(row, writes=tuple(new if slot is old else slot for slot in row.writes)), row)

    def view(self, slot: Slot, other: Slot) -> Slot:
        """A slot of the same name and shape in the memory of another one, which keeps its numbers from now on."""
        found = Slot(slot.name, other.region, slot.shape, other.offset)
        self.views.append(found)
        self.keep(slot, found)
        return found

    def keep(self, slot: Slot, other: Slot, place: Place = ()) -> None:
        """Notes where the numbers of a slot are that is not written any more, and of those that were kept in it."""
        for name, (kept, within) in self.kept_in.items():
            if kept is slot:
                assert not (place and within), f"{name} would be kept at a place within a place"
                self.kept_in[name] = other, place or within
        self.kept_in[slot.name] = other, place


def fused(name: str, kernel: Kernel, reads: Sequence[str], integers: Sequence[str] = ()) -> Operation:
    """An operation that stands for several, and their last output.

    It is defined by the rows that it stands for, whose bits it must give; nobody steps through it.
    """
    return Operation(
        name=name,
        kernel=kernel,
        reads=tuple(reads),
        writes=("y",),
        reference=_never_shown,
        formula="",
        words="",
        element=_never_shown,
        integers=tuple(integers),
    )


def _never_shown(*operands: Any, **integers: Any) -> Any:
    raise TypeError("a fused row has no definition of its own: the rows that it stands for have one")
