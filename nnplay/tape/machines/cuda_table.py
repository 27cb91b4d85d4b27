"""Rows as a graphics card walks them: an operation's own rows for it, with room for their partial sums."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.compile.jit import KERNELS, Kernel
from nnplay.kernels.cuda.steps import GOES_ON, IN_BLOCK
from nnplay.records.cuda_rows import PictureRow
from nnplay.records.cuda_work import AloneRow, SettingTurnRow
from nnplay.tape.machines.cuda_joined import joined
from nnplay.tape.machines.cuda_lines import EncodedRow, Launch, LineWriter, access_of, cards_of, room_count, samples_of
from nnplay.tape.machines.cuda_meetings import Meeting, Room, meetings
from nnplay.tape.machines.cuda_samples import (
    GroupMemory,
    GroupSum,
    RowKernel,
    Scheduled,
    ScheduledRow,
    Sharing,
    arrange,
)
from nnplay.tape.machines.machine import Table
from nnplay.tape.tape import Tape

#: Kernels that every module has, so that most networks find theirs made: their records' modules, and what they are.
_USUAL: Final = (
    "nnplay.kernels.cuda.linear:forward",
    "nnplay.kernels.cuda.linear:backward_weight",
    "nnplay.kernels.cuda.linear:backward_bias",
    "nnplay.kernels.cuda.linear:backward_both",
    "nnplay.kernels.cuda.linear:backward_input",
    "nnplay.kernels.cuda.tiled_linear:register_forward",
    "nnplay.kernels.cuda.tiled_linear:register_backward_weight",
    "nnplay.kernels.cuda.tiled_linear:register_backward_input",
    "nnplay.kernels.cuda.tiled_linear:add_shares",
    "nnplay.kernels.cuda.tiled_linear:add_shares_bias",
    "nnplay.layers.relu:value_forward",
    "nnplay.layers.relu:derivative_backward",
    "nnplay.layers.tanh:value_forward",
    "nnplay.layers.tanh:derivative_backward",
    "nnplay.layers.sigmoid:value_forward",
    "nnplay.layers.sigmoid:derivative_backward",
    "nnplay.losses.cross_entropy:rows_cuda",
    "nnplay.losses.cross_entropy:mean_cuda",
    "nnplay.losses.cross_entropy:backward_cuda",
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
    "nnplay.operations.step.gradient_norm:put_both",
    "nnplay.operations.step.gradient_norm:finish_norm",
    "nnplay.kernels.cuda.partial:fold",
    "nnplay.kernels.cuda.convolution:add_partial_sums",
    "nnplay.optimizers.adam:update",
    "nnplay.optimizers.sgd:update",
)
#: The same of modules whose products may be in TF32, besides.
_USUAL_TF32: Final = (
    "nnplay.kernels.cuda.tiled_linear:tensor_forward",
    "nnplay.kernels.cuda.tiled_linear:tensor_backward_weight",
    "nnplay.kernels.cuda.tiled_linear:tensor_backward_input",
)

_NO_TURNS: Final[Mapping[str, int]] = {}


def usual_kernels(tf32: bool = False) -> list[Kernel]:
    """The kernels that every module has, in the order of their names: those of dense networks."""
    names = _USUAL + _USUAL_TF32 if tf32 else _USUAL
    for name in names:
        importlib.import_module(name.partition(":")[0])
    return [KERNELS[name] for name in sorted(names)]


def kernels_of(tape: Tape, tf32: bool = False) -> list[Kernel]:
    """Every kernel that the rows of a tape may call on a card, and the usual ones, in the order of their names."""
    found = {kernel.name: kernel for kernel in usual_kernels(tf32)}
    for row in [*tape.train, *(row for stage in tape.stages for row in stage.evaluation)]:
        forms = (form.rows for form in row.operation.tiled if tf32 or not form.tf32)
        items = [*row.operation.cuda, *(item for rows in forms for item in rows)]
        found |= {item.kernel.name: item.kernel for item in items}
    return [found[name] for name in sorted(found)]


def lacking(tape: Tape) -> list[str]:
    """The rows that have no form for a card, as "layer 3.conv2d: gradient of x", each once."""
    rows = [*tape.train, *(row for stage in tape.stages for row in stage.evaluation)]
    found = [f"{row.path or row.phase}: {row.operation.name}" for row in rows if not row.operation.cuda]
    return list(dict.fromkeys(found))


def waits_for_threads(tape: Tape) -> bool:
    """Whether rows of a step have one thread for each picture, or one for all, so that nearly all of a card waits."""
    return any(isinstance(item, PictureRow | AloneRow) for row in tape.train for item in row.operation.cuda)


def turns_of(tape: Tape, memory: NDArray[Any]) -> dict[str, int]:
    """How often rows are run whose turns a setting counts, by operation: the most of all stages and groups."""
    found: dict[str, int] = {}
    for stage in tape.stages:
        for row in tape.train[stage.rows.first : stage.rows.end]:
            for card in row.operation.cuda:
                if isinstance(card, SettingTurnRow):
                    places = [slot.offset + card.setting for slot in (stage.named["optimizer"], *stage.groups)]
                    name = row.operation.name
                    found[name] = max(found.get(name, 0), *(int(memory[place]) for place in places))
    return found


@dataclass(frozen=True, slots=True)
class Encoded:
    """A table for a card.

    Attributes:
        cells: (lines, width).
        starts: where each row of the tape begins in it, and behind them where it ends; of the rows of a stage's batch,
            where they are in another order than the tape's, only where they all begin.
        size: numbers of room for partial sums, and for what groups of samples have of their own.
        rows: what the lines are, in order.
    """

    cells: NDArray[np.int64]
    starts: NDArray[np.int64]
    size: int
    rows: tuple[EncodedRow, ...]


def encode(
    tape: Tape,
    table: Table,
    codes: Mapping[str, int],
    launch: Launch,
    room: int,
    *,
    largest: int = 0,
    ends: Sequence[int] = (),
    there: Callable[[int], int] = lambda here: here,
    turns: Mapping[str, int] = _NO_TURNS,
) -> Encoded:
    """A table for a card.

    Args:
        codes: number of each kernel.
        launch: who walks it; with groups, the table is that of a step.
        room: offset of the room for partial sums in memory.
        largest: rows of the largest batch, if it is another one.
        ends: numbers of rows of the tape in front of which all threads have to have met.
        there: the address on the card of what gathering rows read.
        turns: what `turns_of` finds; what is missing is as usual.
    """
    n, most = table.n, largest or table.n
    table = table if launch.groups else joined(table, most, launch.tf32, ends)
    together = samples_of(most, launch.groups)[0][1] if launch.groups else most
    items = [
        RowKernel(number, row, card, card.parts([slot.size(most) for slot in row.operands], row.integers), cards)
        for number, row in enumerate(table.rows)
        for cards in (cards_of(row, most, launch.tf32, together),)
        for card in cards
    ]
    work: list[Scheduled] = [ScheduledRow(item, item.number) for item in items if item.parts]
    if launch.groups:
        accesses = [access_of(i, most, Room.SHARED if room_count(i, most, most) else Room.NONE) for i in items]
        work = arrange(items, accesses, tape, most)
    memory = GroupMemory(tape) if launch.groups else None
    writer = LineWriter(_pointing(table, there), n, most, codes, room, memory, launch, turns)
    writer.measure([entry for entry in work if isinstance(entry, ScheduledRow)])
    written = [(one.at, row) for one in work for row in _written(writer, one)]
    return _joined(written, len(table.rows), ends, writer.size)


def _written(writer: LineWriter, work: Scheduled) -> list[EncodedRow]:
    if isinstance(work, GroupSum):
        return writer.group_sum(work)
    return writer.shared(work.item) if work.sharing is Sharing.SHARED else writer.by_groups(work)


def _joined(found: Sequence[tuple[int, EncodedRow]], rows: int, ends: Sequence[int], size: int) -> Encoded:
    """The lines below each other, with who meets behind each row."""
    at, written = np.array([at for at, _ in found]), [row for _, row in found]
    sections = np.array([row.section for row in written])
    apart = np.flatnonzero(np.diff(sections)) + 1  # where groups begin or end, all meet
    fixed = {*np.searchsorted(at, ends).tolist(), *apart.tolist()}
    for row, meeting in zip(written, meetings([row.access for row in written], fixed), strict=True):
        row.lines[0, abi.ROW_ADDRESS] += {Meeting.ALL: 0, Meeting.BLOCK: IN_BLOCK, Meeting.NONE: GOES_ON}[meeting]
    counts = np.array([0, *np.cumsum([len(row.lines) for row in written])])
    starts = counts[np.searchsorted(at, np.arange(rows + 1))]
    return Encoded(np.concatenate([row.lines for row in written]), starts, size, tuple(written))


def _pointing(table: Table, there: Callable[[int], int]) -> NDArray[np.int64]:
    """The cells of a table whose gathering rows find their data on the card."""
    cells = table.cells.copy()
    for line, row in zip(cells, table.rows, strict=True):
        if "order" in row.operation.integers:  # it gathers: all of its integers but one are addresses
            for k, name in enumerate(row.operation.integers):
                if name != "size":
                    line[abi.ROW_INTEGERS + k] = there(int(line[abi.ROW_INTEGERS + k]))
    return cells


def ends_of(tape: Tape) -> list[int]:
    """Rows of a step in front of which all threads have to have met: there its stages begin, and their parts."""
    bounds = [stage.rows for stage in tape.stages]
    return sorted({at for rows in bounds for at in (rows.first, rows.finish_at, rows.update_at, rows.end)})
