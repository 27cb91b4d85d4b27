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
_STRIDE = 1024
"""Of every so many cells it is known where the first one begins."""
_CHUNK = 1 << 20
"""Characters that are searched for the ends of cells at a time."""


class PackedCells(Sequence[str]):
    """A column of text cells; the first one that is picked by its number costs a look at the whole text, once."""

    __slots__ = ("_length", "_places", "_text")

    def __init__(self, cells: Iterable[str]) -> None:
        held = cells if isinstance(cells, (list, tuple)) else list(cells)
        self._text = _BETWEEN.join(held)
        self._length = len(held)
        self._places: list[int] = []

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
        if isinstance(index, slice):
            start, stop, step = index.indices(self._length)
            return self._between(start, stop) if step == 1 else self.unpack()[index]
        place = range(self._length)[index]
        return self._between(place, place + 1)[0]

    def _between(self, start: int, stop: int) -> list[str]:
        """The cells from one number up to another; only the text around them is looked at."""
        if stop <= start:
            return []
        self._places = self._places or _find_places(self._text)
        first, last = start // _STRIDE, -(-stop // _STRIDE)
        end = self._places[last] - 1 if last < len(self._places) else len(self._text)
        block = self._text[self._places[first] : end].split(_BETWEEN)
        return block[start - first * _STRIDE : stop - first * _STRIDE]


def _find_places(text: str) -> list[int]:
    """Where every `_STRIDE`th cell of a packed text begins."""
    places, before = [0], 0
    for begin in range(0, len(text), _CHUNK):
        chunk = text[begin : begin + _CHUNK]
        coded = chunk.encode("ascii") if chunk.isascii() else chunk.encode("utf-32-le", "surrogatepass")
        ends = np.flatnonzero(np.frombuffer(coded, np.uint8 if chunk.isascii() else np.dtype("<u4")) == 0)
        # The cell after the first of these ends has the number `before` + 1.
        wanted = ends[-(before + 1) % _STRIDE :: _STRIDE]
        places += (wanted + begin + 1).tolist()
        before += len(ends)
    return places


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
