"""A block of plain lines as bytes: most of a large file, read without a string for every cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.cells import parse_number
from nnplay.data.csv.text.dialect import BLANK
from nnplay.data.csv.text.lines import FIELD_LIMIT
from nnplay.data.csv.text.plain_numbers import MARGIN, read_plain
from nnplay.data.csv.text.text_part import BETWEEN, TextPart
from nnplay.data.csv.text.word_codes import LONGEST, WordCodes

_NEWLINE: Final = 10
#: What `str.strip` takes off besides these is not in a block.
_WHITE: Final = tuple(bytes([letter]) for letter in (9, 11, 12, 13, 28, 29, 30, 31, 32))
_WHITE_BEYOND_ASCII: Final = "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
#: Words that tell whether the others are numbers too.
_PROBE: Final = 64
_MARGIN: Final = bytes(MARGIN)

Places = NDArray[np.unsignedinteger]
"""Places in a line, in as few bytes as its length needs."""


class ByteBlock:
    """Lines that have as many cells each, none of them in quotes.

    Args:
        text: the lines in UTF-8, with `MARGIN` bytes before the first and behind the last.
        lines: where each line begins.
        ends: (columns, lines), where each cell ends behind the beginning of its line.
        begins: the same of its beginning; None where each cell begins one byte behind the one before it.

    Attributes:
        rows: how many lines there are.
    """

    __slots__ = ("_begins", "_ends", "_lines", "rows", "text")

    def __init__(self, text: bytes | bytearray, lines: NDArray[np.int32], ends: Places, begins: Places | None) -> None:
        self.text, self._lines, self._ends, self._begins = text, lines, ends, begins
        self.rows = len(lines)

    def span(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the cells (N,) of a column begin and end."""
        lines = self._lines.astype(np.int64)
        ends = lines + self._ends[column]
        if self._begins is not None:
            return lines + self._begins[column], ends
        return (lines + self._ends[column - 1] + 1 if column else lines), ends

    def select(self, column: int, keep: NDArray[np.bool_]) -> ByteBlock:
        """Some of the lines (N,), with that column alone; the text is shared."""
        lines = self._lines[keep]
        begins, ends = ((places[keep] - lines)[None] for places in self.span(column))
        kind = self._ends.dtype
        return ByteBlock(self.text, lines, ends.astype(kind), begins.astype(kind))

    @property
    def lines(self) -> NDArray[np.int32]:
        """Where each line begins."""
        return self._lines

    @property
    def ends(self) -> Places:
        """(columns, lines), where each cell ends behind the beginning of its line."""
        return self._ends

    @property
    def trimmed(self) -> bool:
        """Whether there is white space around some cells."""
        return self._begins is not None

    def begins(self) -> Places:
        """(columns, lines), where each cell begins behind the beginning of its line."""
        if self._begins is not None:
            return self._begins
        begins = np.zeros_like(self._ends)
        begins[1:] = self._ends[:-1] + 1
        return begins


class Lines(Protocol):
    """Lines of a table, wherever they are kept; see `ByteBlock`."""

    @property
    def rows(self) -> int:
        """How many there are."""

    @property
    def text(self) -> bytes | bytearray:
        """Them in UTF-8, with `MARGIN` bytes before the first and behind the last."""

    def span(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the cells (N,) of a column begin and end."""

    def select(self, column: int, keep: NDArray[np.bool_]) -> Lines:
        """Some of the lines (N,), with that column alone."""


class BlockJoiner:
    """Makes one block of several that come one by one; each is copied at once, so that the text is never held twice.

    Attributes:
        rows: how many lines have come.
        size: how many bytes.
    """

    __slots__ = ("_blocks", "_text", "rows", "size")

    def __init__(self) -> None:
        self._text = bytearray(MARGIN)
        self._blocks: list[ByteBlock] = []
        self.rows = self.size = 0

    def add(self, block: ByteBlock) -> None:
        """Take a block; its lines follow those of the others."""
        if len(self._blocks) == 1:
            self._blocks = [self._move(self._blocks[0], 0)]
        self._blocks.append(self._move(block, self.size) if self._blocks else block)
        self.rows, self.size = self.rows + block.rows, self.size + len(block.text) - 2 * MARGIN

    def _move(self, block: ByteBlock, place: int) -> ByteBlock:
        """Copies the text of a block; it stays with the places of its lines behind `place`."""
        self._text += memoryview(block.text)[MARGIN:-MARGIN]
        begins = block.begins() if block.trimmed else None
        return ByteBlock(b"", block.lines + np.int32(place), block.ends, begins)

    def take(self) -> ByteBlock:
        """All that has come as one block; the joiner is empty afterwards."""
        blocks, text = self._blocks, self._text
        text += _MARGIN
        self._text, self._blocks, self.rows, self.size = bytearray(MARGIN), [], 0, 0
        if len(blocks) == 1:
            return blocks[0]
        ends = np.concatenate([block.ends for block in blocks], axis=1)
        trimmed = any(block.trimmed for block in blocks)
        begins = np.concatenate([block.begins() for block in blocks], axis=1) if trimmed else None
        return ByteBlock(text, np.concatenate([block.lines for block in blocks]), ends, begins)


@dataclass(frozen=True, slots=True)
class BlockColumn:
    """One column of a block."""

    block: Lines
    column: int

    @property
    def rows(self) -> int:
        """How many cells it has."""
        return self.block.rows

    def words(self, start: int = 0, stop: int | None = None) -> list[str]:
        """The cells from one row up to another."""
        begins, ends = self.block.span(self.column)
        return self._between(begins[start:stop], ends[start:stop])

    def pick(self, rows: NDArray[np.int64]) -> list[str]:
        """The cells of some rows."""
        begins, ends = self.block.span(self.column)
        return self._between(begins[rows], ends[rows])

    def different(self, rows: NDArray[np.int64]) -> set[str]:
        """The different cells of some rows; most of those that are asked for are empty."""
        begins, ends = (places[rows] for places in self.block.span(self.column))
        filled = ends > begins
        return {*self._between(begins[filled], ends[filled]), *(() if filled.all() else ("",))}

    def select(self, keep: NDArray[np.bool_]) -> BlockColumn:
        """The same with only the rows (N,) that are to be kept."""
        return BlockColumn(self.block.select(self.column, keep), 0)

    def codes(self, into: WordCodes) -> NDArray[np.int32]:
        """The codes (N,) of its words."""
        begins, ends = self.block.span(self.column)
        if (ends - begins).max(initial=0) > LONGEST:
            return into.of_words(self.words(), self.rows)
        return into.of_bytes(self.block.text, begins, ends)

    def numbers(self, decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The numbers (N,) that cells plainly are, as `parse_number` reads them, and which cells are numbers.

        Of cells that are written in a rarer way some may be passed over where most of them are words.
        """
        begins, ends = self.block.span(self.column)
        values, known = read_plain(self.block.text, begins, ends, decimal)
        rest = np.flatnonzero(~known & (ends > begins))
        first = self._between(begins[rest[:_PROBE]], ends[rest[:_PROBE]])
        if 2 * sum(parse_number(word, decimal) is not None for word in first) > len(first):
            words = TextPart(BETWEEN.join(self._between(begins[rest], ends[rest])), rest.size)
            values[rest], known[rest] = words.numbers(decimal)
        return values, known

    def _between(self, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> list[str]:
        text = self.block.text
        return [text[begin:end].decode() for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def cut_block(block: str, delimiter: str, width: int) -> ByteBlock | None:
    """The cells of whole lines, `width` in each, trimmed; None for a block that must be read with care.

    That is where a quote may hold a delimiter, where a line is longer or shorter than the others, or empty, and where
    a cell might be too long.
    """
    if width < 2 or delimiter == BLANK or not delimiter.isascii() or '"' in block:
        return None
    if not block.isascii() and any(letter in block for letter in _WHITE_BEYOND_ASCII):
        return None
    raw = b"".join([_MARGIN, block.encode(), _MARGIN])
    text = np.frombuffer(raw, np.uint8)
    newlines = text == _NEWLINE
    places = np.flatnonzero((text == ord(delimiter)) | newlines)
    if places.size != width * np.count_nonzero(newlines):
        return None
    ends = places.astype(np.int32).reshape(-1, width)
    if (text[ends[:, -1]] != _NEWLINE).any():
        return None
    lines = np.concatenate([np.array([MARGIN], dtype=np.int32), ends[:-1, -1] + np.int32(1)])
    ends -= lines[:, None]
    begins = None
    if any(letter in raw for letter in _WHITE if letter != delimiter.encode()):
        begins = np.concatenate([np.zeros((len(ends), 1), dtype=np.int32), ends[:, :-1] + np.int32(1)], axis=1)
        _trim(text, lines[:, None], begins, ends, delimiter)
    longest = int(ends[:, -1].max())
    if longest > FIELD_LIMIT and _longest_cell(begins, ends) > FIELD_LIMIT:
        return None
    kind = np.min_scalar_type(longest)
    held = None if begins is None else begins.T.astype(kind, order="C")
    return ByteBlock(raw, lines, ends.T.astype(kind, order="C"), held)


def _longest_cell(begins: NDArray[np.int32] | None, ends: NDArray[np.int32]) -> int:
    if begins is not None:
        return int((ends - begins).max())
    return int(max(ends[:, 0].max(), np.diff(ends, axis=1).max() - 1))


def _trim(
    text: NDArray[np.uint8],
    lines: NDArray[np.int32],
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
    delimiter: str,
) -> None:
    """Moves beginnings and ends of cells (rows, width) over white space."""
    white = np.zeros(256, dtype=np.bool_)
    white[np.frombuffer(b"".join(_WHITE), np.uint8)] = True
    white[ord(delimiter)] = False
    while (blank := (begins < ends) & white[text[lines + begins]]).any():
        begins += blank
    while (blank := (begins < ends) & white[text[lines + ends - 1]]).any():
        ends -= blank
