"""A block of plain lines as bytes: most of a large file, read without a string for every cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.text.dialect import BLANK
from nnplay.data.csv.text.lines import FIELD_LIMIT
from nnplay.data.csv.text.text_part import BETWEEN, TextPart
from nnplay.data.csv.text.word_codes import LONGEST, WordCodes

_NEWLINE: Final = 10
#: What `str.strip` takes off besides these is not in a block.
_WHITE: Final = np.isin(np.arange(256), [9, 11, 12, 13, 28, 29, 30, 31, 32])
_WHITE_BEYOND_ASCII: Final = "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
#: What a byte is in a number: a digit from 0 to 9, or one of these.
_POINT, _SIGN, _OTHER, _BEHIND = 10, 11, 12, 13
#: Up to so many digits a number and its power of ten are exact in float64, so that one division rounds right.
_DIGITS: Final = 15
_POWERS: Final = np.array([float(f"1e{digits}") for digits in range(_DIGITS + 1)])


class ByteBlock:
    """Lines that have as many cells each, none of them in quotes.

    Attributes:
        rows: how many lines there are.
    """

    __slots__ = ("_begins", "_ends", "_text", "rows")

    def __init__(self, text: bytes, begins: NDArray[np.int32], ends: NDArray[np.int32]) -> None:
        self._text, self._begins, self._ends = text, begins, ends
        self.rows = len(ends)

    def span(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the cells (N,) of a column begin and end."""
        return self._begins[:, column].astype(np.int64), self._ends[:, column].astype(np.int64)

    @property
    def text(self) -> bytes:
        """The lines in UTF-8."""
        return self._text


@dataclass(frozen=True, slots=True)
class BlockColumn:
    """One column of a block."""

    block: ByteBlock
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

    def codes(self, into: WordCodes) -> NDArray[np.int32]:
        """The codes (N,) of its words."""
        begins, ends = self.block.span(self.column)
        if (ends - begins).max(initial=0) > LONGEST:
            return into.of_words(self.words(), self.rows)
        return into.of_bytes(self.block.text, begins, ends)

    def numbers(self, decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The numbers (N,) that cells plainly are, as `parse_number` reads them, and which cells are numbers."""
        begins, ends = self.block.span(self.column)
        text = np.frombuffer(self.block.text, np.uint8)
        values, known = _read_plain(text, begins, ends - begins, ord(decimal))
        rest = np.flatnonzero(~known & (ends > begins))
        if rest.size:
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
    raw = block.encode()
    text = np.frombuffer(raw, np.uint8)
    places = np.flatnonzero((text == ord(delimiter)) | (text == _NEWLINE))
    if places.size != width * block.count("\n"):
        return None
    ends = places.reshape(-1, width).astype(np.int32)
    if (text[ends[:, -1]] != _NEWLINE).any():
        return None
    begins = np.zeros_like(ends)
    begins.flat[1:] = places[:-1] + 1
    white = _WHITE.copy()
    white[ord(delimiter)] = False
    if white[text].any():
        _trim(text, begins, ends, white)
    return ByteBlock(raw, begins, ends) if (ends - begins).max() <= FIELD_LIMIT else None


def _trim(
    text: NDArray[np.uint8], begins: NDArray[np.int32], ends: NDArray[np.int32], white: NDArray[np.bool_]
) -> None:
    """Moves beginnings and ends of cells (rows, width) over white space."""
    while (blank := (begins < ends) & white[text[begins]]).any():
        begins += blank
    while (blank := (begins < ends) & white[text[ends - 1]]).any():
        ends -= blank


def _read_plain(
    text: NDArray[np.uint8], begins: NDArray[np.int64], lengths: NDArray[np.int64], decimal: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers (N,) without an exponent and of up to fifteen digits, and which cells are such."""
    kinds = np.full(256, _OTHER, dtype=np.uint8)
    kinds[ord("0") : ord("9") + 1] = np.arange(10)
    kinds[[ord("+"), ord("-")]], kinds[decimal] = _SIGN, _POINT
    count = len(begins)
    known = (lengths > 0) & (lengths <= _DIGITS + 2)
    whole, digits, behind = np.zeros(count), np.zeros(count, np.int8), np.zeros(count, np.int8)
    pointed = np.zeros(count, dtype=np.bool_)
    last = text.size - 1
    for place in range(int(lengths[known].max(initial=0))):
        kind = np.where(place < lengths, kinds[text[np.minimum(begins + place, last)]], _BEHIND)
        digit = kind < 10
        whole = np.where(digit, whole * 10.0 + kind, whole)
        digits += digit
        behind += digit & pointed
        point = kind == _POINT
        known &= ~((kind == _OTHER) | (point & pointed) | ((kind == _SIGN) & (place > 0)))
        pointed |= point
    known &= (digits > 0) & (digits <= _DIGITS)
    values = whole / _POWERS[np.minimum(behind, _DIGITS)]
    return np.where(text[np.minimum(begins, last)] == ord("-"), -values, values), known
