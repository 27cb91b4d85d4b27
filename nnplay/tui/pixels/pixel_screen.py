"""All pictures in true pixels that are on the screen: what drawings make, what the terminal has, what is to be sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style

from nnplay.tui.pixels import kitty
from nnplay.tui.pixels.sixel import encode_sixels

Levels = NDArray[np.int64]
Mark = tuple[str, str]
Row = tuple[tuple[str, Style], ...]
Protocol = Literal["kitty", "sixel"]
#: Pixels of a cell, across and down, in which pictures are drawn; the terminal scales them to its own.
ACROSS, DOWN = 6, 12
#: Smaller pictures stay in cells, and so do those with more cells than kitty can count.
_LEAST: Final = (2, 3)
_MOST: Final = len(kitty.MARKS)
#: Numbers of images begin here: no other program on the terminal is likely to use them.
_FIRST: Final = 0x4E4E01
_NUMBER: Final = "pixels"
"""In the style of cells that stand for a picture: its number."""


@dataclass(slots=True)
class _Image:
    """One picture.

    Attributes:
        number: what the terminal knows it by.
        cells: rows and columns of cells.
        digest: of what it shows.
        at: row and column of the screen at which it was sent.
        sent: whether the terminal shows that.
    """

    number: int
    levels: Levels = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    colours: tuple[str, ...] = ()
    cells: tuple[int, int] = (0, 0)
    digest: bytes = b""
    at: tuple[int, int] = (0, 0)
    sent: bool = False


class PixelScreen:
    """Draws pictures as rows of cells that stand for them, and has what must be sent for them to be seen.

    Args:
        protocol: what the terminal understands.
        cell: pixels of one of its cells, across and down; sixels are scaled to them here.

    Attributes:
        wake: called when there is something to send.
    """

    def __init__(self, protocol: Protocol, cell: tuple[int, int] = (10, 20)) -> None:
        self.protocol, self.cell = protocol, cell
        self.wake: Callable[[], object] = lambda: None
        self._images: WeakKeyDictionary[object, list[_Image]] = WeakKeyDictionary()
        self._owner: object | None = None
        self._drawn = 0
        self._next = _FIRST
        self._gone: list[int] = []
        self._cost = 0

    # -- drawing ---------------------------------------------------------------------------------------------------

    @contextmanager
    def drawing(self, owner: object) -> Iterator[None]:
        """Within it a widget draws its pictures, always in the same order; those that it no longer has are deleted."""
        before = self._owner, self._drawn
        self._owner, self._drawn = owner, 0
        try:
            yield
        finally:
            images = self._images.get(owner, [])
            self._gone += [image.number for image in images[self._drawn :]]
            del images[self._drawn :]
            self._owner, self._drawn = before
            if self._gone:
                self.wake()

    def paint(self, levels: Levels, colours: Sequence[str], marks: Mapping[tuple[int, int], Mark]) -> list[Row] | None:
        """Rows of cells for levels (12·rows, 6·columns); None where the picture must be drawn in cells instead.

        Args:
            marks: glyphs in cells, which are drawn as dots, rings and crosses of pixels.
        """
        rows, columns = levels.shape[0] // DOWN, levels.shape[1] // ACROSS
        known = len(set(colours)) + len({colour for _, colour in marks.values()})
        if self._owner is None or rows < _LEAST[0] or columns < _LEAST[1] or max(rows, columns) > _MOST or known > 256:
            return None
        levels, palette = _with_marks(levels, tuple(colours), marks)
        image = self._next_image()
        digest = hashlib.blake2b(levels.astype(np.uint8).tobytes() + repr((levels.shape, palette)).encode()).digest()
        if digest != image.digest:
            image.levels, image.colours, image.cells, image.digest = levels, palette, (rows, columns), digest
            image.sent = False
            self.wake()
        style = Style(color=Color.from_rgb(*image.number.to_bytes(3, "big")), meta={_NUMBER: image.number})
        if self.protocol == "kitty":
            return [((kitty.placeholders(row, columns), style),) for row in range(rows)]
        return [((" " * columns, style),)] * rows

    def _next_image(self) -> _Image:
        assert self._owner is not None
        images = self._images.setdefault(self._owner, [])
        if self._drawn == len(images):
            images.append(_Image(self._next))
            self._next += 1
        self._drawn += 1
        return images[self._drawn - 1]

    @staticmethod
    def number_of(style: Style) -> int | None:
        """The number of the picture that cells of this style stand for."""
        number = style.meta.get(_NUMBER) if style._meta is not None else None
        return None if number is None else int(number)

    # -- sending ---------------------------------------------------------------------------------------------------

    def note_written(self, overlaps: Callable[[tuple[int, int], tuple[int, int]], bool]) -> None:
        """Cells were sent to the terminal: sixels among them are painted over.

        Args:
            overlaps: `((row, column), (rows, columns)) -> whether` a rectangle of cells of the screen is among them.
        """
        if self.protocol == "kitty":
            return
        for images in self._images.values():
            for image in images:
                if image.sent and overlaps(image.at, image.cells):
                    image.sent = False
        if any(not image.sent for images in self._images.values() for image in images):
            self.wake()

    def forget(self) -> None:
        """The terminal has none of the pictures any more."""
        for images in self._images.values():
            for image in images:
                image.sent = False

    def take_output(self, place: Callable[[object, int], tuple[int, int] | None]) -> str:
        """What must be written to the terminal now.

        Args:
            place: row and column of the screen at which a picture of a widget, by its number, begins; None while not
                all of it can be seen.
        """
        parts = [kitty.delete(number) for number in self._gone] if self.protocol == "kitty" else []
        self._gone = []
        for owner, images in list(self._images.items()):
            for image in images:
                if not image.sent and (at := place(owner, image.number)) is not None:
                    parts.append(self._encode(image, at))
                    image.sent, image.at = True, at
        text = "".join(parts)
        self._cost += len(text)
        return text

    def size_of(self, owner: object, number: int) -> tuple[int, int]:
        """Rows and columns of cells of a widget's picture."""
        return next((image.cells for image in self._images.get(owner, []) if image.number == number), (0, 0))

    def take_cost(self) -> int:
        """Bytes that were sent since the last call."""
        cost, self._cost = self._cost, 0
        return cost

    def erase(self) -> str:
        """Takes all pictures out of the terminal's memory."""
        numbers = [image.number for images in self._images.values() for image in images if image.sent]
        self.forget()
        return "".join(kitty.delete(number) for number in numbers) if self.protocol == "kitty" else ""

    def _encode(self, image: _Image, at: tuple[int, int]) -> str:
        rows, columns = image.cells
        if self.protocol == "kitty":
            return kitty.send(image.number, kitty.encode_png(image.levels, image.colours), columns, rows)
        wide, tall = self.cell
        y = np.arange(rows * tall) * image.levels.shape[0] // (rows * tall)
        x = np.arange(columns * wide) * image.levels.shape[1] // (columns * wide)
        return f"\x1b7\x1b[{at[0] + 1};{at[1] + 1}H{encode_sixels(image.levels[np.ix_(y, x)], image.colours)}\x1b8"


def _with_marks(
    levels: Levels, colours: tuple[str, ...], marks: Mapping[tuple[int, int], Mark]
) -> tuple[Levels, tuple[str, ...]]:
    """The picture with its marks as pixels, in further colours."""
    inks = list(dict.fromkeys(colour for _, colour in marks.values()))
    drawn = levels.copy()
    for (row, column), (glyph, colour) in marks.items():
        part = drawn[row * DOWN : (row + 1) * DOWN, column * ACROSS : (column + 1) * ACROSS]
        if part.shape == (DOWN, ACROSS):
            part[_shape(glyph)] = len(colours) + inks.index(colour)
    return drawn, (*colours, *inks)


def _shape(glyph: str) -> NDArray[np.bool_]:
    """Pixels of a cell that a mark has: a disc, a ring, or a cross for any other sign."""
    y, x = np.arange(DOWN)[:, None] - (DOWN - 1) / 2, np.arange(ACROSS) - (ACROSS - 1) / 2
    distance = np.sqrt(y * y + x * x)
    if glyph in "●◆":
        found = distance < ACROSS / 2
    elif glyph == "○":
        found = (distance < ACROSS / 2) & (distance > ACROSS / 4)
    else:
        found = (abs(x) < 1) & (abs(y) < ACROSS / 2) | (abs(y) < 1) & (abs(x) < ACROSS / 2)
    return np.asarray(found, np.bool_)
