"""What a feature column may be instead of words or a measure: names of single rows, row numbers, or codes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.cells.value_cells import ValueCells
from nnplay.data.csv.text.packed_cells import PackedCells

WORDS: Final = "a different word in every row"
ROW_NUMBERS: Final = "row numbers"
ROW_NAMES: Final = "row names"
IDS: Final = "a different id in every row"
_FEWEST_ROWS = 20
"""In shorter tables a word that comes once is nothing special."""
_MOST_CODES = 100
_SAMPLE = 1000
_CAMEL_ID = re.compile(r".*[a-z](?:Id|ID)")
_PLAIN_ID = re.compile(r"(?:.*[_\W])?(?:id|uuid|guid)", re.IGNORECASE)
_ROW = re.compile(r"unnamed: ?0|index|row|row[ _.-]?(?:number|num|no|nr|id|names?)|rownum|#", re.IGNORECASE)
_CODE = re.compile(r"[0-9]+")


def as_feature(column: TypedColumn, *, unnamed: bool = False) -> TypedColumn:
    """The column as an identifier if it only tells the rows apart, as categories if its numbers are codes.

    Args:
        unnamed: whether the file has no name for the column.
    """
    if column.kind == "number" and not column.dates:
        return _as_number(column, unnamed=unnamed)
    if column.kind != "category":
        return column
    rows = len(column.cells)
    if (rows >= _FEWEST_ROWS or unnamed) and not column.missing.any() and len(column.cells.coded()[0]) == rows:
        return replace(column, kind="identifier", note=ROW_NAMES if unnamed else WORDS)
    return column


def _as_number(column: TypedColumn, *, unnamed: bool) -> TypedColumn:
    values = column.values
    if column.note or column.unknown.any() or column.stray.any() or not _are_whole(values):
        return column
    counts_up = len(values) > 2 and values[0] in (0, 1) and bool((np.diff(values) == 1).all())
    if counts_up and (unnamed or (len(values) >= _FEWEST_ROWS and _ROW.fullmatch(column.name))):
        return replace(column, kind="identifier", note=ROW_NUMBERS)
    named_id = _PLAIN_ID.fullmatch(column.name) or _CAMEL_ID.fullmatch(column.name)
    subset = unnamed and not _are_evenly_spaced(values)
    if (subset or named_id or _are_long_numbers(values)) and len(values) >= _FEWEST_ROWS and _all_differ(values):
        return replace(column, kind="identifier", note=IDS)
    if are_codes(column.cells):
        note = "a few repeated numbers of the same width are read as codes"
        return replace(column, kind="category", values=np.zeros(0), note=note)
    if named_id and len(values) >= _FEWEST_ROWS and _repeat(values):
        note = "ids that come again and again are read as names"
        return replace(column, kind="category", values=np.zeros(0), note=note)
    return column


def _repeat(values: NDArray[np.float64]) -> bool:
    """Whether each of more than two numbers comes twice or more on average, as patients do who are seen again."""
    return 3 <= len(np.unique(values)) <= len(values) // 2


def _are_whole(values: NDArray[np.float64]) -> bool:
    """Whether all are whole numbers; most that are not are found out by the first few."""
    return not any((some != np.floor(some)).any() for some in (values[:_SAMPLE], values))


def _all_differ(values: NDArray[np.float64]) -> bool:
    return bool(np.diff(np.sort(values)).all())


def _are_evenly_spaced(values: NDArray[np.float64]) -> bool:
    """Whether each is as much above the one before it, as years are; numbers of chosen or shuffled rows are not."""
    steps = np.diff(values)
    return bool((steps == steps[0]).all())


def _are_long_numbers(values: NDArray[np.float64]) -> bool:
    """Whether all have the same nine digits and more, as telephone numbers have; seconds since 1970 are times."""
    low, high = float(values.min()), float(values.max())
    if low < 1e8 or np.floor(np.log10(low)) != np.floor(np.log10(high)):
        return False
    return not any(0.5e9 * unit <= low and high <= 2.5e9 * unit for unit in (1, 1e3, 1e6, 1e9))


def are_codes(cells: PackedCells | ValueCells) -> bool:
    """Whether numbers are codes: all of one width, few, repeated, and written with leading zeros or like postal codes.

    Two to four digits without a zero before them are counts, ages and years; five and more are codes unless all of
    them are round.
    """
    if len({len(cell) for cell in cells[:_SAMPLE]}) > 1 or len(set(cells[:_SAMPLE])) > _MOST_CODES:
        return False
    different, _ = cells.coded()
    width = len(next(iter(different), ""))
    if not 2 <= len(different) <= _MOST_CODES or 4 * len(different) > len(cells):
        return False
    if any(len(cell) != width or not _CODE.fullmatch(cell) for cell in different):
        return False
    leading_zero = width > 1 and any(cell.startswith("0") for cell in different)
    return leading_zero or (width >= 5 and not all(cell.endswith("00") for cell in different))
