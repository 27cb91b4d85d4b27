"""Two rows of a tape that a graphics card runs as one, such as a gradient of weights and that of their bias.

Each row costs a card what it takes to find it and its operands, and mostly a meeting; and where one has a number for
few threads, others have time for the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from nnplay.kernels import abi
from nnplay.records.cuda_rows import WithNextRow
from nnplay.records.operation import CudaRow
from nnplay.tape.machines.cuda_lines import cards_of
from nnplay.tape.machines.machine import Table
from nnplay.tape.tape import Row


def joined(table: Table, largest: int, tf32: bool, ends: Sequence[int]) -> Table:
    """The table with both of such rows in the place of the first, and nothing in that of the second.

    Args:
        largest: rows of the largest batch, which decides how each row is run.
        ends: numbers of rows in front of which something else may stand.
    """
    rows, cells = list(table.rows), np.array(table.cells)
    for number, (row, after) in enumerate(pairwise(table.rows)):
        card = None if number + 1 in ends else _card_of_both(row, after, largest, tf32)
        place = abi.ROW_OPERANDS + len(row.operands) * abi.OPERAND_WIDTH
        written = abi.ROW_OPERANDS + len(after.reads) * abi.OPERAND_WIDTH
        end = place + len(after.writes) * abi.OPERAND_WIDTH
        if card is not None and end <= cells.shape[1]:
            cells[number, place:end] = table.cells[number + 1, written : written + end - place]
            cells[number, abi.ROW_INTEGERS : abi.ROW_INTEGERS + len(card.integers)] = card.integers
            rows[number], rows[number + 1] = _both(row, after, card), _with_cards(after)
    return Table(cells, rows, table.n)


def _card_of_both(row: Row, after: Row, largest: int, tf32: bool) -> WithNextRow | None:
    cards = cards_of(row, largest, tf32)
    card = cards[-1] if cards else None
    if not isinstance(card, WithNextRow) or after.operation.name != card.following:
        return None
    return card if after.reads in (row.reads[-1:], row.writes) else None


def _both(row: Row, after: Row, card: WithNextRow) -> Row:
    cards = (*row.operation.cuda[:-1], card.both)
    adds = [flag for each in (row, after) for flag in each.adds or (False,) * len(each.writes)]
    return replace(_with_cards(row, *cards), writes=row.writes + after.writes, adds=tuple(adds))


def _with_cards(row: Row, *cards: CudaRow) -> Row:
    return replace(row, operation=replace(row.operation, cuda=cards, tiled=()))
