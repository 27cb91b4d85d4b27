"""Columns of text held in a few large pieces: a string of Python for every cell would take twenty times as much."""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.text.byte_block import BlockColumn, BlockJoiner, ByteBlock
from nnplay.data.csv.text.stored_block import GROUP, GroupJoiner
from nnplay.data.csv.text.text_part import BETWEEN, TextPart
from nnplay.data.csv.text.word_codes import WordCodes

_BLOCK: Final = 4096
#: Blocks are joined until they hold so many rows, or so many bytes.
_ROWS: Final = 2048
_BYTES: Final = 1 << 28
#: Codes of up to so many different words are kept once they were made.
_FEW: Final = 1 << 16
#: Tables of more columns are put away in groups of columns.
_WIDE: Final = 4 * GROUP


Part = TextPart | BlockColumn


class PackedCells(Sequence[str]):
    """A column of text cells, in pieces."""

    __slots__ = ("_coded", "_firsts", "_parts", "_rows")

    def __init__(self, cells: Iterable[str] = (), parts: Sequence[Part] = ()) -> None:
        held = cells if isinstance(cells, (list, tuple)) else list(cells)
        pieces = (held[first : first + _BLOCK] for first in range(0, len(held), _BLOCK))
        self._parts = [*parts, *(TextPart(BETWEEN.join(piece), len(piece)) for piece in pieces)]
        self._firsts = [0, *itertools.accumulate(part.rows for part in self._parts)]
        self._rows = self._firsts.pop()
        self._coded: tuple[list[str], NDArray[np.integer]] | None = None

    @classmethod
    def joined(cls, columns: Sequence[PackedCells]) -> PackedCells:
        """The cells of several columns, one behind the other: their pieces as they are, unless these are small."""
        parts = [part for column in columns for part in column._parts]
        if sum(part.rows for part in parts) < _ROWS * len(parts):
            return cls([word for part in parts for word in part.words()])
        return cls(parts=parts)

    def unpack(self) -> list[str]:
        """All cells as a list."""
        return [word for part in self._parts for word in part.words()]

    def select(self, keep: NDArray[np.bool_]) -> PackedCells:
        """The same with only the rows that are to be kept."""
        pairs = zip(self._firsts, self._parts, strict=True)
        return PackedCells(parts=[part.select(keep[first : first + part.rows]) for first, part in pairs])

    def pick(self, rows: NDArray[np.bool_]) -> list[str]:
        """The cells of some rows."""
        found: list[str] = []
        for first, part in zip(self._firsts, self._parts, strict=True):
            some = np.flatnonzero(rows[first : first + part.rows])
            found += part.pick(some) if some.size else ()
        return found

    def different(self, rows: NDArray[np.bool_]) -> set[str]:
        """The different cells of some rows."""
        found: set[str] = set()
        for first, part in zip(self._firsts, self._parts, strict=True):
            some = np.flatnonzero(rows[first : first + part.rows])
            found |= part.different(some) if some.size else found
        return found

    def coded(self) -> tuple[list[str], NDArray[np.integer]]:
        """The different words in the order in which they come, and for each cell (N,) which of them it is."""
        if self._coded is not None:
            return self._coded
        words = WordCodes()
        codes = [_small(part.codes(words), len(words.words)) for part in self._parts]
        coded = words.words, np.concatenate(codes) if codes else np.zeros(0, dtype=np.uint8)
        if len(coded[0]) <= _FEW:
            self._coded = coded
        return coded

    def numbers(self, decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
        """The numbers (N,) that cells plainly are, and which are; None where that is less than half of the first."""
        values, known = np.empty(self._rows), np.empty(self._rows, dtype=np.bool_)
        for first, part in zip(self._firsts, self._parts, strict=True):
            here = slice(first, first + part.rows)
            values[here], known[here] = part.numbers(decimal)
            if not first and 2 * int(known[here].sum()) < part.rows:
                return None
        return (values, known) if self._rows else None

    def first_numbers(self, decimal: str, rows: int) -> NDArray[np.float64]:
        """The numbers of the first rows, `rows` or as many as there are, of a column where every cell is one."""
        found: list[NDArray[np.float64]] = []
        for first, part in zip(self._firsts, self._parts, strict=True):
            if first < rows:
                found.append(part.numbers(decimal)[0][: rows - first])
        return np.concatenate(found) if found else np.empty(0)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str]:
        return itertools.chain.from_iterable(part.words() for part in self._parts)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            start, stop, step = index.indices(self._rows)
            return self._between(start, stop) if step == 1 else self.unpack()[index]
        place = range(self._rows)[index]
        return self._between(place, place + 1)[0]

    def _between(self, start: int, stop: int) -> list[str]:
        """The cells from one number up to another; only the pieces that they lie in are looked at."""
        found: list[str] = []
        place = max(bisect_right(self._firsts, start) - 1, 0)
        while start < stop:
            first, part = self._firsts[place], self._parts[place]
            found += part.words(start - first, min(stop - first, part.rows))
            start, place = first + part.rows, place + 1
        return found


def _small(codes: NDArray[np.int32], words: int) -> NDArray[np.integer]:
    """The codes (N,) of so many words in as few bytes as they need."""
    return codes.astype(np.min_scalar_type(words))


class ColumnGatherer:
    """Takes rows one by one, or in blocks, and turns them into packed columns."""

    def __init__(self, width: int) -> None:
        self.lines: array[int] = array("q")
        self._parts: list[list[Part]] = [[] for _ in range(width)]
        self._rows: list[list[str]] = []
        self._blocks: BlockJoiner | GroupJoiner = BlockJoiner() if width <= _WIDE else GroupJoiner()

    def add(self, line: int, row: list[str]) -> None:
        """Take the row that begins on `line`."""
        if self._blocks.rows or len(self._rows) >= _BLOCK:
            self._flush()
        self._rows.append(row)
        self.lines.append(line)

    def add_block(self, line: int, block: ByteBlock) -> None:
        """Take many rows; the first begins on `line`, each of the others on the next."""
        if self._rows:
            self._flush()
        self.lines.frombytes(np.arange(line, line + block.rows, dtype=np.int64).tobytes())
        self._blocks.add(block)
        if self._blocks.rows >= _ROWS or self._blocks.size >= _BYTES:
            self._flush()

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._parts)

    @property
    def last(self) -> list[str]:
        """The row taken last, trimmed; empty before there is one."""
        if self._rows:
            return [cell.strip() for cell in self._rows[-1]]
        self._flush()
        return [parts[-1].words(parts[-1].rows - 1)[0] for parts in self._parts if parts]

    def repeats(self, column: int, word: str) -> bool:
        """Whether a row before the last has `word` in that column."""
        if self._blocks.rows:
            self._flush()
        words = [word for part in self._parts[column] for word in part.words()]
        words += [row[column].strip() for row in self._rows]
        return word in words[:-1]

    def drop_last(self) -> None:
        """Forget the row taken last."""
        if not self._rows:
            self._flush()
            self._unpack_last()
        self._rows.pop()
        self.lines.pop()

    def columns(self) -> list[PackedCells]:
        """The columns of all rows, trimmed."""
        self._flush()
        packed = [PackedCells(parts=parts) for parts in self._parts]
        self._parts = [[] for _ in packed]
        return packed

    def _unpack_last(self) -> None:
        """Makes rows again of the piece taken last."""
        pieces = [parts.pop().words() for parts in self._parts]
        self._rows = [list(row) for row in zip(*pieces, strict=True)]

    def _flush(self) -> None:
        """Turns the rows, or the blocks, that were taken last into pieces."""
        if self._blocks.rows:
            taken = self._blocks.take()
            for column, parts in enumerate(self._parts):
                if isinstance(taken, list):
                    parts.append(BlockColumn(taken[column // GROUP], column % GROUP))
                else:
                    parts.append(BlockColumn(taken, column))
        elif self._rows:
            for parts, cells in zip(self._parts, zip(*self._rows, strict=True), strict=True):
                parts.append(TextPart(_trimmed(cells), len(cells)))
        self._rows = []


def _trimmed(cells: Sequence[str]) -> str:
    """The cells packed, without space around any; where there is no space at all, none is looked at by itself."""
    text = BETWEEN.join(cells)
    return text if text.split(maxsplit=1) == [text] else BETWEEN.join([cell.strip() for cell in cells])
