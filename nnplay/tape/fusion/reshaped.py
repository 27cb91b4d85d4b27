"""Flatten and reshape left out: the numbers stay where they are, and who reads them is told the other shape."""

from __future__ import annotations

from typing import Final

from nnplay.operations.copy import copy
from nnplay.tape.fusion.joined import Joined
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Row

_PHASES: Final = ("forward", "backward")


def fuse(joined: Joined) -> None:
    """Leaves out every large copy whose input, or whose output on the way back, can be used in its place."""
    for row in list(joined.rows):
        if row.operation.kernel is not copy or row.phase not in _PHASES or any(row.adds):
            continue
        given, made = row.reads[0], row.writes[0]
        alone = len(joined.writers(given)) == len(joined.writers(made)) == 1
        if alone and joined.large(made) and given.size(1) == made.size(1):
            if row.phase == "forward":
                _skip_forward(joined, row, given, made)
            elif joined.readers(given) == [row] and joined.writers(given)[0].phase == row.phase:
                _skip_backward(joined, row, given, made)


def _skip_forward(joined: Joined, row: Row, given: Slot, made: Slot) -> None:
    view = joined.view(made, given)
    for reader in joined.readers(made):
        joined.redirect(reader, made, view)
    joined.drop(row)


def _skip_backward(joined: Joined, row: Row, given: Slot, made: Slot) -> None:
    """What is handed back goes straight to where the copy would put it."""
    view, writer = joined.view(given, made), joined.writers(given)[0]
    joined.rewrite(writer, given, view)
    joined.drop(row)
