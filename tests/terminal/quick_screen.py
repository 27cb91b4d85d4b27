"""What pyte does, for what a playground mostly sends, without a Python call for every character: several times as fast.

Runs of characters that take one cell each, and control sequences that are wholly there, are done at once; everything
else is left to pyte. Of graphic renditions and lines that came before the result is known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import pyte
from pyte import charsets, modes
from pyte.screens import Char, wcwidth

_SEQUENCE: Final = re.compile(
    f"({pyte.Stream._text_pattern.pattern})|\x1b\\[(\\??)([0-9;]*)([{re.escape(''.join(pyte.Stream.csi))}])"
)
"""Text, or a control sequence: whether it is private, its numbers, its last character."""
_MOST_RENDITIONS: Final = 1 << 15
_narrow: set[str] = set()
"""Characters that are known to take one cell."""


class QuickScreen(pyte.Screen):
    """A screen that draws runs of characters, knows graphic renditions again, and turns only new lines to text."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self._renditions: dict[tuple[Char, tuple[int, ...]], Char] = {}
        self._cells: dict[Char, dict[str, Char]] = {}

    def draw(self, data: str) -> None:
        """Characters at the cursor, which wraps at the end of a line."""
        if not self._is_usual(len(data)) or not _are_narrow(data):
            super().draw(data)
            return
        cursor, cells = self.cursor, self._cells_of(self.cursor.attrs)
        while data:
            if cursor.x == self.columns:
                self.dirty.add(cursor.y)
                self.carriage_return()
                self.linefeed()
            part, data = data[: self.columns - cursor.x], data[self.columns - cursor.x :]
            self.buffer[cursor.y].update(zip(range(cursor.x, self.columns), map(cells.__getitem__, part), strict=False))
            cursor.x += len(part)
        self.dirty.add(cursor.y)

    def select_graphic_rendition(self, *attrs: int) -> None:
        """Colours and styles from here on."""
        if modes.DECSCNM in self.mode:
            super().select_graphic_rendition(*attrs)
            return
        key = (self.cursor.attrs, attrs)
        if key not in self._renditions:
            super().select_graphic_rendition(*attrs)
            if len(self._renditions) >= _MOST_RENDITIONS:
                self._renditions.clear()
                self._cells.clear()
            self._renditions[key] = self.cursor.attrs
        self.cursor.attrs = self._renditions[key]

    @property
    def display(self) -> list[str]:
        """The lines as text."""
        default, columns = self.default_char, range(self.columns)
        return [
            _line(tuple([line.get(x, default).data for x in columns]))
            for line in (self.buffer[y] for y in range(self.lines))
        ]

    def _is_usual(self, cells: int) -> bool:
        """Whether so many characters mean themselves, take the place of others, and have room or wrap."""
        means_itself = self.charset == 0 and self.g0_charset is charsets.LAT1_MAP
        wraps = modes.DECAWM in self.mode and self.cursor.x <= self.columns
        return means_itself and modes.IRM not in self.mode and (wraps or self.cursor.x + cells <= self.columns)

    def _cells_of(self, attrs: Char) -> _Cells:
        if attrs not in self._cells:
            self._cells[attrs] = _Cells(attrs)
        return self._cells[attrs]


class _Cells(dict[str, Char]):
    """What one rendition makes of characters."""

    def __init__(self, attrs: Char) -> None:
        super().__init__()
        self._attrs = attrs

    def __missing__(self, character: str) -> Char:
        self[character] = cell = self._attrs._replace(data=character)
        return cell


class QuickStream(pyte.ByteStream):
    """A stream that hands on whole control sequences."""

    def feed(self, data: bytes) -> None:
        """Draw these bytes."""
        screen = self.listener
        assert screen is not None
        if not self.use_utf8:
            super().feed(data)
            return
        text = self.utf8_decoder.decode(data)
        at, deeds = 0, {last: getattr(screen, deed) for last, deed in self.csi.items()}
        while at < len(text):
            found = _SEQUENCE.match(text, at) if self._taking_plain_text else None
            if found is None:
                pyte.Stream.feed(self, text[at])
                at += 1
                continue
            at = found.end()
            plain, private, numbers, last = found.groups()
            if plain is not None:
                screen.draw(plain)
            else:
                deeds[last](*_values(numbers), **({"private": True} if private else {}))


@lru_cache(1 << 14)
def _values(numbers: str) -> tuple[int, ...]:
    """What a control sequence is given."""
    return tuple(min(int(number or 0), 9999) for number in numbers.split(";"))


def _are_narrow(text: str) -> bool:
    """Whether each character takes one cell."""
    unknown = set(text) - _narrow
    _narrow.update(character for character in unknown if wcwidth(character) == 1)
    return unknown <= _narrow


@lru_cache(1 << 14)
def _line(cells: tuple[str, ...]) -> str:
    """A line as text; what stands behind a character of two cells is no character."""
    shown, covered = [], False
    for cell in cells:
        if not covered:
            shown.append(cell)
        covered = not covered and wcwidth(cell[0]) == 2
    return "".join(shown)
