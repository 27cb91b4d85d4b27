"""The safety belt: no tape runs before every operand of every row is shown to be in its place.

A wrong offset in compiled code is a crash or silent corruption, so what is checked are the encoded integers, not the
intentions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import NnplayError
from nnplay.kernels import abi
from nnplay.tape.memory_layout import Layout, Slot
from nnplay.tape.tape import Row, lengths

#: What the rows of a phase may write.
_WRITABLE = {
    "trial": {"parameters", "optimizer_state"},
    "data": {"batch", "evaluation"},
    "forward": {"activations", "scratch", "buffers", "evaluation"},
    "loss": {"activations", "scratch", "evaluation", "tallies"},
    "backward": {"deltas", "gradients", "scratch", "accumulated"},
    "update": {"parameters", "optimizer_state", "gradients", "accumulated", "scratch"},
}
#: Slots begin at multiples of this, so what is written is kept as one flag a block.
_BLOCK: Final = 16
#: What holds values before the first row runs.
_PERSISTENT = {"settings", "parameters", "optimizer_state", "buffers", "accumulated", "tallies"}


class TapeError(NnplayError):
    """A tape that must not run: a fault of the program, never of the user."""


def verify(table: NDArray[np.int64], rows: Sequence[Row], layout: Layout, n: int, size: int) -> None:
    """Checks the encoded rows for a batch of n rows in a memory of `size` numbers.

    Raises:
        TapeError: an operand that is not exactly its slot, lies out of bounds, or in a region that its phase may not
            write; a value read before it is written; a gradient begun twice; outputs of one row that overlap.
    """
    known = {id(slot) for slot in layout.all()}
    written = np.zeros(size // _BLOCK + 1, np.bool_)
    for number, (line, row) in enumerate(zip(table.tolist(), rows, strict=True)):
        where = f"row {number}, {row.operation.name}"
        if any(id(slot) not in known for slot in row.operands):
            raise TapeError("an operand is not a slot of this layout", where=where)
        places = [_place(line, k, slot, n, size, where) for k, slot in enumerate(row.operands)]
        for place, slot in zip(places, row.reads, strict=False):
            if slot.region not in _PERSISTENT and not _covered(place, written):
                raise TapeError(f"reads '{slot.name}' before any row wrote it", where=where)
        _check_writes(line, row, places[len(row.reads) :], written, where)
        for first, last in places[len(row.reads) :]:
            written[first // _BLOCK : -(-last // _BLOCK)] = True
        if line[abi.ROW_PARTS] < 1 or line[abi.ROW_ADDRESS] == 0:
            raise TapeError("has no kernel or no parts", where=where)
        if line[abi.ROW_PARTS] > abi.MAX_PARTS:
            raise TapeError(f"has more than {abi.MAX_PARTS} parts, which threads could not tell apart", where=where)


def _place(line: list[int], k: int, slot: Slot, n: int, size: int, where: str) -> tuple[int, int]:
    """First and last + 1 of operand k, which must be its slot: neighbours of the same size are other tensors."""
    begin = abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH
    offset, count = line[begin + abi.OPERAND_OFFSET], line[begin + abi.OPERAND_SIZE]
    if offset < 0 or count < 0 or offset + count > size:
        raise TapeError(f"operand {k} is out of bounds: {offset} + {count} of {size}", where=where)
    if (offset, count) != (slot.offset, slot.size(n)):
        wanted = f"{slot.offset} with {slot.size(n)}"
        raise TapeError(f"operand {k} at {offset} with {count} numbers is not '{slot.name}' at {wanted}", where=where)
    shape = slot.at(n)
    dimensions = line[begin + abi.OPERAND_SHAPE : begin + abi.OPERAND_SHAPE + abi.MAX_RANK]
    if tuple(dimensions) != lengths(shape) or line[begin + abi.OPERAND_LAST] != (shape[-1] if shape else 1):
        raise TapeError(f"operand {k} has another shape than '{slot.name}', {list(shape)}", where=where)
    return offset, offset + count


def _covered(place: tuple[int, int], written: NDArray[np.bool_]) -> bool:
    return bool(written[place[0] // _BLOCK : -(-place[1] // _BLOCK)].all())


def _check_writes(
    line: list[int], row: Row, places: list[tuple[int, int]], written: NDArray[np.bool_], where: str
) -> None:
    ordered = sorted(places)
    for (_, end), (begin, _) in pairwise(ordered):
        if begin < end:
            raise TapeError("two outputs overlap", where=where)
    for number, (slot, place) in enumerate(zip(row.writes, places, strict=True)):
        if slot.region not in _WRITABLE[row.phase]:
            raise TapeError(f"may not write '{slot.name}' in the {row.phase} phase", where=where)
        begin = abi.ROW_OPERANDS + (len(row.reads) + number) * abi.OPERAND_WIDTH
        adds = bool(line[begin + abi.OPERAND_ADDS])
        in_place = any(slot is other for other in row.reads)
        gradient = row.phase == "backward" and slot.region in ("deltas", "gradients") and not in_place
        if adds and not _covered(place, written):
            raise TapeError(f"adds to '{slot.name}', which no row has begun", where=where)
        if gradient and not adds and place[1] > place[0] and written[place[0] // _BLOCK]:
            raise TapeError(f"overwrites the gradient '{slot.name}'", where=where)
        if any(a < place[1] and place[0] < b and slot is not other for other, (a, b) in _reads(line, row)):
            raise TapeError(f"'{slot.name}' overlaps an input", where=where)


def _reads(line: list[int], row: Row) -> list[tuple[object, tuple[int, int]]]:
    found: list[tuple[object, tuple[int, int]]] = []
    for k, slot in enumerate(row.reads):
        begin = abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH
        found.append((slot, (line[begin], line[begin] + line[begin + 1])))
    return found
