"""The first row of a table: the names of its columns, a remark, or already a row of data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nnplay.data.cells.cells import is_missing, parse_number
from nnplay.data.csv.advice import advice
from nnplay.data.csv.text.dialect import usual_width
from nnplay.text import clean

_ROW_NAME = "row_name"


class Header(NamedTuple):
    """What the first row says.

    Attributes:
        names: one for each column, cleaned and unique.
        found: whether the row holds names, and no data.
        unnamed: names that were made up for columns without one, where the others have one.
        notes: what was found or renamed.
    """

    names: tuple[str, ...]
    found: bool
    unnamed: frozenset[str]
    notes: tuple[str, ...]


def read_header(rows: Sequence[Sequence[str]], choice: str, decimal: str) -> Header:
    """The header of a table that begins with `rows`.

    Args:
        choice: yes, no or auto: whether the first row holds names.
    """
    first = rows[0]
    if choice == "no" or (choice == "auto" and not has_header(rows, decimal)):
        names, _ = column_names([""] * len(first), reported=False)
        named_in = advice("header", "yes")
        note = f"no header found: columns are named column_1, … ({named_in} if row 1 is one)"
        return Header(names, False, frozenset(), (note,) if choice == "auto" and any(first) else ())
    if _lacks_row_name(rows):
        names, notes = column_names([_ROW_NAME, *first], reported=True)
        what = "the header is one name short, as R writes it: the first column holds the row names"
        return Header(names, True, frozenset(names[:1]), (what, *notes))
    names, notes = column_names(first, reported=True)
    unnamed = frozenset(name for name, cell in zip(names, first, strict=True) if not cell)
    return Header(names, True, unnamed, tuple(notes))


def has_header(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the first of `rows` holds names.

    It does unless it holds nothing but numbers and missing values, or numbers beside words that come again below them.
    """
    known = [(place, cell) for place, cell in enumerate(rows[0]) if not is_missing(cell)]
    words = [(place, cell) for place, cell in known if parse_number(cell, decimal) is None]
    if not words:
        return not known
    if len(words) == len(known):
        return True
    below = [row for row in rows[1:] if len(row) == len(rows[0])]
    return not all(any(row[place] == cell for row in below) for place, cell in words)


def _lacks_row_name(rows: Sequence[Sequence[str]]) -> bool:
    """Whether all rows are one cell longer than the header, and begin with a word of their own."""
    below = rows[1:]
    if len(below) < 2 or any(len(row) != len(rows[0]) + 1 for row in below):
        return False
    return len({row[0] for row in below}) == len(below) and any(row[-1] for row in below)


def is_comment(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the first of `rows` is a remark rather than a header that happens to begin with `#`."""
    if not rows or not rows[0][0].startswith("#"):
        return False
    if len(rows[0]) != usual_width(rows[1:]):
        return True
    return len(rows) > 2 and _only_words(rows[1], decimal) and not _only_words(rows[2], decimal)


def _only_words(row: Sequence[str], decimal: str) -> bool:
    return all(parse_number(cell, decimal) is None for cell in row)


def column_names(header: Sequence[str], *, reported: bool) -> tuple[tuple[str, ...], list[str]]:
    """Names made unique (`a`, `a_2`) and empty ones numbered (`column_3`), with a note on what was renamed."""
    cleaned = [clean(name) for name in header]
    taken: set[str] = set()
    names: list[str] = []
    renamed: list[str] = []
    for place, name in enumerate(cleaned, start=1):
        base = unique = name or f"column_{place}"
        copy = 1
        while unique in taken or (unique != name and unique in cleaned):
            copy += 1
            unique = f"{base}_{copy}"
        taken.add(unique)
        names.append(unique)
        if unique != name:
            renamed.append(f"column {place} is now '{unique}'")
    if not reported or not renamed:
        return tuple(names), []
    more = ", …" if len(renamed) > 5 else ""
    return tuple(names), [f"duplicate or empty names: {', '.join(renamed[:5])}{more}"]
