"""Rows as a graphics card walks them: an operation's own rows for it, with room for their partial sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.cuda.partial import FOLDED, MOST
from nnplay.records.operation import ALL_THREADS, CudaRow
from nnplay.tape.machines.machine import Table
from nnplay.tape.tape import Tape

#: Numbers that a row's partial sums can take.
ROOM: Final = MOST + FOLDED


def kernels_of(tape: Tape) -> list[Kernel]:
    """Every kernel that the rows of a tape call on a card, once each, in the order of their names."""
    found = {}
    for row in [*tape.train, *(row for stage in tape.stages for row in stage.evaluation)]:
        for kernel in [item.kernel for item in row.operation.cuda] or [row.operation.kernel]:
            found[kernel.name] = kernel
    return [found[name] for name in sorted(found)]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A table for a card.

    Attributes:
        cells: (rows, width).
        starts: where each row of the tape begins in it, and behind them where it ends.
    """

    cells: NDArray[np.int64]
    starts: NDArray[np.int64]


def encode(table: Table, codes: Mapping[str, int], room: int, threads: int) -> Encoded:
    """A table for a card.

    Args:
        codes: number of each kernel.
        room: offset of `ROOM` numbers in memory.
        threads: how many share a row.
    """
    lines, starts = [], [0]
    for row, cells in zip(table.rows, table.cells, strict=True):
        sizes = [int(cells[_size_at(k)]) for k in range(len(row.operands))]
        first = 0
        for item in row.operation.cuda or (CudaRow(row.operation.kernel, lambda _, parts=row.parts: parts),):
            parts = item.parts(sizes)
            line = cells.copy()
            line[abi.ROW_ADDRESS] = codes[item.kernel.name]
            line[abi.ROW_PARTS] = threads if parts == ALL_THREADS else parts
            if row.operation.cuda:
                first = first or int(line[abi.ROW_PARTS])
                line[abi.ROW_ROOM], line[abi.ROW_ROOM_COUNT] = room, first
            lines.append(line)
        starts.append(len(lines))
    return Encoded(np.array(lines, np.int64), np.array(starts, np.int64))


def _size_at(k: int) -> int:
    return abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH + abi.OPERAND_SIZE
