"""Parallel coordinates (Inselberg, 1985): an axis for each setting and for the score, a line for each trial."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean
from nnplay.tui.draw.raster import Area, Bits
from nnplay.tui.sweep.layers import Layer, rows_of, styles, unit_area
from nnplay.tui.sweep.view_state import ViewState, short_name
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined

#: Lines that are drawn dimmed, evenly from all trials: more of them would only fill the plane.
MOST_LINES: Final = 300
#: Columns that an axis needs.
_NARROW: Final = 10


def draw(state: ViewState, width: int, height: int, look: Look) -> list[Row]:
    """Names, upper ends, lines, lower ends."""
    names = _axes(state, width)
    margin = 2
    area = unit_area(max(len(names), width - 2 * margin), max(2, height - 3), look)
    scales = [state.scale(name) for name in names]
    shares = np.array([scale.shares(state.values(name)) for scale, name in zip(scales, names, strict=True)])
    count = len(state.board.order)
    some = np.unique(np.linspace(0, count - 1, min(count, MOST_LINES)).astype(np.int64)) if count else np.array([], int)
    chosen = np.array([] if state.row is None else [state.row], np.int64)
    layers = [
        Layer(_lines(shares[:, rows], area), *style)
        for rows, style in zip((chosen, state.best, some), styles(look, "faint"), strict=True)
    ]
    places = [round(index * (area.width - 1) / max(1, len(names) - 1)) for index in range(len(names))]
    rows: list[Row] = [_texts([short_name(name) for name in names], places, width, margin, look, strong=True)]
    rows.append(_texts([scale.ends[1] for scale in scales], places, width, margin, look))
    for row, runs in enumerate(rows_of(layers, area)):
        for column in places:
            if runs[column][0] == " ":
                runs[column] = (look.pick("│", "|"), look.ink("dim"))
        for scale, column in zip(scales, places, strict=True):
            _write_words(runs, scale.words[1:-1], row, column, area, look)
        rows.append(joined([(" " * margin, look.ink("dim")), *runs]))
    return [*rows, _texts([scale.ends[0] for scale in scales], places, width, margin, look)]


def _axes(state: ViewState, width: int) -> list[str]:
    """The settings and the score, as many as there is room for; those that explain most stay."""
    names = [axis.name for axis in state.sweep.axes]
    most = max(1, width // _NARROW - 1)
    if len(names) > most:
        known = state.board.importance
        kept = sorted(names, key=lambda name: -known.get(name, 0.0))[:most]
        names = [name for name in names if name in kept]
    return [*names, state.goal]


def _lines(shares: np.ndarray, area: Area) -> Bits:
    """Cells (height, width) of the lines of trials with values (axes, N) on all axes."""
    tall, wide = area.dots
    dots = np.zeros((tall, wide), np.bool_)
    shares = shares[:, np.isfinite(shares).all(axis=0)]
    if not shares.shape[1]:
        return area.cells(dots)
    gap = (wide - 1) / max(1, len(shares) - 1)
    samples = max(2 * tall, round(2 * gap))  # so many that no dot of a steep line is left out
    along = np.linspace(0.0, 1.0, samples)
    for index in range(len(shares) - 1):
        heights = shares[index][:, None] * (1 - along) + shares[index + 1][:, None] * along
        columns: NDArray[np.int64] = np.rint(gap * (index + along)).astype(np.int64)
        dots[np.rint((1.0 - heights) * (tall - 1)).astype(np.int64), columns[None, :]] = True
    return area.cells(dots)


def _texts(texts: list[str], places: list[int], width: int, margin: int, look: Look, *, strong: bool = False) -> Row:
    """Texts below or above their axes, each within its part of the row."""
    line, gap = [" "] * width, width // len(texts)
    for text, column in zip(texts, places, strict=True):
        shown = clean(text, 40)
        shown = fit(shown, gap - 1).rstrip() if len(shown) >= gap else shown
        begin = max(0, min(margin + column - len(shown) // 2, width - len(shown)))
        line[begin : begin + len(shown)] = shown
    return (("".join(line), look.ink("text" if strong else "dim")),)


def _write_words(runs: list[Run], words: tuple[str, ...], row: int, column: int, area: Area, look: Look) -> None:
    """The words between both ends, beside their axis."""
    for number, word in enumerate(words, 1):
        if row == round((1.0 - number / (len(words) + 1)) * (area.height - 1)):
            for at, letter in enumerate(clean(word, 12), column + 1):
                if at < len(runs):
                    runs[at] = (letter, look.ink("dim"))
