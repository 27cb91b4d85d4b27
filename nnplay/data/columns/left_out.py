"""Columns that say nothing: why they are left out, in words, and how they are learned from all the same."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.columns.encoded import Encoded
from nnplay.data.columns.feature_kinds import IDS, ROW_NAMES, ROW_NUMBERS, WORDS
from nnplay.data.csv.advice import advice
from nnplay.errors import InputError
from nnplay.text import counted

_WHY_LEFT_OUT = {
    "constant": "is the same in every row",
    "empty": "is empty",
    WORDS: "has a different word in every row",
    ROW_NUMBERS: "counts the rows",
    ROW_NAMES: "names the rows",
    IDS: "has a different id in every row",
}
_WAY_IN = {WORDS: "category", ROW_NAMES: "category", ROW_NUMBERS: "number", IDS: "number"}
"""Columns that only tell the rows apart, and the kind by which they are learned from all the same."""


#: Cells that are looked at, and words that a text has in the mean.
_TEXT_SAMPLE = 100
_TEXT_WORDS = 3


def describe_nothing_left(encoded: Sequence[Encoded], where: str, *, texts: bool) -> InputError:
    """Every column besides the target says nothing; of the first few it is said why.

    Args:
        texts: whether one has a text of several words in each row.
    """
    whys = [f"'{item.column.name}' {_WHY_LEFT_OUT[item.left_out]}" for item in encoded[:3]]
    more = ", …" if len(encoded) > 3 else ""
    ways = [(item.column.name, _WAY_IN[item.left_out]) for item in encoded if item.left_out in _WAY_IN]
    hint = f"use {advice('kinds', dict(ways[:1]))} to use it anyway" if ways else ""
    if texts:
        hint = f"use {advice('read_as', 'text')} to learn from the words of its texts"
    what = f"no column is left to learn from: {', '.join(whys)}{more}"
    return InputError(what if whys else "every column is a target or skipped", where=where, hint=hint)


def holds_texts(column: TypedColumn) -> bool:
    """Whether its cells have several words each."""
    cells = column.cells[:_TEXT_SAMPLE]
    return sum(len(cell.split()) for cell in cells) >= _TEXT_WORDS * len(cells)


def left_out_notes(encoded: Sequence[Encoded]) -> tuple[str, ...]:
    """A sentence for each reason, with the columns that it holds for."""
    notes = []
    for why in _WHY_LEFT_OUT:
        names = [item.column.name for item in encoded if item.left_out == why]
        if names:
            shown = ", ".join(f"'{name}'" for name in names[:10]) + (", …" if len(names) > 10 else "")
            note = f"left out, {why}: {counted(len(names), 'column')} ({shown})"
            if why in _WAY_IN:
                note += f"; {advice('kinds', {names[0]: _WAY_IN[why]})} to use it anyway"
            notes.append(note)
    return tuple(notes)
