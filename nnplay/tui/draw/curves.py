"""Curves with their axes, as rows of cells.

Each line goes through the newest value of each column; smallest and largest values stand behind it, fainter. In a cell
that several lines pass, thin ones are seen, in turns: one that goes up and down a lot would hide the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.style import Style

from nnplay.text import clean
from nnplay.tui.draw import axes, raster
from nnplay.tui.draw.axes import Limits
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.draw.raster import Area
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, joined

_GLYPHS = ("•", "×", "+", "o", "▪", "^")
_ASCII_GLYPHS = ("*", "x", "+", "o", "#", "^")
_AS_THIN = 1.5
"""A line that passes so many times as many cells as another is seen behind it, not in turns."""
_TO_ASCII = str.maketrans("│─┤┬└┼≤", "|-++++<")


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its name, its data, and whether it is drawn as dots (a scatter)."""

    name: str
    data: Downsampled
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that a drawing depends on; axes are given, so that they stay still.

    Attributes:
        y: limits of the values; in exponents of ten where `log`.
        log: a logarithmic axis. Values from zero down are marked in a row of their own below it.
    """

    lines: tuple[Line, ...]
    x: Limits
    y: Limits
    log: bool = False


def draw(chart: Chart, width: int, height: int, look: Look) -> tuple[list[Row], int]:
    """Rows of a chart of `width` × `height` cells, and the column at which its plot area begins."""
    if width < 12 or height < 4:
        return [], 0
    lowest = min((float(line.data.low.min()) for line in chart.lines if line.data.low.size), default=1.0)
    floor = ("0" if lowest == 0 else "≤0") if chart.log and lowest <= 0 else ""
    tall = height - 2 - bool(floor)
    labels = _labels(chart, tall)
    margin = max(len(text) for text in (floor, *labels.values()))
    wide = width - margin - 1
    area = Area(wide, tall, (chart.x.low, chart.x.high), (chart.y.low, chart.y.high), chart.log, is_fine(look))
    rows = [_beside_axis(labels.get(row, ""), margin, runs, look) for row, runs in enumerate(_plot(chart, area, look))]
    if floor:
        rows.append(_beside_axis(floor, margin, _floor(chart, area, look), look))
    return [*rows, *_x_axis(chart.x, margin, wide, look)], margin + 1


def glyph(index: int, look: Look) -> str:
    """What stands for a curve in the legend: a dash where colour tells curves apart, else its own glyph."""
    if look.ascii:
        return _ASCII_GLYPHS[index % len(_ASCII_GLYPHS)]
    return "━" if look.colours != "none" else _GLYPHS[index % len(_GLYPHS)]


def is_fine(look: Look) -> bool:
    """Whether curves are drawn in braille: colours tell them apart, and the terminal has it."""
    return not look.ascii and look.colours != "none"


def _sign(index: int, dots: bool, bits: int, look: Look) -> str:
    if not is_fine(look):
        return glyph(index, look)
    return "•" if dots else chr(0x2800 + bits)


def _plot(chart: Chart, area: Area, look: Look) -> list[list[Run]]:
    """The plot area, a list of runs a row."""
    lines = [raster.line(line.data, area, points=line.dots) for line in chart.lines]
    covered = [int(np.count_nonzero(bits)) for bits in lines]
    behind = np.zeros((area.height, area.width), np.uint8)
    for line in chart.lines:
        if not line.dots:
            behind |= raster.spans(line.data, area)
    faint = look.ink("faint")
    rows: list[list[Run]] = []
    for row in range(area.height):
        runs: list[Run] = []
        for column in range(area.width):
            index = _owner(chart.lines, covered, [bits[row, column] for bits in lines], column)
            if index is not None:
                text = _sign(index, chart.lines[index].dots, int(lines[index][row, column]), look)
                runs.append((text, look.series(index)))
            elif behind[row, column]:
                text = chr(0x2800 + int(behind[row, column])) if is_fine(look) else look.pick("·", ":")
                runs.append((text, faint))
            else:
                runs.append((" ", faint))
        rows.append(runs)
    return rows


def _owner(lines: Sequence[Line], covered: Sequence[int], bits: Sequence[int], column: int) -> int | None:
    """The curve that a cell belongs to: the first with a point in it, else thin lines in turn, column by column.

    Args:
        covered: cells that each line passes.
        bits: what each line has in this cell.
    """
    there = [index for index, pattern in enumerate(bits) if pattern]
    if not there or any(lines[index].dots for index in there):
        return there[0] if there else None
    thinnest = min(covered[index] for index in there)
    thin = [index for index in there if covered[index] <= _AS_THIN * thinnest]
    return thin[column % len(thin)]


def _floor(chart: Chart, area: Area, look: Look) -> list[Run]:
    """The row below a logarithmic axis: a mark where a value is zero or less."""
    found = [raster.zeros(line.data, area) for line in chart.lines]
    covered = [int(np.count_nonzero(marks)) for marks in found]
    runs: list[Run] = []
    for column in range(area.width):
        index = _owner(chart.lines, covered, [int(marks[column]) for marks in found], column)
        nothing: Run = (" ", look.ink("dim"))
        runs.append(nothing if index is None else (_sign(index, False, 0xC0, look), look.series(index)))
    return runs


def _labels(chart: Chart, tall: int) -> dict[int, str]:
    """Labels of the y-axis by the row of cells that they belong to; no two in one row."""
    found: dict[int, str] = {}
    span = chart.y.high - chart.y.low or 1.0
    for place, text in axes.ticks(chart.y, max(2, tall // 3), log=chart.log):
        row = tall - 1 - round((place - chart.y.low) / span * (tall - 1))
        found.setdefault(row, clean(text))
    return found


def _beside_axis(label: str, margin: int, runs: Sequence[Run], look: Look) -> Row:
    """A row of the plot with the axis to its left."""
    style = look.ink("dim")
    axis = _plain(label.rjust(margin) + ("┤" if label else "│"), look)
    return joined([(axis, style), *runs])


def _x_axis(limits: Limits, margin: int, wide: int, look: Look) -> list[Row]:
    """The axis below the plot and the row of its labels; a tick whose label finds no room is left out."""
    marks, texts, free = ["─"] * wide, [" "] * (margin + 1 + wide), 0
    span = limits.high - limits.low or 1.0
    for place, text in axes.ticks(limits, max(2, wide // 16)):
        column = round((place - limits.low) / span * (wide - 1))
        begin = max(0, min(margin + 1 + column - len(text) // 2, margin + 1 + wide - len(text)))
        if begin >= free:
            marks[column] = "┬"
            texts[begin : begin + len(text)] = text
            free = begin + len(text) + 1
    style: Style = look.ink("dim")
    axis = " " * margin + "└" + "".join(marks)
    return [((_plain(axis, look), style),), (("".join(texts), style),)]


def _plain(text: str, look: Look) -> str:
    return text.translate(_TO_ASCII) if look.ascii else text
