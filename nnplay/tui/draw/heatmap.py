"""A matrix as coloured cells with labels on both sides and a legend of the scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnplay.tui.draw import number_text
from nnplay.tui.draw.arrays import Floats, Ints
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import blend
from nnplay.tui.widgets.cells import Row, Run, fit, joined


def confusion_rows(matrix: Floats | Ints, labels: Sequence[str], width: int, height: int, look: Look) -> list[Row]:
    """A confusion matrix in at most `height` rows; classes that do not fit are counted in the last row."""
    count = len(labels)
    side = min(8, max((len(label) for label in labels), default=1))
    cell = max(2, min(6, (width - side - 1) // max(1, count)))
    shown = min(count, max(1, (width - side - 1) // cell), max(1, height - 3))
    head = " " * (side + 1) + "".join(fit(label, cell - 1).rjust(cell) for label in labels[:shown])
    rows: list[Row] = [
        ((fit("true ↓  predicted →" if not look.ascii else "true v  predicted >", width), look.ink("dim")),)
    ]
    rows.append(((head, look.ink("dim")),))
    rows += [_row(matrix, labels, y, shown, side, cell, look) for y in range(shown)]
    if shown < count:
        rows.append(((f"… and {count - shown} more classes", look.ink("dim")),))
    return rows


def _row(matrix: Floats | Ints, labels: Sequence[str], y: int, shown: int, side: int, cell: int, look: Look) -> Row:
    total = max(1.0, float(np.asarray(matrix[y]).sum()))
    runs: list[Run] = [(fit(labels[y], side) + " ", look.ink("text"))]
    for x in range(shown):
        value = int(matrix[y, x])
        runs.append(_cell(value, value / total, x == y, cell, look))
    return joined(runs)


def _count(value: int, cell: int) -> str:
    """A count in a cell, with a blank before it; one that does not fit is rounded, or only said to be large."""
    forms = (str(value), number_text.short(value, 0).replace(" ", ""), f"{value // 1000}k" if value >= 1000 else "")
    return next((text for text in forms if text and len(text) < cell), "+")


def _cell(value: int, share: float, right: bool, cell: int, look: Look) -> Run:
    text = _count(value, cell).rjust(cell)
    if value == 0:
        return ("·" if not look.ascii else ".").rjust(cell), look.ink("faint")
    if not look.blocks:
        return text, look.ink("above" if right else "below", bold=not right)
    end = look.palette.positive if right else look.palette.negative
    return text, look.plain(look.palette.text, blend(look.palette.background, end, 0.25 + 0.6 * share))
