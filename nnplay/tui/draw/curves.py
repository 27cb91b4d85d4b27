"""Curves drawn by plotext, through figure objects on the UI's thread; no other module imports plotext.

plotext's module-level state is not thread-safe, it raises on infinities and costs 130 ms for 10,000 points: so data
come in reduced to two points a column, finite, and every chart is a figure object of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nnplay.text import clean
from nnplay.tui.draw import axes
from nnplay.tui.draw.axes import Limits
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, joined

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_MARKERS = ("braille", "braille", "braille", "braille")
_GLYPHS = ("•", "×", "+", "o", "▪", "^")
_ASCII_GLYPHS = ("*", "x", "+", "o", "#", "^")
_TO_ASCII = str.maketrans({"│": "|", "─": "-", "┤": "+", "┬": "+", "└": "+", "┼": "+", "├": "+", "•": "*", "×": "x"})


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its name, reduced data, whether it is drawn as dots (a scatter), and whether it stands back (the
    smallest and largest values behind a smoothed curve)."""

    name: str
    data: Downsampled
    dots: bool = False
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that a drawing depends on; axes are given, so that they stay still."""

    lines: tuple[Line, ...]
    x: Limits
    y: Limits
    log: bool = False


def draw(chart: Chart, width: int, height: int, look: Look) -> tuple[list[Row], int]:
    """Rows of a chart of `width` × `height` cells, and the column at which its plot area begins."""
    if width < 12 or height < 4:
        return [], 0
    rows = _parsed(_build(chart, width, height, look), look, chart)
    return rows, _plot_start(rows)


def glyph(index: int, look: Look) -> str:
    """What stands for a curve in the legend: a dash where colour tells curves apart, else its own glyph."""
    if look.ascii:
        return _ASCII_GLYPHS[index % len(_ASCII_GLYPHS)]
    return "━" if look.colours != "none" else _GLYPHS[index % len(_GLYPHS)]


def _build(chart: Chart, width: int, height: int, look: Look) -> str:
    from plotext._figure import _figure_class as Figure  # here: nothing at the start of the program needs it

    figure: Any = Figure()
    figure._limit_size(False, False)
    figure.plot_size(width, height)
    figure.theme("clear")
    figure.xlim(chart.x.low, chart.x.high)
    figure.ylim(chart.y.low, chart.y.high)
    figure.xaxes(True, False)
    figure.yaxes(True, False)
    _set_ticks(figure.xticks, axes.ticks(chart.x, max(2, width // 16)))
    _set_ticks(figure.yticks, axes.ticks(chart.y, max(2, height // 4), log=chart.log))
    for index in drawing_order(chart):
        _add(figure, chart.lines[index], index, chart.log, look)
    return str(figure.build())


def drawing_order(chart: Chart) -> list[int]:
    """Numbers of the lines in the order in which they are drawn: what covers most comes first, the thinnest on top.

    A line that goes up and down covers much; one that is drawn as dots, or is smooth, would be lost under it.
    """
    covered = [_path_length(line, chart.log) for line in chart.lines]
    lines = reversed(range(len(chart.lines)))  # of equal ones the first lies on top
    return sorted(lines, key=lambda index: (not chart.lines[index].faint, chart.lines[index].dots, -covered[index]))


def _path_length(line: Line, log: bool) -> float:
    """How far a line goes up and down."""
    xs, ys = line.data.polyline()
    if log:
        _, ys = _logarithms(xs, ys)
    return sum(abs(b - a) for a, b in pairwise(ys))


def _set_ticks(method: Any, ticks: Sequence[tuple[float, str]]) -> None:
    method([place for place, _ in ticks], [clean(text) for _, text in ticks])


def _add(figure: Any, line: Line, index: int, log: bool, look: Look) -> None:
    xs, ys = line.data.polyline()
    if log:
        xs, ys = _logarithms(xs, ys)
    if not xs:
        return
    by_glyph = look.ascii or look.colours == "none"
    marker = (_ASCII_GLYPHS if look.ascii else _GLYPHS)[index % 6] if by_glyph else _MARKERS[index % len(_MARKERS)]
    method = figure.scatter if line.dots or len(xs) == 1 else figure.plot
    method(xs, ys, marker="•" if line.dots and not by_glyph else marker, color=index + 1)


def _logarithms(xs: list[float], ys: list[float]) -> tuple[list[float], list[float]]:
    from math import log10

    pairs = [(x, log10(y)) for x, y in zip(xs, ys, strict=True) if y > 0]
    return [x for x, _ in pairs], [y for _, y in pairs]


def _parsed(text: str, look: Look, chart: Chart) -> list[Row]:
    axis = look.ink("dim")
    styles = {
        f"38;5;{index + 1}": look.ink("faint") if line.faint else look.series(index)
        for index, line in enumerate(chart.lines)
    }
    rows: list[Row] = []
    for line in text.rstrip("\n").split("\n"):
        runs: list[Run] = []
        style, end = axis, 0
        for match in _SGR.finditer(line):
            runs.append((_shown(line[end : match.start()], look), style))
            style, end = styles.get(match.group(1), axis), match.end()
        runs.append((_shown(line[end:], look), style))
        rows.append(joined(runs))
    return rows


def _shown(text: str, look: Look) -> str:
    return text.translate(_TO_ASCII) if look.ascii else text


def _plot_start(rows: Sequence[Row]) -> int:
    first = "".join(text for text, _ in rows[0]) if rows else ""
    for column, character in enumerate(first):
        if character in "│┤|+":
            return column + 1
    return 0
