"""Numbers by time step as columns: one line of bars for each gate, and a gradient by its exponents."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.records.time_charts import Chart
from nnplay.tui.draw import number_text
from nnplay.tui.inspector.widgets.tiles import plain
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined

_HEIGHTS: Final = " ▁▂▃▄▅▆▇█"
_ASCII: Final = " .:-=+*#@"
_NUMBER: Final = 8
#: Columns of one step at the most, and rows of one line of bars.
_WIDEST: Final = 4
_TALLEST: Final = 4


def rows_of(chart: Chart, width: int, height: int, look: Look) -> list[Row]:
    """Title, a line of bars for each name, steps below; at most `height` rows, none where there is too little room."""
    lines = len(chart.names)
    each = min(_TALLEST, (height - 2 - bool(chart.words)) // max(1, lines))
    if each < 1 or width < 30:
        return []
    names = max(len(name) for name in chart.names) + 2
    first, shown, wide = _window(chart, width - names - _NUMBER - 1)
    values = chart.values[first : first + shown]
    rows: list[Row] = [((fit(chart.title, width), look.ink("dim")),)]
    for column, name in enumerate(chart.names):
        here = float(chart.values[chart.chosen, column])
        shares = _shares(chart, values[:, column])
        for level in reversed(range(each)):
            middle = level == 0
            runs: list[Run] = [(fit(plain(f" {name}", look) if middle else "", names), look.ink("text", bold=True))]
            runs += _bars(shares, values[:, column], level, each, wide, chart.chosen - first, look)
            runs.append((f" {number_text.loss(here, _NUMBER)}" if middle else " " * (_NUMBER + 1), look.signed(here)))
            rows.append(joined(runs))
    rows.append(_steps(first, shown, wide, chart.chosen, names, look))
    if chart.words:
        rows.append(((fit(plain(chart.words, look), width), look.ink("warning")),))
    return rows


def _window(chart: Chart, room: int) -> tuple[int, int, int]:
    """First step, count of steps, and columns of each: around the chosen step where not all find room."""
    steps = len(chart.values)
    wide = max(1, min(_WIDEST, room // steps))
    shown = min(steps, room // wide)
    return max(0, min(chart.chosen - shown // 2, steps - shown)), shown, wide


def _shares(chart: Chart, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How full each bar is, 0 to 1."""
    size = np.abs(np.nan_to_num(values, nan=0.0, posinf=np.finfo(np.float64).max))
    if not chart.logarithmic:
        return size / max(1.0, float(size.max(initial=0.0)))  # gates and squashed states fill a bar at 1
    every = np.abs(chart.values[np.isfinite(chart.values) & (chart.values != 0.0)])
    if not every.size:
        return np.zeros_like(size)
    low, high = np.floor(np.log10(every.min()) - 0.5), np.log10(every.max())
    with np.errstate(divide="ignore"):
        shares: NDArray[np.float64] = np.clip((np.log10(size) - low) / max(1.0, high - low), 0.0, 1.0)
    return shares


def _bars(
    shares: NDArray[np.float64], values: NDArray[np.float64], level: int, each: int, wide: int, chosen: int, look: Look
) -> list[Run]:
    """One row of cells of a line of bars; `level` counts from the bottom."""
    glyphs = _ASCII if look.ascii else _HEIGHTS
    filled = np.clip(shares * each - level, 0.0, 1.0)
    least = 1 if level == 0 else 0  # a bar that is next to nothing still shows where it stands
    runs: list[Run] = []
    for step, share in enumerate(filled.tolist()):
        glyph = glyphs[max(least, round(share * 8))] if np.isfinite(values[step]) else "!"
        text = glyph * max(1, wide - 1) + (" " if wide > 1 else "")
        runs.append((text, look.signed(float(values[step])) if step != chosen else look.ink("strong", bold=True)))
    return runs


def _steps(first: int, shown: int, wide: int, chosen: int, names: int, look: Look) -> Row:
    """The numbers of the first, the chosen and the last step, below their columns."""
    line = [" "] * (shown * wide + 8)
    for step in dict.fromkeys((first, first + shown - 1, chosen)):
        text = f"t={step}"
        begin = min((step - first) * wide, shown * wide + 8 - len(text))
        line[begin : begin + len(text) + 1] = [*text, " "]
    return ((" " * names + "".join(line).rstrip(), look.ink("dim")),)
