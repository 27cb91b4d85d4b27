"""Values as JSON, workbooks and databases give them, gathered block by block into columns of one kind each.

Python's values take five times the room of an array, so each block is turned into arrays as soon as it is full.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.typed_values import Values, as_utc
from nnplay.data.csv.text.packed_cells import PackedCells
from nnplay.data.csv.text.text_part import TextPart
from nnplay.errors import InputError

Kind = Literal["whole", "number", "truth", "time", "text"]
#: The types of arrays by their kind; times are microseconds since 1970.
TYPES: Final[Mapping[str, str]] = {"whole": "<i8", "number": "<f8", "truth": "|b1", "time": "<M8[us]"}
#: Rows that are gathered before they become arrays.
BLOCK: Final = 4096
_WHOLE: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class GatheredColumn:
    """A column of one kind.

    Attributes:
        rows: how many there are.
        values: the array (N,), or the trimmed cells with a NUL between them.
        missing: bool (N,), where some values are; empty text is missing by itself.
    """

    kind: Kind
    rows: int
    values: NDArray[Any] | str
    missing: NDArray[np.bool_] | None = None

    @property
    def for_table(self) -> Values:
        """The column as the encoder of tables takes it."""
        if isinstance(self.values, str):
            return PackedCells(TextPart(self.values, self.rows).words())
        return self.values if self.missing is None else np.ma.masked_array(self.values, self.missing)


class Unreadable(InputError):
    """A column holds what is no number, word, truth value or time."""

    def __init__(self, column: str, what: str, hint: str = "") -> None:
        super().__init__(what, where=f"column '{column}'", hint=hint)
        self.column = column


class Gatherer:
    """Takes blocks of columns by their keys; a key that a block lacks has nothing in its rows."""

    def __init__(self) -> None:
        self.rows = 0
        self._lengths: list[int] = []
        self._parts: dict[Hashable, dict[int, GatheredColumn]] = {}

    def take_rows(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Takes rows that are all as long as the names; the keys are the places of the columns.

        Raises:
            Unreadable: a value is no number, word, truth value or time.
        """
        for place, values in enumerate(zip(*rows, strict=True)):
            self._take(place, gather(names[place], values))
        self._close(len(rows))

    def take_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Takes records; the keys are those of the records, in the order in which they first come.

        Raises:
            Unreadable: a value is no number, word, truth value or time.
        """
        for name in dict.fromkeys(name for record in records for name in record):
            self._take(name, gather(name, [record.get(name) for record in records]))
        self._close(len(records))

    @property
    def keys(self) -> list[Hashable]:
        """The keys of the columns, in order."""
        return list(self._parts)

    def columns(self) -> list[GatheredColumn]:
        """The columns of all rows, in the order of the keys; what was gathered is given up for them."""
        return [self._join(self._parts.pop(key)) for key in self.keys]

    def _take(self, key: Hashable, part: GatheredColumn) -> None:
        self._parts.setdefault(key, {})[len(self._lengths)] = part

    def _close(self, length: int) -> None:
        self._lengths.append(length)
        self.rows += length

    def _join(self, found: Mapping[int, GatheredColumn]) -> GatheredColumn:
        return join([found.get(block) or nothing(length) for block, length in enumerate(self._lengths)])


def gather(name: str, values: Sequence[Any]) -> GatheredColumn:
    """One column out of Python's values, None where there is none.

    Raises:
        Unreadable: a value is no number, word, truth value or time.
    """
    kinds = {type(value) for value in values} - {type(None)}
    rows = len(values)
    missing = np.fromiter((value is None for value in values), np.bool_, rows) if None in values else None
    if not kinds:
        return nothing(rows)
    if kinds == {bool}:
        return GatheredColumn("truth", rows, np.array([bool(value) for value in values]), missing)
    if kinds == {int} and all(value is None or -_WHOLE <= value < _WHOLE for value in values):
        return GatheredColumn("whole", rows, np.array([value or 0 for value in values], np.int64), missing)
    if kinds <= {int, float, Decimal}:
        return GatheredColumn("number", rows, np.array([_number(value) for value in values]), missing)
    if kinds <= {datetime.datetime, datetime.date}:
        return GatheredColumn("time", rows, np.array([_moment(value) for value in values], "M8[us]"), missing)
    return text_column([None if value is None else _word(name, value) for value in values])


def text_column(cells: Sequence[str | None]) -> GatheredColumn:
    """A column of text; None says nothing."""
    return GatheredColumn(
        "text", len(cells), "\0".join(cell.replace("\0", " ").strip() if cell else "" for cell in cells)
    )


def nothing(rows: int) -> GatheredColumn:
    """A column that says nothing."""
    return GatheredColumn("text", rows, "\0" * (rows - 1))


def join(parts: Sequence[GatheredColumn]) -> GatheredColumn:
    """The parts of a column as one; of different kinds they become numbers if they can, else words."""
    kinds = {part.kind for part in parts if not _says_nothing(part)}
    rows = sum(part.rows for part in parts)
    if not kinds:
        return nothing(rows)
    kind: Kind = "number" if kinds == {"whole", "number"} else next(iter(kinds)) if len(kinds) == 1 else "text"
    if kind == "text":
        return GatheredColumn("text", rows, "\0".join(map(_as_text, parts)))
    missing = None
    if any(part.missing is not None or part.kind == "text" for part in parts):
        missing = np.concatenate([_missing(part) for part in parts])
    return GatheredColumn(kind, rows, np.concatenate([_as_array(part, kind) for part in parts]), missing)


def _says_nothing(part: GatheredColumn) -> bool:
    return isinstance(part.values, str) and not part.values.strip("\0")


def _as_array(part: GatheredColumn, kind: str) -> NDArray[Any]:
    if isinstance(part.values, str):  # a part that says nothing
        return np.zeros(part.rows, TYPES[kind])
    return part.values.astype(TYPES[kind], copy=False)


def _missing(part: GatheredColumn) -> NDArray[np.bool_]:
    return np.full(part.rows, part.kind == "text") if part.missing is None else part.missing


def _as_text(part: GatheredColumn) -> str:
    if isinstance(part.values, str):
        return part.values
    gone = _missing(part).tolist()
    return "\0".join("" if lost else str(value) for value, lost in zip(part.values.tolist(), gone, strict=True))


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _moment(value: Any) -> np.datetime64:
    return np.datetime64("NaT", "us") if value is None else as_utc(value)


def _word(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise Unreadable(name, "holds bytes, no numbers or words")
    if isinstance(value, datetime.timedelta):
        return repr(value.total_seconds() / 86_400)
    if isinstance(value, (list, tuple, dict, set)) or type(value).__module__ not in _PLAIN:
        raise Unreadable(name, f"holds a {type(value).__name__} in a cell, not a single value")
    return str(value)


_PLAIN: Final = frozenset({"builtins", "datetime", "decimal", "uuid", "ipaddress", "numpy"})
"""Modules whose values are written as people read them."""
