"""A matrix as coloured cells with headings on both sides, as large as its room allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len
from rich.style import Style

from nnplay.text import note_cut
from nnplay.tui.draw import number_text
from nnplay.tui.draw.arrays import Floats, Ints
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import Row, Run, fit, graphemes, joined

_LEAST_CELL, _WIDEST_CELL = 2, 12
_LEAST_NAME, _LONGEST_HEADING = 4, 10
_LEAST_LEVEL = 7
"""Columns of a cell from which on a heading that is too long is cut, not written upright."""
_CHOSEN = Style(reverse=True, bold=True)
"""What the cell under the cursor looks like beside the others."""


def confusion_rows(
    matrix: Floats | Ints,
    labels: Sequence[str],
    width: int,
    height: int,
    look: Look,
    chosen: tuple[int, int] | None = None,
    above: Sequence[str] = (),
) -> list[Row]:
    """A confusion matrix with the names of all classes beside it and above it, in at most `height` rows.

    Headings that are wider than their columns stand upright. Where there are too many classes, those are shown that
    are mixed up most.

    Args:
        chosen: true and predicted class of the cell under the cursor.
        above: names of the columns where they are not those of the rows.
    """
    side = max(1, min(max((cell_len(label) for label in labels), default=1), width // 3))
    across = max(1, (width - side - 1) // _LEAST_CELL)
    narrow = width - 1 - _LEAST_CELL * len(labels)
    if len(labels) > across and narrow >= _LEAST_NAME:  # names can be short, columns cannot
        side, across = narrow, len(labels)
    down = height - 2 if len(labels) <= height - 2 else height - 1 - min(_LONGEST_HEADING, side, height // 3)
    shown = _most_mixed_up(matrix, max(1, min(len(labels), across, down)))
    cell = max(_LEAST_CELL, min(_WIDEST_CELL, (width - side - 1) // len(shown)))
    title = "true ↓  predicted →"
    if len(shown) < len(labels):
        title = f"{len(shown)} of {len(labels)} classes · {title}   most confused"
    names = _names_in([labels[at] for at in shown], side)
    heading = _headings([(above or labels)[at] for at in shown], side, cell, max(1, height - 1 - len(shown)), look)
    rows: list[Row] = [((fit(title, width), look.ink("dim")),), *heading]
    return rows + [_row(matrix, name, y, shown, cell, look, chosen) for name, y in zip(names, shown, strict=True)]


def _names_in(names: Sequence[str], width: int) -> list[str]:
    """Names in so many columns; where the beginnings of those that are cut are the same, their ends are shown."""
    cut = [fit(name, width) for name in names]
    if len(set(cut)) == len(set(names)):
        return cut
    return [
        name if cell_len(name) <= width else _end_of(name, width) for name in (f"{name:<{width}}" for name in names)
    ]


def _end_of(name: str, width: int) -> str:
    kept = ""
    for one in reversed(graphemes(name)):
        if cell_len(one + kept) > width - 1:
            break
        kept = one + kept
    return "…" + " " * (width - 1 - cell_len(kept)) + kept


def _most_mixed_up(matrix: Floats | Ints, count: int) -> list[int]:
    """The classes with the most wrong answers, given or taken, in their own order."""
    if count >= len(matrix):
        return list(range(len(matrix)))
    right = np.diag(matrix)
    wrong = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * right
    return sorted(np.lexsort((-right, -wrong))[:count].tolist())


def _headings(names: Sequence[str], side: int, cell: int, height: int, look: Look) -> list[Row]:
    """The names over their columns: in one row if that has room for most of each, else letter below letter."""
    left, dim = " " * (side + 1), look.ink("dim")
    if cell >= _LEAST_LEVEL:
        names = [name.rstrip() for name in _names_in(names, cell - 1)]
    if all(cell_len(name) < cell for name in names):
        return [((left + "".join(_right(name, cell) for name in names), dim),)]
    tall = min(height, _LONGEST_HEADING, max(len(graphemes(name)) for name in names))
    columns = [_upright(name, tall) for name in names]
    return [((left + "".join(_right(column[y], cell) for column in columns), dim),) for y in range(tall)]


def _upright(name: str, tall: int) -> list[str]:
    """The letters of a name from top to bottom, its end at the bottom; of one that is too long the end is shown."""
    letters = graphemes(name)
    if len(letters) > tall:
        note_cut(name)
        letters = ["…", *letters[1 - tall :]] if tall > 1 else letters[-1:]
    return [""] * (tall - len(letters)) + letters


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _row(
    matrix: Floats | Ints,
    name: str,
    y: int,
    shown: Sequence[int],
    cell: int,
    look: Look,
    chosen: tuple[int, int] | None,
) -> Row:
    total = max(1.0, float(matrix[y].sum()))
    runs: list[Run] = [(name + " ", look.ink("text"))]
    close = False
    for x in shown:
        value = int(matrix[y, x])
        text = _count(value, cell, close=close)
        run = _cell(text, value / total, x == y, cell, look)
        runs.append((run[0], run[1] + _CHOSEN) if chosen == (y, x) else run)
        close = len(text) > 0
    return joined(runs)


def _count(value: int, cell: int, *, close: bool) -> str:
    """A count for a cell, with a blank before it unless the cell before is empty; one that does not fit is rounded."""
    if value == 0:
        return ""
    forms = (str(value), number_text.short(value, 0).replace(" ", ""), f"{value // 1000}k" if value >= 1000 else "")
    return next((text for text in forms if text and len(text) <= cell - close), "+")


def _cell(text: str, share: float, right: bool, cell: int, look: Look) -> Run:
    if not text:
        return look.pick("·", ".").rjust(cell), look.ink("faint")
    if not look.blocks:
        return text.rjust(cell), look.ink("above" if right else "below", bold=not right)
    end = look.palette.positive if right else look.palette.negative
    return text.rjust(cell), look.plain(look.palette.text, blend(look.palette.background, end, 0.25 + 0.6 * share))
