"""Rows as a graphics card walks them: an operation's own rows for it, with room for their partial sums."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.compile.jit import KERNELS, Kernel
from nnplay.kernels.cuda.partial import FOLDED
from nnplay.kernels.cuda.recurrence import TURN
from nnplay.kernels.cuda.steps import GOES_ON
from nnplay.records.cuda_rows import PictureRow, TurnRow
from nnplay.records.cuda_steps import StepRow
from nnplay.records.operation import ALL_THREADS, CudaRow
from nnplay.tape.machines.cuda_meetings import Access, meetings
from nnplay.tape.machines.machine import Table
from nnplay.tape.tape import Row, Tape

#: Kernels that every module has, so that most networks find theirs made: their records' modules, and what they are.
_USUAL: Final = (
    "nnplay.kernels.cuda.linear:forward",
    "nnplay.kernels.cuda.linear:forward_shares",
    "nnplay.kernels.cuda.linear:backward_input_shares",
    "nnplay.kernels.cuda.linear:backward_weight",
    "nnplay.kernels.cuda.linear:backward_bias",
    "nnplay.kernels.cuda.linear:backward_input",
    "nnplay.layers.relu:value_forward",
    "nnplay.layers.relu:derivative_backward",
    "nnplay.layers.tanh:value_forward",
    "nnplay.layers.tanh:derivative_backward",
    "nnplay.layers.sigmoid:value_forward",
    "nnplay.layers.sigmoid:derivative_backward",
    "nnplay.losses.cross_entropy:rows_cuda",
    "nnplay.losses.cross_entropy:mean_cuda",
    "nnplay.losses.cross_entropy:backward",
    "nnplay.losses.mse:value_partial",
    "nnplay.losses.mse:value_mean",
    "nnplay.losses.mse:derivative_backward",
    "nnplay.losses.binary_cross_entropy_logits:value_partial",
    "nnplay.losses.binary_cross_entropy_logits:value_mean",
    "nnplay.losses.binary_cross_entropy_logits:derivative_backward",
    "nnplay.operations.copy:copy",
    "nnplay.operations.card_scoring:largest_cuda",
    "nnplay.operations.card_scoring:above_zero_cuda",
    "nnplay.operations.card_scoring:score_cuda",
    "nnplay.operations.step.clip:scale_to_norm",
    "nnplay.operations.step.gather:gather_cuda",
    "nnplay.operations.step.gradient_norm:squares_cuda",
    "nnplay.operations.step.gradient_norm:put_cuda",
    "nnplay.operations.step.gradient_norm:finish_norm",
    "nnplay.kernels.cuda.partial:fold",
    "nnplay.optimizers.adam:update",
    "nnplay.optimizers.sgd:update",
)


def kernels_of(tape: Tape) -> list[Kernel]:
    """Every kernel that the rows of a tape call on a card, and the usual ones, in the order of their names."""
    for name in _USUAL:
        importlib.import_module(name.partition(":")[0])
    found = {name: KERNELS[name] for name in _USUAL}
    for row in [*tape.train, *(row for stage in tape.stages for row in stage.evaluation)]:
        found |= {item.kernel.name: item.kernel for item in row.operation.cuda}
    return [found[name] for name in sorted(found)]


def lacking(tape: Tape) -> list[str]:
    """The rows that have no form for a card, as "layer 3.conv2d: gradient of x", each once."""
    rows = [*tape.train, *(row for stage in tape.stages for row in stage.evaluation)]
    found = [f"{row.path or row.phase}: {row.operation.name}" for row in rows if not row.operation.cuda]
    return list(dict.fromkeys(found))


def takes_pictures_alone(tape: Tape) -> bool:
    """Whether rows of a step have one thread for each picture, behind which nearly all of a card waits."""
    return any(isinstance(item, PictureRow) for row in tape.train for item in row.operation.cuda)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A table for a card.

    Attributes:
        cells: (rows, width).
        starts: where each row of the tape begins in it, and behind them where it ends.
    """

    cells: NDArray[np.int64]
    starts: NDArray[np.int64]


def encode(
    table: Table, largest: Table, codes: Mapping[str, int], room: int, threads: int, ends: Sequence[int] = ()
) -> Encoded:
    """A table for a card.

    Args:
        largest: the same rows for the largest batch: what that leaves out is left out.
        codes: number of each kernel.
        room: offset of the room for partial sums in memory.
        threads: how many share a row.
        ends: numbers of rows of the tape in front of which all threads have to have met.
    """
    lines: list[NDArray[np.int64]] = []
    touched: list[Access] = []
    starts = [0]
    for row, cells, most in zip(table.rows, table.cells, largest.cells, strict=True):
        sizes, at_most = ([int(line[_size_at(k)]) for k in range(len(row.operands))] for line in (cells, most))
        first = 0
        for item in row.operation.cuda:
            if item.parts(at_most, row.integers) == 0:
                continue
            parts = item.parts(sizes, row.integers)
            line = cells.copy()
            line[abi.ROW_ADDRESS] = codes[item.kernel.name]
            line[abi.ROW_PARTS] = threads if parts == ALL_THREADS else parts
            first = first or max(0, parts)
            line[abi.ROW_ROOM], line[abi.ROW_ROOM_COUNT] = room, first
            turns = _turns(item, line)
            lines += turns
            touched += [_access(item, row, line, first > 0)] * len(turns)
        starts.append(len(lines))
    for line, meets in zip(
        lines, meetings(touched, [starts[number] for number in ends if number < len(starts)]), strict=True
    ):
        line[abi.ROW_ADDRESS] += 0 if meets else GOES_ON
    return Encoded(np.array(lines, np.int64), np.array(starts, np.int64))


def ends_of(tape: Tape) -> list[int]:
    """Rows of a step in front of which all threads have to have met: there its stages begin, and their parts."""
    bounds = [stage.rows for stage in tape.stages]
    return sorted({at for rows in bounds for at in (rows.first, rows.finish_at, rows.update_at, rows.end)})


def _access(item: CudaRow, row: Row, line: NDArray[np.int64], room: bool) -> Access:
    """What a row of the card touches of memory."""
    places = [(int(line[_size_at(k) - 1]), int(line[_size_at(k)])) for k in range(len(row.operands))]
    reads, writes = places[: len(row.reads)], places[len(row.reads) :]
    added = [place for place, adds in zip(writes, row.adds or [False] * len(writes), strict=True) if adds]
    return Access(item, (*reads, *added), tuple(writes), room)


def _turns(item: CudaRow, line: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The row, or one for each time that it is run."""
    if not isinstance(item, TurnRow):
        return [line]
    count = int(line[_size_at(item.operand) + 1 + item.axis])
    if isinstance(item, StepRow):
        count = count * item.rows + item.ends
    made = np.tile(line, (count, 1))
    made[:, abi.ROW_INTEGERS + TURN] = np.arange(len(made))
    return list(made)


def room_of(made: Iterable[Encoded]) -> int:
    """Numbers that the partial sums of the rows of these tables can take."""
    return FOLDED + max(int(table.cells[:, abi.ROW_ROOM_COUNT].max()) for table in made)


def _size_at(k: int) -> int:
    return abi.ROW_OPERANDS + k * abi.OPERAND_WIDTH + abi.OPERAND_SIZE
