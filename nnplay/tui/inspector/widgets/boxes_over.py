"""What a row of a detector does with boxes: the picture with them over it, and in words beside it."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.inspector.box_picture import BoxPicture
from nnplay.text import note_cut
from nnplay.tui.inspector.widgets import tiles
from nnplay.tui.outputs.boxed import Boxed, draw_boxed
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, row_width, wrap

LEAST = 8
"""Rows from which boxes in a picture can be told apart."""
_WORDS = 34
"""Columns that words beside a picture have where there is room; in narrow ones they have half."""


def rows_of(shown: BoxPicture, width: int, height: int, look: Look) -> list[Row]:
    """The picture with words beside it; the words alone where there is no room for both."""
    tall, broad = shown.image.shape[:2]
    columns = min(width - min(_WORDS, width // 2) - 2, 2 * (height - 1) * broad // tall)
    if height < LEAST or columns < 2 * LEAST - 2:
        return _cut(shown, _words(shown.words, width, look), height)
    picture = draw_boxed([Boxed("this picture", shown.image, shown.boxes, shown.strong)], columns, height, look)
    words = _words(shown.words, width - columns - 2, look)
    if len(words) > height and shown.brief:
        note_cut("; ".join(shown.words))
        words = _words(shown.brief, width - columns - 2, look)
    words = _cut(shown, words, height)
    ink = look.ink("dim")
    rows: list[Row] = []
    for y in range(min(height, max(len(picture), len(words)))):
        left = picture[y] if y < len(picture) else ()
        gap = " " * (columns + 2 - row_width(left))
        rows.append(joined([*left, (gap, ink), *(words[y] if y < len(words) else ())]))
    return rows


def _cut(shown: BoxPicture, rows: list[Row], height: int) -> list[Row]:
    """What there is room for; the whole can be asked for where some is left out."""
    if len(rows) > height:
        note_cut("; ".join(shown.words))
    return rows[:height]


def _words(given: Sequence[str], width: int, look: Look) -> list[Row]:
    lines = [line for words in given for line in wrap(tiles.plain(words, look), max(10, width))]
    return [((fit(line, width), look.ink("text")),) for line in lines]
