"""Blocks of wide tables: cut into groups of columns, which are stored outside the memory until one is needed.

Columns are understood one after the other, so that one group at a time is all that is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.text.byte_block import BlockJoiner, ByteBlock
from nnplay.data.csv.text.plain_numbers import MARGIN
from nnplay.data.csv.text.text_store import Stored, TextStore

#: Columns of a group.
GROUP: Final = 128


class _GroupCache:
    """A table's stored groups, and the blocks of the group that was read last."""

    __slots__ = ("_blocks", "_group", "store")

    def __init__(self) -> None:
        self.store = TextStore()
        self._group = -1
        self._blocks: dict[StoredBlock, ByteBlock] = {}

    def load(self, block: StoredBlock) -> ByteBlock:
        """A block as it was; all others of its group stay in memory until another group is read."""
        blocks = self._blocks if self._group == block.group else {}
        found = blocks.get(block)
        if found is None:
            found = blocks[block] = block.read()
            self._group, self._blocks = block.group, blocks
        return found


class StoredBlock:
    """Lines of some columns, in the pieces in which they came.

    Args:
        group: which group of columns it has.
        pieces: one behind the other.

    Attributes:
        rows: how many lines there are.
    """

    __slots__ = ("_cache", "_pieces", "group", "rows")

    def __init__(self, cache: _GroupCache, group: int, pieces: list[_Piece], rows: int) -> None:
        self._cache, self.group, self._pieces, self.rows = cache, group, pieces, rows

    @property
    def text(self) -> bytes | bytearray:
        """See `ByteBlock`."""
        return self._cache.load(self).text

    def span(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the cells (N,) of a column begin and end in the text."""
        return self._cache.load(self).span(column)

    def select(self, column: int, keep: NDArray[np.bool_]) -> StoredRows:
        """Some of the lines (N,), with that column alone."""
        return StoredRows(self, column, np.flatnonzero(keep).astype(np.int32))

    def __reduce__(self) -> tuple[Any, ...]:
        block = self.read()
        return ByteBlock, (block.text, block.lines, block.ends, block.begins() if block.trimmed else None)

    def read(self) -> ByteBlock:
        """The block, read again."""
        joiner = BlockJoiner()
        for piece in self._pieces:
            joiner.add(piece.read(self._cache.store))
        return joiner.take()


class StoredRows:
    """Some lines of one column of a block that was put away."""

    __slots__ = ("_block", "_column", "_lines", "rows")

    def __init__(self, block: StoredBlock, column: int, lines: NDArray[np.int32]) -> None:
        self._block, self._column, self._lines, self.rows = block, column, lines, len(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        block, keep = self._block.read(), np.zeros(self._block.rows, np.bool_)
        keep[self._lines] = True
        return ByteBlock.select, (block, self._column, keep)

    @property
    def text(self) -> bytes | bytearray:
        """See `ByteBlock`."""
        return self._block.text

    def span(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the cells (N,) begin and end in the text."""
        begins, ends = self._block.span(self._column)
        return begins[self._lines], ends[self._lines]

    def select(self, column: int, keep: NDArray[np.bool_]) -> StoredRows:
        """Some of these lines."""
        return StoredRows(self._block, self._column, self._lines[keep])


class _Piece:
    """Some lines of a group of columns, put away."""

    __slots__ = ("_begins", "_ends", "_kind", "_lines", "_text", "_width")

    def __init__(self, block: ByteBlock, store: TextStore) -> None:
        self._kind, self._width, self._lines = block.ends.dtype, len(block.ends), block.lines
        self._text: Stored = store.put(bytes(block.text))
        self._ends: Stored = store.put(block.ends.tobytes())
        self._begins: Stored | None = store.put(block.begins().tobytes()) if block.trimmed else None

    def read(self, store: TextStore) -> ByteBlock:
        """The lines as they were."""
        ends = self._places(store.get(self._ends))
        begins = None if self._begins is None else self._places(store.get(self._begins))
        return ByteBlock(store.get(self._text), self._lines, ends, begins)

    def _places(self, content: bytes) -> NDArray[np.unsignedinteger]:
        return np.frombuffer(content, self._kind).reshape(self._width, -1)


class GroupJoiner:
    """Makes blocks of groups of columns out of blocks of all columns, which come one by one.

    Attributes:
        rows: how many lines have come.
        size: how many bytes.
    """

    __slots__ = ("_cache", "_pieces", "rows", "size")

    def __init__(self) -> None:
        self._cache = _GroupCache()
        self._pieces: list[list[_Piece]] = []
        self.rows = self.size = 0

    def add(self, block: ByteBlock) -> None:
        """Take a block; its lines follow those of the others."""
        for number, group in enumerate(cut_groups(block)):
            if number == len(self._pieces):
                self._pieces.append([])
            self._pieces[number].append(_Piece(group, self._cache.store))
        self.rows, self.size = self.rows + block.rows, self.size + len(block.text)

    def take(self) -> list[StoredBlock]:
        """A block of each group; the joiner is empty afterwards."""
        pieces, rows = self._pieces, self.rows
        self._pieces, self.rows, self.size = [], 0, 0
        return [StoredBlock(self._cache, group, some, rows) for group, some in enumerate(pieces)]


def cut_groups(block: ByteBlock) -> Iterator[ByteBlock]:
    """The columns of a block, `GROUP` in each, with their part of every line."""
    ends, begins, text = block.ends, block.begins(), memoryview(block.text)
    margin = bytes(MARGIN)
    for first in range(0, len(ends), GROUP):
        places = slice(first, first + GROUP)
        starts = block.lines + begins[first]
        lengths = block.lines + ends[places][-1] - starts + 1  # the delimiter behind them ends a line as well as any
        cut = [text[start : start + length] for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)]
        lines = np.concatenate([[0], np.cumsum(lengths[:-1])]).astype(np.int32) + np.int32(MARGIN)
        moved = ends[places] - begins[first], begins[places] - begins[first]
        kind = np.min_scalar_type(int(moved[0].max()))
        held = moved[1].astype(kind) if block.trimmed else None
        yield ByteBlock(b"".join([margin, *cut, margin]), lines, moved[0].astype(kind), held)
