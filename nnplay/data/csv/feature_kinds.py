"""What a column of words may be instead: dates, which become days, or names of single rows, which teach nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.column_types import TypedColumn

_FEWEST_ROWS = 20
"""In shorter tables a word that comes once is nothing special."""
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


def as_feature(column: TypedColumn) -> TypedColumn:
    """The column as a number of days if it holds ISO dates, as an identifier if each row has a word of its own."""
    if column.kind != "category":
        return column
    cells = column.cells.unpack()
    days = _days(cells, column)
    if days is not None:
        note = "dates, as days since 2000-01-01"
        return replace(column, kind="number", values=days, note=note)
    if len(cells) >= _FEWEST_ROWS and not column.missing.any() and len(set(cells)) == len(cells):
        return replace(column, kind="identifier")
    return column


def _days(cells: Sequence[str], column: TypedColumn) -> NDArray[np.float64] | None:
    days = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if column.missing[row]:
            continue
        if len(cell) < 10 or cell[4] != "-" or cell[7] != "-":
            return None
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        days[row] = (moment - _ORIGIN).total_seconds() / 86400
    return days
