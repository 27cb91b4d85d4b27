"""What a column of text holds: numbers or categories, and which of its cells are missing or do not belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.cells import is_missing, parse_number
from nnplay.data.csv.text.packed_cells import PackedCells

Kind = Literal["number", "category", "identifier", "empty"]


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column whose type is known.

    Attributes:
        name: its unique name.
        kind: number, category, identifier when every row has another word, or empty when every cell is missing.
        cells: the trimmed text (N), packed.
        values: float64 (N,): NaN for what is no finite number; empty for categories.
        missing: bool (N,): cells that say nothing.
        infinite: bool (N,): numbers that are not finite (nan, inf, 1e999).
        stray: bool (N,): text in a column of numbers.
        note: what was made of the words, in a sentence; or empty.
        numbers: how many cells of a category column are plain numbers, too few to make it a column of numbers.
    """

    name: str
    kind: Kind
    cells: PackedCells
    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    infinite: NDArray[np.bool_]
    stray: NDArray[np.bool_]
    note: str = ""
    numbers: int = 0

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Cells without a usable value, missing or not finite; none in a column that is left out whole."""
        return self.missing & (self.kind not in ("empty", "identifier")) | self.infinite

    def select(self, keep: NDArray[np.bool_]) -> TypedColumn:
        """The same column with only the rows that are to be kept."""
        if keep.all():
            return self
        cells = PackedCells([cell for cell, kept in zip(self.cells, keep, strict=True) if kept])
        values = self.values[keep] if self.kind == "number" else self.values
        missing = self.missing[keep]
        kind: Kind = "empty" if missing.all() else self.kind
        return TypedColumn(self.name, kind, cells, values, missing, self.infinite[keep], self.stray[keep], self.note)


def type_column(name: str, packed: PackedCells, decimal: str, wanted: str = "auto") -> TypedColumn:
    """The column's type: numbers when more cells are numbers than text, unless `wanted` says number or category."""
    cells = packed.unpack()
    values = _plain_numbers(cells, decimal) if wanted != "category" else None
    if values is not None:
        none = np.zeros(len(cells), dtype=np.bool_)
        return _number(name, packed, values, none, none)
    known = {cell: parse_number(cell, decimal) for cell in set(cells)}
    absent = {cell for cell in known if is_missing(cell)}
    missing = np.fromiter((cell in absent for cell in cells), dtype=np.bool_, count=len(cells))
    numeric = np.fromiter((known[cell] is not None for cell in cells), dtype=np.bool_, count=len(cells))
    stray = ~numeric & ~missing
    none = np.zeros(len(cells), dtype=np.bool_)
    if missing.all():
        return TypedColumn(name, "empty", packed, np.zeros(0), missing, none, none)
    as_number = wanted == "number" or (wanted == "auto" and numeric.sum() > stray.sum())
    if not as_number:
        numbers = int(numeric.sum()) if wanted == "auto" else 0
        return TypedColumn(name, "category", packed, np.zeros(0), missing, none, none, numbers=numbers)
    parsed = {cell: np.nan if value is None else value for cell, value in known.items()}
    values = np.fromiter((parsed[cell] for cell in cells), dtype=np.float64, count=len(cells))
    return _number(name, packed, values, missing, stray)


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
