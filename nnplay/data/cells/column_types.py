"""What a column of text holds: numbers or categories, and which of its cells are missing or do not belong."""

from __future__ import annotations

import functools
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.cells import MISSING_AMONG_NUMBERS, is_missing
from nnplay.data.cells.column_reading import ColumnReading, read_column
from nnplay.data.cells.dates import read_dates
from nnplay.data.cells.value_cells import ValueCells
from nnplay.data.csv.text.packed_cells import PackedCells

#: Cells that tell whether a column may be one of dates.
_SAMPLE: Final = 100
#: Letters of a date that is written without marks.
_DATE: Final = 8
Kind = Literal["number", "category", "identifier", "empty"]


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column whose type is known.

    Attributes:
        name: its unique name.
        kind: number, category, identifier when every row has another word, or empty when every cell is missing.
        cells: the trimmed text (N), packed; or the words of values that came as numbers.
        values: float64 (N,): NaN for what is no finite number; empty for categories, and once they were let go.
        missing: bool (N,): cells that say nothing.
        infinite: bool (N,): numbers that are not finite (nan, inf, 1e999).
        stray: bool (N,): text in a column of numbers.
        note: what was made of the words, in a sentence; why an identifier is one; or empty.
        dates: whether the numbers are days, made of dates.
        numbers: how many cells of a category column are plain numbers, too few to make it a column of numbers.
        let_go: the decimal mark with which `cells` have to be read again to have the values; empty where they are here.
    """

    name: str
    kind: Kind
    cells: PackedCells | ValueCells
    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    infinite: NDArray[np.bool_]
    stray: NDArray[np.bool_]
    note: str = ""
    dates: bool = False
    numbers: int = 0
    let_go: str = ""

    def without_values(self, decimal: str) -> TypedColumn:
        """The same without its values, where each cell is a plain number that can be read again at any time.

        They take as much memory as the table's text, and are needed a column at a time.
        """
        again = self.kind == "number" and not self.note and isinstance(self.cells, PackedCells)
        if not again or self.unknown.any() or self.stray.any():
            return self
        return replace(self, values=np.zeros(0), let_go=decimal)

    def with_values(self) -> TypedColumn:
        """The same with its values."""
        return replace(self, values=self.first_values(len(self.cells)), let_go="") if self.let_go else self

    def first_values(self, rows: int) -> NDArray[np.float64]:
        """The first `rows` values, or as many as there are."""
        if self.let_go and isinstance(self.cells, PackedCells):
            return self.cells.first_numbers(self.let_go, rows)
        return self.values[:rows]

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Cells without a usable value, missing or not finite; none in a column that is left out whole."""
        return self.infinite if self.kind in ("empty", "identifier") else self.missing | self.infinite

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest number; NaN where there is none."""
        return float(np.fmin.reduce(self.values)), float(np.fmax.reduce(self.values))

    def select(self, keep: NDArray[np.bool_]) -> TypedColumn:
        """The same column with only the rows that are to be kept."""
        if keep.all():
            return self
        values = self.values[keep] if self.kind == "number" and not self.let_go else self.values
        missing = self.missing[keep]
        kind: Kind = "empty" if missing.all() else self.kind
        return replace(
            self,
            kind=kind,
            cells=self.cells.select(keep),
            values=values,
            missing=missing,
            infinite=self.infinite[keep],
            stray=self.stray[keep],
        )


@functools.lru_cache(maxsize=1)
def _none(rows: int) -> NDArray[np.bool_]:
    """No cell (N,); the same for all columns of a table."""
    none = np.zeros(rows, dtype=np.bool_)
    none.flags.writeable = False
    return none


def type_column(name: str, packed: PackedCells, decimal: str, wanted: str = "auto") -> TypedColumn:
    """The column's type: numbers or dates when more cells are such than text, unless `wanted` says number or category.

    In a column that is wanted as categories every word is a label, also `-` or `NA`; only empty cells are missing.
    """
    none = _none(len(packed))
    if wanted != "category":
        column = _plain_numbers(name, packed, decimal, wanted, none)
        if column is not None:
            return column
    different, codes = packed.coded()
    absent = find_missing(different) if wanted != "category" else {""}
    missing = _are_in(different, absent)[codes] if absent else none
    if missing.all():
        return TypedColumn(name, "empty", packed, np.zeros(0), missing, none, none)
    read = read_column([cell for cell in different if cell not in absent], decimal, wanted)
    if read is None:
        return TypedColumn(name, "category", packed, np.zeros(0), missing, none, none)
    numeric = _are_in(different, read.values)[codes]
    gone = {cell for cell in different if cell not in read.values and cell.lower() in MISSING_AMONG_NUMBERS}
    lost = missing | _are_in(different, gone)[codes]
    count = int(numeric.sum())
    if not _are_numbers(count, int((~numeric & ~lost).sum()), read, wanted):
        numbers = 0 if read.dates else count
        return TypedColumn(name, "category", packed, np.zeros(0), missing, none, none, numbers=numbers)
    values = np.array([read.values.get(cell, np.nan) for cell in different], dtype=np.float64)[codes]
    column = _number(name, packed, values, lost, ~numeric & ~lost)
    return replace(column, note=read.note, dates=read.dates)


def _are_in(words: Sequence[str], some: Container[str]) -> NDArray[np.bool_]:
    return np.fromiter((word in some for word in words), dtype=np.bool_, count=len(words))


def find_missing(different: Iterable[str]) -> set[str]:
    """Which of a column's words mean that a value is missing; beside a `+` a `-` is the other sign."""
    absent = {cell for cell in different if is_missing(cell)}
    return absent - {"-"} if "+" in different else absent


def _are_numbers(numeric: int, text: int, read: ColumnReading, wanted: str) -> bool:
    if wanted == "number":
        return numeric > 0 or not read.dates
    return 10 * text <= numeric if read.dates else numeric > text


def _plain_numbers(
    name: str, packed: PackedCells, decimal: str, wanted: str, none: NDArray[np.bool_]
) -> TypedColumn | None:
    """The fast way for a column of nothing but plain numbers and gaps; None for any other, and for one of dates."""
    found = packed.numbers(decimal)
    if found is None or not found[1].any():
        return None
    values, known = found
    lost = ~known
    marks = packed.different(lost) if lost.any() else set()
    if not all(is_missing(mark) or mark.lower() in MISSING_AMONG_NUMBERS for mark in marks):
        return None
    values[lost] = np.nan
    if (wanted == "auto" or marks) and _may_be_dates(packed, values, whole=not marks):
        return None
    return _number(name, packed, values, lost if lost.any() else none, none)


def _may_be_dates(packed: PackedCells, values: NDArray[np.float64], *, whole: bool) -> bool:
    """Whether numbers (N,) may be dates such as 20210131; it is certain if they are the `whole` column."""
    integers = values[:_SAMPLE] == np.floor(values[:_SAMPLE])
    if not (integers.all() if whole else integers.any()):
        return False
    first = dict.fromkeys(packed[:_SAMPLE])
    eights = [cell for cell in first if len(cell) == _DATE]  # no other number is a date
    if whole:
        return len(eights) == len(first) and None not in read_dates(eights).days and _are_packed_dates(packed)
    return any(day is not None for day in read_dates(eights).days)


def _are_packed_dates(packed: PackedCells) -> bool:
    """Eight digits are hardly ever all of them dates by chance."""
    different, _ = packed.coded()
    if any(len(cell) != _DATE for cell in different) or len(different) < 3:
        return False
    return all(day is not None and -40_000 < day < 40_000 for day in read_dates(different).days)


def _number(
    name: str,
    cells: PackedCells,
    values: NDArray[np.float64],
    missing: NDArray[np.bool_],
    stray: NDArray[np.bool_],
) -> TypedColumn:
    infinite = ~(np.isfinite(values) | missing | stray)
    values[infinite] = np.nan
    infinite = infinite if infinite.any() else _none(len(values))
    return TypedColumn(name, "number", cells, values, missing, infinite, stray)
