"""The table that a data set was made of, as it was read: kept so that people can look at it, and encode it anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.columns.encoded_before import EncodedBefore
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.csv.text.packed_cells import PackedCells


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """Cells as they were written, with the rows of the data set among them; nothing is copied.

    Attributes:
        columns: all columns, also those that are not learned from.
        kept: int64 (N,), which row of the table each row of the data set is; None where they are the same.
        made: what became of the columns, for when some of them are encoded otherwise.
    """

    columns: NamedColumns
    kept: NDArray[np.int64] | None = None
    made: EncodedBefore | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the order of the table."""
        return self.columns.names

    def cells(self, column: int, start: int, stop: int) -> list[str]:
        """What column number `column` has in rows `start` to `stop` (left out) of the data set."""
        if self.kept is None:
            return _texts(self.columns.columns[column], start, stop)
        rows = self.kept[start:stop].tolist()
        if not rows:
            return []
        first = rows[0]
        found = _texts(self.columns.columns[column], first, rows[-1] + 1)
        return [found[row - first] for row in rows]

    def __len__(self) -> int:
        return len(self.columns.columns[0]) if self.kept is None else len(self.kept)

    def line(self, row: int) -> int:
        """By what number messages name a row of the data set, such as its line in the file."""
        place = row if self.kept is None else int(self.kept[row])
        return place + 1 if self.columns.lines is None else int(self.columns.lines[place])


def _texts(values: PackedCells | NDArray[Any] | Sequence[Any], start: int, stop: int) -> list[str]:
    if isinstance(values, PackedCells):
        return values[start:stop]
    part = values[start:stop]
    if isinstance(part, np.ndarray) and part.dtype.kind == "M" and any(isinstance(one, int) for one in part.tolist()):
        return ["" if np.isnat(one) else str(one) for one in part]  # years that Python's own times do not have
    return [_text(value) for value in (part.tolist() if isinstance(part, np.ndarray) else part)]


def _text(value: Any) -> str:
    """A value as a table of text would have it; nothing for one that says nothing."""
    if value is None or value is np.ma.masked or value != value:
        return ""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
