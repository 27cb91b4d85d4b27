"""Columns of text held as one string each: a Python string for every cell would take twenty times the file's size."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

# A NUL cannot occur in a cell: reading refuses it.
_BETWEEN = "\0"
_BLOCK = 4096


class PackedCells(Sequence[str]):
    """A column of text cells; going through all is fast, picking a single one is not (it is for messages)."""

    __slots__ = ("_length", "_text")

    def __init__(self, cells: Iterable[str]) -> None:
        held = cells if isinstance(cells, (list, tuple)) else list(cells)
        self._text = _BETWEEN.join(held)
        self._length = len(held)

    @classmethod
    def join_parts(cls, parts: Iterable[str], length: int) -> PackedCells:
        """A column of `length` cells out of texts that are packed already."""
        column = cls(())
        column._text = _BETWEEN.join(parts)
        column._length = length
        return column

    def unpack(self) -> list[str]:
        """All cells as a list."""
        return self._text.split(_BETWEEN) if self._length else []

    def select(self, keep: NDArray[np.bool_]) -> PackedCells:
        """The same with only the rows that are to be kept."""
        return PackedCells(list(itertools.compress(self.unpack(), keep.tolist())))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return iter(self.unpack())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self.unpack()[index]


class ColumnGatherer:
    """Takes rows one by one and turns them into packed columns, a block at a time."""

    def __init__(self, width: int) -> None:
        self.lines: array[int] = array("q")
        self._parts: list[list[str]] = [[] for _ in range(width)]
        self._rows: list[list[str]] = []

    def add(self, line: int, row: list[str]) -> None:
        """Take the row that begins on `line`."""
        if len(self._rows) >= _BLOCK:
            self._flush()
        self._rows.append(row)
        self.lines.append(line)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._parts)

    @property
    def last(self) -> list[str]:
        """The row taken last, trimmed; empty before there is one."""
        return [cell.strip() for cell in self._rows[-1]] if self._rows else []

    def repeats(self, column: int, word: str) -> bool:
        """Whether a row before the last has `word` in that column."""
        wanted = f"{_BETWEEN}{word}{_BETWEEN}"
        packed = any(wanted in f"{_BETWEEN}{part}{_BETWEEN}" for part in self._parts[column])
        return packed or any(row[column].strip() == word for row in self._rows[:-1])

    def drop_last(self) -> None:
        """Forget the row taken last."""
        self._rows.pop()
        self.lines.pop()

    def columns(self) -> list[PackedCells]:
        """The columns of all rows, trimmed."""
        self._flush()
        packed = [PackedCells.join_parts(parts, len(self.lines)) for parts in self._parts]
        self._parts = [[] for _ in packed]
        return packed

    def _flush(self) -> None:
        if not self._rows:
            return
        for parts, cells in zip(self._parts, zip(*self._rows, strict=True), strict=True):
            parts.append(_trimmed(cells))
        self._rows = []


def _trimmed(cells: Sequence[str]) -> str:
    """The cells packed, without space around any; where there is no space at all, none is looked at by itself."""
    text = _BETWEEN.join(cells)
    return text if text.split(maxsplit=1) == [text] else _BETWEEN.join([cell.strip() for cell in cells])
