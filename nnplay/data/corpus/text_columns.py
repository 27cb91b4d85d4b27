"""The texts and labels in the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nnplay.data.cells.typed_values import Values
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.corpus.options import TextOptions
from nnplay.data.corpus.text_pieces import make_safe
from nnplay.data.csv.advice import advice
from nnplay.data.csv.text.packed_cells import PackedCells
from nnplay.errors import InputError, unknown
from nnplay.text import clean, counted

#: Rows that are looked at to find the column of texts.
_SAMPLE: Final = 200
_TARGETS: Final = ("target", "label", "class", "y", "category", "sentiment")
_FEWEST_WORDS: Final = 2.0


def table_texts(table: NamedColumns, options: TextOptions, where: str) -> tuple[list[str], list[str], list[str]]:
    """Texts, labels (empty where the next token is learned) and notes of a table; rows without a text are left out.

    Raises:
        InputError: no such column, or no text in it.
    """
    words = [_words(column) for column in table.columns]
    column = _named(table, options.column, where) if options.column else _most_words(table, words, where)
    texts, labels = words[column], [""] * len(words[column])
    notes = [f"the texts are column '{clean(table.names[column])}'"] if not options.column else []
    if options.learn == "label":
        target = _named(table, options.target, where) if options.target else _find_target(table, column, where)
        labels = words[target]
        if not options.target:
            notes.append(f"the labels are column '{clean(table.names[target])}'")
    kept = [place for place, text in enumerate(texts) if text.strip() and (labels[place] or options.learn == "next")]
    if len(kept) < len(texts):
        notes.append(f"{counted(len(texts) - len(kept), 'row')} without a text or label left out")
    if len(kept) > options.max_windows and options.learn == "label":
        notes.append(f"{len(kept):,} rows are there, {options.max_windows:,} from all over the table are read")
        kept = [kept[place * len(kept) // options.max_windows] for place in range(options.max_windows)]
    return (
        [make_safe(texts[place]) for place in kept],
        [clean(labels[place]) for place in kept],
        [*table.notes, *table.skipped.notes, *notes],
    )


def _words(column: Values) -> list[str]:
    if isinstance(column, PackedCells):
        return column.unpack()
    values = column.tolist() if isinstance(column, np.ndarray) else column
    return ["" if value is None or value != value else str(value) for value in values]


def _named(table: NamedColumns, name: str, where: str) -> int:
    if name not in table.names:
        raise unknown("column", name, table.names, where=where)
    return table.names.index(name)


def _most_words(table: NamedColumns, words: Sequence[Sequence[str]], where: str) -> int:
    counts = [sum(len(text.split()) for text in column[:_SAMPLE]) / max(1, len(column[:_SAMPLE])) for column in words]
    best = int(np.argmax(counts))
    if counts[best] < _FEWEST_WORDS:
        hint = f"use {advice('column', clean(table.names[best]))} if it is a text all the same"
        raise InputError("no column has texts of several words", where=where, hint=hint)
    return best


def _find_target(table: NamedColumns, text: int, where: str) -> int:
    others = [place for place in range(len(table.names)) if place != text]
    if not others:
        hint = f"use {advice('learn', 'next')} to have the texts written on instead"
        raise InputError("has texts, but no column with labels", where=where, hint=hint)
    named = [place for place in others if table.names[place].lower() in _TARGETS]
    return named[0] if named else others[-1]
