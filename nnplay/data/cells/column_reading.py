"""The words of a column as numbers: plain ones, dates as days, and numbers as people write them, with what is said."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from nnplay.data.cells.cells import parse_number
from nnplay.data.cells.dates import read_dates
from nnplay.data.cells.written_numbers import read_written_numbers
from nnplay.text import clean

_SAMPLE = 100
"""So many different words tell whether the others are worth a look."""


class ColumnReading(NamedTuple):
    """The numbers that words of a column stand for.

    Attributes:
        values: by word; words that are none are not in it.
        note: how they were read, in a sentence; empty for plain numbers.
        dates: whether they are days, made of dates.
    """

    values: dict[str, float]
    note: str = ""
    dates: bool = False


def read_column(different: Sequence[str], decimal: str, wanted: str) -> ColumnReading | None:
    """The `different` words of a column (in the order in which they come), or None where they are nothing but words.

    Args:
        decimal: the decimal mark of the file.
        wanted: "category" leaves them words.
    """
    if wanted == "category":
        return None
    days = _read_days(different)
    if days is not None:
        return days
    plain = {cell: value for cell in different if (value := parse_number(cell, decimal)) is not None}
    if len(plain) == len(different):
        return ColumnReading(plain)
    first = list(itertools.islice(different, _SAMPLE))
    if not plain and not read_written_numbers(first, decimal):
        return ColumnReading({}) if wanted == "number" else None
    written = read_written_numbers(different, decimal)
    if len(written) > len(plain) and all(cell in written for cell in plain):
        others = (cell for cell in written if cell not in plain)
        example = max(others, key=lambda cell: (written[cell] != 0, len(cell)))
        shown = f"{written[example]:.12g}"
        note = f"numbers are written like '{clean(example, limit=40)}', read as {shown}"
        return ColumnReading(written, note)
    return ColumnReading(plain)


def _read_days(different: Sequence[str]) -> ColumnReading | None:
    """Days, where nine words of ten are dates."""
    for some in (different[:_SAMPLE], different):
        dates = read_dates(some)
        found = sum(day is not None for day in dates.days)
        if not found or 10 * (len(some) - found) > found:
            return None
    order = f" ({dates.order})" if dates.order else ""
    values = {cell: day for cell, day in zip(different, dates.days, strict=True) if day is not None}
    return ColumnReading(values, f"dates, as days since 2000-01-01{order}", dates=True)
