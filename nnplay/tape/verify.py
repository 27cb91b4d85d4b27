"""The safety belt: no tape runs before every operand of every row is shown to be in its place.

A wrong offset in compiled code is a crash or silent corruption, so what is checked are the encoded integers, not the
intentions.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import NnplayError
from nnplay.kernels import abi
from nnplay.records.operation import Shape
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

#: First number of a place in memory, and last + 1.
Place = tuple[int, int]
#: Offset, size, the lengths of the axes and the last of them, as an operand must have them.
_Wanted = tuple[int, int, list[int], int]


class TapeError(NnplayError):
    """A tape that must not run: a fault of the program, never of the user."""


def verify(table: NDArray[np.int64], rows: Sequence[Row], layout: Layout, n: int, size: int) -> None:
    """Checks the encoded rows for a batch of n rows in a memory of `size` numbers.

    Raises:
        TapeError: an operand that is not exactly its slot, lies out of bounds, or in a region that its phase may not
            write; a value read before it is written; a gradient begun twice; outputs of one row that overlap.
    """
    wanted = {id(slot): (slot.offset, *_extent(slot.at(n))) for slot in layout.all()}
    written = bytearray(size // _BLOCK + 1)
    for number, (line, row) in enumerate(zip(table.tolist(), rows, strict=True)):
        where = f"row {number}, {row.operation.name}"
        operands, inputs = row.operands, len(row.reads)
        if not all(id(slot) in wanted for slot in operands):
            raise TapeError("an operand is not a slot of this layout", where=where)
        places = [_place(line, k, slot, wanted[id(slot)], size, where) for k, slot in enumerate(operands)]
        for place, slot in zip(places, row.reads, strict=False):
            if slot.region not in _PERSISTENT and not _covered(place, written):
                raise TapeError(f"reads '{slot.name}' before any row wrote it", where=where)
        _check_writes(line, row, places[:inputs], places[inputs:], written, where)
        for first, last in places[inputs:]:
            blocks = slice(first // _BLOCK, -(-last // _BLOCK))
            written[blocks] = b"\1" * (blocks.stop - blocks.start)
        if line[abi.ROW_PARTS] < 1 or line[abi.ROW_ADDRESS] == 0:
            raise TapeError("has no kernel or no parts", where=where)
        if line[abi.ROW_PARTS] > abi.MAX_PARTS:
            raise TapeError(f"has more than {abi.MAX_PARTS} parts, which threads could not tell apart", where=where)


@functools.lru_cache(maxsize=1 << 14)
def _extent(shape: Shape) -> tuple[int, list[int], int]:
    """Size, axes and last axis of a slot: many are alike, in one tape and in the next."""
    return prod(shape), list(lengths(shape)), shape[-1] if shape else 1


def _place(line: list[int], k: int, slot: Slot, wanted: _Wanted, size: int, where: str) -> Place:
    """First and last + 1 of operand k, which must be its slot: neighbours of the same size are other tensors."""
    begin = abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH
    offset, count = line[begin + abi.OPERAND_OFFSET], line[begin + abi.OPERAND_SIZE]
    at, numbers, dimensions, last = wanted
    if offset < 0 or count < 0 or offset + count > size:
        raise TapeError(f"operand {k} is out of bounds: {offset} + {count} of {size}", where=where)
    if offset != at or count != numbers:
        raise TapeError(
            f"operand {k} at {offset} with {count} numbers is not '{slot.name}' at {at} with {numbers}", where=where
        )
    first = begin + abi.OPERAND_SHAPE
    if line[first : first + abi.MAX_RANK] != dimensions or line[begin + abi.OPERAND_LAST] != last:
        raise TapeError(f"operand {k} has another shape than '{slot.name}', {dimensions}", where=where)
    return offset, offset + count


def _covered(place: Place, written: bytearray) -> bool:
    return written.find(0, place[0] // _BLOCK, -(-place[1] // _BLOCK)) < 0


def _check_writes(
    line: list[int], row: Row, inputs: list[Place], outputs: list[Place], written: bytearray, where: str
) -> None:
    for (_, end), (begin, _) in pairwise(sorted(outputs)):
        if begin < end:
            raise TapeError("two outputs overlap", where=where)
    for number, (slot, place) in enumerate(zip(row.writes, outputs, strict=True)):
        if slot.region not in _WRITABLE[row.phase]:
            raise TapeError(f"may not write '{slot.name}' in the {row.phase} phase", where=where)
        begin = abi.ROW_OPERANDS + (len(row.reads) + number) * abi.OPERAND_WIDTH
        adds = bool(line[begin + abi.OPERAND_ADDS])
        if adds and not _covered(place, written):
            raise TapeError(f"adds to '{slot.name}', which no row has begun", where=where)
        begun = place[1] > place[0] and written[place[0] // _BLOCK] and not adds
        gradient = row.phase == "backward" and slot.region in ("deltas", "gradients")
        if begun and gradient and not any(slot is other for other in row.reads):
            raise TapeError(f"overwrites the gradient '{slot.name}'", where=where)
        for other, (a, b) in zip(row.reads, inputs, strict=True):
            if a < place[1] and place[0] < b and slot is not other:
                raise TapeError(f"'{slot.name}' overlaps an input", where=where)
