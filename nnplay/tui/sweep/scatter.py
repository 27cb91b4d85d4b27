"""The trials as points, by any two of their settings and scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean
from nnplay.tui.draw.raster import Area, Bits
from nnplay.tui.sweep.layers import Layer, rows_of, styles, unit_area
from nnplay.tui.sweep.scale import Scale
from nnplay.tui.sweep.view_state import ViewState
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined

_TO_ASCII = str.maketrans("│┤─┬└", "|+-++")


def draw(state: ViewState, width: int, height: int, look: Look) -> list[Row]:
    """Names, the points with both axes, the best bright and the chosen one on top."""
    across, up = state.scale(state.x), state.scale(state.y)
    labels = _labels(up, max(1, height - 4))
    margin = max((len(text) for text in labels.values()), default=1)
    area = unit_area(max(4, width - margin - 1), max(2, height - 4), look)
    x, y = across.shares(state.values(state.x)), up.shares(state.values(state.y))
    if up.words or across.words:
        x, y = _apart(x, across, 1), _apart(y, up, 2)
    chosen = np.array([] if state.row is None else [state.row], np.int64)
    every = np.arange(len(x))
    layers = [
        Layer(_points(x, y, rows, area), *style)
        for rows, style in zip((chosen, state.best, every), styles(look, "dim"), strict=True)
    ]
    rows: list[Row] = [((f" {clean(state.y)} against {clean(state.x)}", look.ink("text")),)]
    for row, runs in enumerate(rows_of(layers, area)):
        axis = f"{labels.get(row, ''):>{margin}}{'┤' if row in labels else '│'}"
        rows.append(joined([(_plain(axis, look), look.ink("dim")), *runs]))
    return [*rows, *_below(across, margin, area.width, look), _legend(width, look)]


def _points(x: np.ndarray, y: np.ndarray, rows: NDArray[np.int64], area: Area) -> Bits:
    """Cells (height, width) of the points that have both numbers."""
    rows = rows[np.isfinite(x[rows]) & np.isfinite(y[rows])]
    dots = np.zeros(area.dots, np.bool_)
    dots[area.rows(y[rows]), area.columns(x[rows])] = True
    return area.cells(dots)


def _apart(shares: np.ndarray, scale: Scale, turn: int) -> np.ndarray:
    """Points of one word a little beside each other, by their numbers, so that one sees how many there are."""
    if not scale.words:
        return shares
    golden = 0.6180339887498949 * turn
    beside = (np.arange(len(shares)) * golden) % 1.0 - 0.5
    return np.asarray(np.clip(shares + 0.3 * beside / max(1, len(scale.words) - 1), 0.0, 1.0))


def _labels(scale: Scale, tall: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for share, text in scale.ticks(max(2, tall // 3)):
        found.setdefault(round((1.0 - share) * (tall - 1)), fit(clean(text, 20), min(10, len(text))))
    return found


def _below(scale: Scale, margin: int, wide: int, look: Look) -> list[Row]:
    """The axis below the plot, and what stands at its ticks as far as there is room."""
    marks, texts, free = ["─"] * wide, [" "] * (margin + 1 + wide), 0
    for share, label in scale.ticks(max(2, wide // 16)):
        text = clean(label, 20)
        column = round(share * (wide - 1))
        begin = max(0, min(margin + 1 + column - len(text) // 2, margin + 1 + wide - len(text)))
        if begin >= free:
            marks[column] = "┬"
            texts[begin : begin + len(text)] = text
            free = begin + len(text) + 1
    style = look.ink("dim")
    return [((_plain(" " * margin + "└" + "".join(marks), look), style),), (("".join(texts), style),)]


def _legend(width: int, look: Look) -> Row:
    """What the signs stand for."""
    chosen, best, others = styles(look, "dim")
    runs: list[Run] = [
        (f" {chosen[1]}", chosen[0]),
        (" under the cursor  ", look.ink("dim")),
        (best[1], best[0]),
        (" the best  ", look.ink("dim")),
        (others[1], others[0]),
        (" the others", look.ink("dim")),
    ]
    return joined(runs)


def _plain(text: str, look: Look) -> str:
    return text.translate(_TO_ASCII) if look.ascii else text
