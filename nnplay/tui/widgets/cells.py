"""The base of every live picture: a grid of cells that repaints only the rows that changed.

Textual rewrites a dirty region whole. `Cells` keeps its last rows, compares, and marks one span per changed row.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Protocol, cast

from rich.cells import cell_len, split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from nnplay.text import JOINERS, JOINING_SCRIPTS, clean, note_cut, noting_cuts
from nnplay.tui.pixels.pixel_screen import PixelScreen
from nnplay.tui.terminal import textual_private
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.plain_text import replace_signs

Run = tuple[str, Style]
Row = tuple[Run, ...]

PLAIN = Style()

_DEFAULT = -1
"""What Textual calls the ground that a terminal has by itself."""

_STYLE_BYTES = 36
"""What a change of style costs on a terminal with full colour."""


MARK = "\u034f"
"""Stands behind a joiner between letters: it has no width and no shape, and may be swallowed."""
_JOINING_LETTERS = "".join(f"{chr(first)}-{chr(last)}" for first, last in JOINING_SCRIPTS)
_LETTER_JOINER = re.compile(f"(?<=[{_JOINING_LETTERS}])\u200d(?!\u034f)")


_held: dict[Cells, None] | None = None
"""Widgets that draw when the outermost `drawn_once` ends; None outside of it."""


@contextlib.contextmanager
def drawn_once() -> Iterator[None]:
    """What is redrawn several times within is drawn once, at the end: a frame has many reasons to draw a widget."""
    global _held
    if _held is not None:
        yield
        return
    _held = {}
    try:
        yield
    finally:
        held, _held = _held, None
        for cells in held:
            cells.redraw_now()


class _HasLook(Protocol):
    look: Look


class Cells(Widget):
    """Draws the rows that `draw` returns; subclasses override `draw` and call `redraw` when their data changed."""

    DEFAULT_CSS = "Cells { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._strips: list[Strip | None] = []
        self._drawn_at = (0, 0)
        self._cost = 0
        self.cut_texts: list[str] = []
        """What did not find room in the last picture, whole."""

    @property
    def look(self) -> Look:
        """The app's palette and glyphs."""
        return cast(_HasLook, self.app).look

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The rows of a grid of `width` × `height` cells; too few or short rows are filled up, long ones cut."""
        return ()

    def redraw(self) -> int:
        """Draw again, mark what differs from the last frame, and return the number of rows that do.

        Within `drawn_once` that waits, and the number is 0.
        """
        if _held is None:
            return self.redraw_now()
        _held[self] = None
        return 0

    def redraw_now(self) -> int:
        """The same, without waiting."""
        width, height = self.size
        if not self.is_attached or width <= 0 or height <= 0:
            self._drawn_at = (0, 0)  # what was drawn before it was hidden is not of today
            return 0
        rows = self._safe_rows(width, height)
        return self._keep(rows, width, height)

    def _try_draw(self, width: int, height: int) -> list[Row]:
        """What `draw` gives; a picture with a bug says so in its place, or the whole screen would stand still."""
        try:
            pixels = self.look.pixels
            with noting_cuts() as cuts, pixels.drawing(self) if pixels is not None else contextlib.nullcontext():
                rows = list(self.draw(width, height))[:height] if width > 0 and height > 0 else []
            self.cut_texts = list(dict.fromkeys(cuts))
            return rows
        except Exception as error:
            textual_private.tell_or_raise(self.app, error)
            return [((" cannot be drawn", self.look.ink("error")),)]

    def _safe_rows(self, width: int, height: int) -> list[Row]:
        drawn = self._try_draw(width, height)
        rows = [_safe(row) for row in drawn]
        if self.look.ascii:
            rows = [tuple((replace_signs(text), style) for text, style in row) for row in rows]
        return rows + [()] * (height - len(rows))

    def _keep(self, rows: list[Row], width: int, height: int) -> int:
        if self._drawn_at != (width, height):
            self._drawn_at = (width, height)
            self._rows = rows
            self._strips = [None] * height
            self.refresh()
            return height
        changed: list[Region] = []
        for y, (old, new) in enumerate(zip(self._rows, rows, strict=True)):
            if old != new:
                self._strips[y] = None
                start, end = changed_span(old, new, width)
                if end > start:
                    self._cost += sum(len(text) + _STYLE_BYTES for text, _ in new)
                    changed.append(Region(start, y, end - start, 1))
        self._rows = rows
        if changed:
            self.refresh(*changed)
        return len(changed)

    def take_cost(self) -> int:
        """About how many bytes were caused since the last call; the whole row counts, as it is sent from its start."""
        cost, self._cost = self._cost, 0
        return cost

    def render_line(self, y: int) -> Strip:
        """One row for Textual's compositor; drawn now if the widget has been resized since."""
        width, height = self.size
        if self._drawn_at != (width, height):
            self._rows = self._safe_rows(width, height)
            self._strips = [None] * height
            self._drawn_at = (width, height)
        if not 0 <= y < height:
            return Strip.blank(width)
        strip = self._strips[y]
        if strip is None:  # rows are often drawn several times before one is painted
            strip = self._strips[y] = self._strip(self._rows[y], width)
        return strip

    def on_resize(self, event: events.Resize) -> None:
        """The grid follows the widget's size, where it has not been drawn at that size already."""
        if self._drawn_at != self.size:
            self.redraw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """A widget may draw a cursor while it has the focus (events of focus come before it has it)."""
        super().watch_has_focus(has_focus)
        self.redraw()

    def restyle(self) -> None:
        """Draw everything again, after the theme changed."""
        self._drawn_at = (0, 0)
        self.refresh()

    def _strip(self, row: Row, width: int) -> Strip:
        background = self.background_colors[1]
        strip = Strip(Segment(text, style) for text, style in row if text).adjust_cell_length(width)
        return strip if background.ansi == _DEFAULT else strip.apply_style(Style(bgcolor=background.rich_color))

    @property
    def rows(self) -> Sequence[Row]:
        """The grid as it was drawn last."""
        return self._rows

    @property
    def plain_text(self) -> str:
        """The grid as text, for copying and for tests."""
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self._rows)


def place_of_picture(rows: Sequence[Row], number: int) -> tuple[int, int] | None:
    """Row and column at which a picture in true pixels begins."""
    for y, row in enumerate(rows):
        x = 0
        for text, style in row:
            if PixelScreen.number_of(style) == number:
                return y, x
            x += cell_len(text)
    return None


def _safe(row: Row) -> Row:
    """The row with control and direction characters made visible: no terminal is reached around this."""
    if all(text.isprintable() for text, _ in row):
        return row
    return tuple((text if _is_safe(text, style) else _measurable(clean(text)), style) for text, style in row)


def _is_safe(text: str, style: Style) -> bool:
    """Whether a text may go to the terminal as it is: also the private letters that stand for a picture."""
    return text.isprintable() or PixelScreen.number_of(style) is not None


def _measurable(text: str) -> str:
    """The text in a form that Rich measures as a terminal does: it takes what follows a joiner for part of an emoji.

    Behind a joiner between letters stands a mark.
    """
    return _LETTER_JOINER.sub(f"\u200d{MARK}", text) if JOINERS[1] in text else text


def changed_span(old: Row, new: Row, width: int) -> tuple[int, int]:
    """First and one-past-last column in which two rows differ, found run by run from both ends."""
    start = 0
    same = 0
    for a, b in zip(old, new, strict=False):
        if a != b:
            break
        start += cell_len(b[0])
        same += 1
    end = width
    if row_width(old) == row_width(new) == width:
        for a, b in zip(reversed(old[same:]), reversed(new[same:]), strict=False):
            if a != b:
                break
            end -= cell_len(b[0])
    return min(start, width), max(min(end, width), min(start, width))


def row_width(row: Row) -> int:
    """Columns that a row takes."""
    return sum(cell_len(text) for text, _ in row)


def joined(runs: Sequence[Run]) -> Row:
    """The same row with neighbours of equal style merged, which is what the terminal is billed for."""
    merged: list[Run] = []
    for text, style in runs:
        if not text:
            continue
        if merged and (merged[-1][1] is style or merged[-1][1] == style):  # equality of styles is slow
            merged[-1] = (merged[-1][0] + text, style)
        else:
            merged.append((text, style))
    return tuple(merged)


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` columns: filled with spaces, or cut with an ellipsis."""
    text = _measurable(text)
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    if width <= 0:
        return ""
    note_cut(text)
    kept, used = [], 0
    for one in graphemes(text):
        if used + cell_len(one) > width - 1:
            break
        kept.append(one)
        used += cell_len(one)
    return "".join(kept) + "…" + " " * (width - 1 - used)


def graphemes(text: str) -> list[str]:
    """What a reader takes for one character each: a family of emoji, or a letter with its marks and joiners."""
    if text.isascii():
        return list(text)
    text = _measurable(text)
    found: list[str] = []
    for start, end, width in split_graphemes(text)[0]:
        if found and (width == 0 or text[start] in JOINERS):
            found[-1] += text[start:end]
        else:
            found.append(text[start:end])
    return found


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken between words where that is possible."""
    lines, line = [], ""
    for word in text.split():
        if line and cell_len(line) + 1 + cell_len(word) <= width:
            line += f" {word}"
            continue
        lines += [line] if line else []
        while cell_len(word) > width:
            part = ""
            for one in graphemes(word):
                if part and cell_len(part + one) > width:
                    break
                part += one
            lines.append(part)
            word = word[len(part) :]
        line = word
    return [*lines, line] if line else lines
