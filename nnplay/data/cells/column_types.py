"""What a column of text holds: numbers or categories, and which of its cells are missing or do not belong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.cells import MISSING_AMONG_NUMBERS, is_missing
from nnplay.data.cells.column_reading import ColumnReading, read_column
from nnplay.data.cells.dates import read_dates
from nnplay.data.cells.value_cells import ValueCells
from nnplay.data.csv.text.packed_cells import PackedCells

Kind = Literal["number", "category", "identifier", "empty"]


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column whose type is known.

    Attributes:
        name: its unique name.
        kind: number, category, identifier when every row has another word, or empty when every cell is missing.
        cells: the trimmed text (N), packed; or the words of values that came as numbers.
        values: float64 (N,): NaN for what is no finite number; empty for categories.
        missing: bool (N,): cells that say nothing.
        infinite: bool (N,): numbers that are not finite (nan, inf, 1e999).
        stray: bool (N,): text in a column of numbers.
        note: what was made of the words, in a sentence; why an identifier is one; or empty.
        dates: whether the numbers are days, made of dates.
        numbers: how many cells of a category column are plain numbers, too few to make it a column of numbers.
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

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Cells without a usable value, missing or not finite; none in a column that is left out whole."""
        return self.missing & (self.kind not in ("empty", "identifier")) | self.infinite

    def select(self, keep: NDArray[np.bool_]) -> TypedColumn:
        """The same column with only the rows that are to be kept."""
        if keep.all():
            return self
        values = self.values[keep] if self.kind == "number" else self.values
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


def type_column(name: str, packed: PackedCells, decimal: str, wanted: str = "auto") -> TypedColumn:
    """The column's type: numbers or dates when more cells are such than text, unless `wanted` says number or category.

    In a column that is wanted as categories every word is a label, also `-` or `NA`; only empty cells are missing.
    """
    cells = packed.unpack()
    none = np.zeros(len(cells), dtype=np.bool_)
    values = _plain_numbers(cells, decimal) if wanted != "category" else None
    if values is not None and not (wanted == "auto" and _are_packed_dates(cells)):
        return _number(name, packed, values, none, none)
    different = tuple(dict.fromkeys(cells))
    absent = find_missing(different) if wanted != "category" else {""}
    missing = np.fromiter((cell in absent for cell in cells), dtype=np.bool_, count=len(cells))
    if missing.all():
        return TypedColumn(name, "empty", packed, np.zeros(0), missing, none, none)
    read = read_column([cell for cell in different if cell not in absent], decimal, wanted)
    if read is None:
        return TypedColumn(name, "category", packed, np.zeros(0), missing, none, none)
    known = read.values
    numeric = np.fromiter((cell in known for cell in cells), dtype=np.bool_, count=len(cells))
    gone = {cell for cell in different if cell not in known and cell.lower() in MISSING_AMONG_NUMBERS}
    lost = missing | np.fromiter((cell in gone for cell in cells), dtype=np.bool_, count=len(cells))
    count = int(numeric.sum())
    if not _are_numbers(count, int((~numeric & ~lost).sum()), read, wanted):
        numbers = 0 if read.dates else count
        return TypedColumn(name, "category", packed, np.zeros(0), missing, none, none, numbers=numbers)
    values = np.fromiter((known.get(cell, np.nan) for cell in cells), dtype=np.float64, count=len(cells))
    column = _number(name, packed, values, lost, ~numeric & ~lost)
    return replace(column, note=read.note, dates=read.dates)


def find_missing(different: Iterable[str]) -> set[str]:
    """Which of a column's words mean that a value is missing; beside a `+` a `-` is the other sign."""
    absent = {cell for cell in different if is_missing(cell)}
    return absent - {"-"} if "+" in different else absent


def _are_numbers(numeric: int, text: int, read: ColumnReading, wanted: str) -> bool:
    if wanted == "number":
        return numeric > 0 or not read.dates
    return 10 * text <= numeric if read.dates else numeric > text


def _are_packed_dates(cells: Sequence[str]) -> bool:
    """Whether all numbers are dates such as 20210131; eight digits are hardly ever all of them by chance."""
    if any(len(cell) != 8 for cell in cells) or len(set(cells)) < 3:
        return False
    return all(day is not None and -40_000 < day < 40_000 for day in read_dates(cells).days)


def _number(
    name: str,
    cells: PackedCells,
    values: NDArray[np.float64],
    missing: NDArray[np.bool_],
    stray: NDArray[np.bool_],
) -> TypedColumn:
    infinite = ~np.isfinite(values) & ~missing & ~stray
    values[infinite] = np.nan
    return TypedColumn(name, "number", cells, values, missing, infinite, stray)


def _plain_numbers(cells: Sequence[str], decimal: str) -> NDArray[np.float64] | None:
    """The fast way for a column of nothing but numbers; what `float` takes beyond our rules is ruled out first."""
    joined = "".join(cells)
    if not joined.isascii() or "_" in joined or (decimal == "," and "." in joined):
        return None
    # No cell holds a NUL, so all marks can be changed in one text.
    plain = "\0".join(cells).replace(",", ".").split("\0") if decimal == "," else cells
    try:
        return np.fromiter(map(float, plain), dtype=np.float64, count=len(plain))
    except ValueError:
        return None
