"""One operand in a rectangle of cells: as colours, as numbers with headings, or as a histogram; with its legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnplay.inspector.messages import Floats, OperandView, When
from nnplay.inspector.tensor_tables import centred
from nnplay.records.operation import shape_text
from nnplay.tui.draw import number_text
from nnplay.tui.draw.blocks import glyphs, half_blocks, quantise
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import LEVELS
from nnplay.tui.theme.plain_text import spell_out
from nnplay.tui.widgets.cells import Row, Run, fit, graphemes, joined

Form = Literal["colours", "numbers", "histogram"]
FORMS: Final[tuple[Form, ...]] = ("colours", "numbers", "histogram")
WHENS: Final[tuple[When, ...]] = ("after", "before", "change")
#: Columns of one number with its space, and of the line numbers beside a table.
_NUMBER: Final = 9
_HEAD: Final = 5
#: Columns that a legend needs.
_LEAST_COLUMNS: Final = 20
#: The widest name beside a table of colours.
_LONGEST: Final = 6
#: Side above which images are drawn two numbers a cell.
_LARGE: Final = 14
#: Rows below which a line of tiles says too little.
_LEAST_ROWS: Final = 5
_HEIGHTS: Final = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Tile:
    """An operand and how it is to be drawn.

    Attributes:
        chosen: arrows work on it.
        hidden: its numbers are not shown yet, as they are to be guessed.
    """

    operand: OperandView
    form: Form
    when: When
    chosen: bool = False
    hidden: bool = False

    @property
    def pixels(self) -> bool:
        """Whether the operand is an image too large for a cell of its own for each number."""
        lines, columns = self.operand.values.shape
        return self.operand.picture and (lines > _LARGE or columns > _LARGE)

    @property
    def yields(self) -> bool:
        """Whether it may stand beside another with fewer numbers than it has: a bias beside the weights."""
        return self.form == "numbers" and self.operand.values.shape[0] == 1 and not self.chosen

    def natural(self) -> int:
        """Columns that the tile would like to have."""
        columns = self.operand.values.shape[1]
        beside = _side(self.operand)
        body = _HEAD + columns * _NUMBER if self.form == "numbers" else beside + columns * (1 if self.pixels else 2)
        return max(len(self.title()) + 1, _LEAST_COLUMNS, body if self.form != "histogram" else 24)

    def rows(self) -> int:
        """Rows that the tile would like to have: title, place, body, legend, a gap."""
        lines = self.operand.values.shape[0]
        if self.form == "histogram":
            body = 8
        elif self.form == "numbers":
            body = lines + 1
        else:
            body = -(-lines // 2) if self.pixels else lines + bool(self.operand.column_names)
        return 3 + body + bool(self.operand.fixed)

    def title(self) -> str:
        """Name and shape."""
        operand = self.operand
        arrow = "→ " if operand.role == "written" else ""
        adds = " +=" if operand.adds else ""
        return f"{arrow}{operand.name}{adds} {shape_text(operand.shape)}"

    @property
    def values(self) -> Floats:
        """What is drawn."""
        operand = self.operand
        if operand.before is None or self.when == "after":
            return operand.values
        return operand.before if self.when == "before" else operand.values - operand.before


def draw(tile: Tile, width: int, height: int, look: Look) -> list[Row]:
    """Title, body, legend; exactly `height` rows."""
    operand = tile.operand
    title = look.ink("accent" if tile.chosen else "text", bold=tile.chosen)
    rows: list[Row] = [((fit(plain(tile.title(), look), width), title),)]
    legend = [_legend(tile, width, look)] if height > 2 else []
    where: list[Row] = [((fit(operand.fixed, width), look.ink("dim")),)] if operand.fixed and height > 4 else []
    room = max(1, height - 2 - len(legend) - len(where) if height > 4 else height - 1 - len(legend))
    if tile.hidden:
        body: list[Row] = [((fit(" ?", width), look.ink("warning", bold=True)),)]
    elif tile.form == "histogram" and operand.statistics.histogram is not None:
        body = _histogram(operand.statistics.histogram, width, room, look)
    elif tile.form == "numbers":
        body = _table(tile, width, room, look)
    else:
        body = _colours(tile, width, room, look)
    rows += [*where, *body[:room], *legend]
    return (rows + [()] * (height - len(rows)))[:height]


def plain(text: str, look: Look) -> str:
    """The text in characters that this terminal has."""
    return spell_out(text) if look.ascii else text


def _cut(operand: OperandView, lines: int, columns: int) -> tuple[int, int]:
    """First line and column of the part of a window that is drawn: around the cursor, or what takes part."""
    height, width = operand.values.shape
    if operand.cursor is not None:
        line, column = operand.cursor
    elif operand.touched.any():
        where = np.argwhere(operand.touched)
        line, column = ((where.min(axis=0) + where.max(axis=0)) // 2).tolist()
    else:
        line, column = 0, 0
    return centred(line, lines, height), centred(column, columns, width)


def scale_of(tile: Tile) -> float:
    """The largest size of a number, drawn with the full colour."""
    operand = tile.operand
    if tile.when == "change" and operand.before is not None:
        sizes = np.abs(tile.values[np.isfinite(tile.values)])
        return float(sizes.max(initial=0.0)) or 1.0
    return max(abs(operand.statistics.low), abs(operand.statistics.high)) or 1.0


def _colours(tile: Tile, width: int, height: int, look: Look) -> list[Row]:
    operand, limit, beside = tile.operand, scale_of(tile), _side(tile.operand)
    if tile.pixels or (operand.values.shape[1] * 2 > width - beside and not operand.touched.any()):
        return _pixels(tile, width, height, limit, look)
    height, width = height - bool(beside), width - beside
    top, left = _cut(operand, height, width // 2)
    part = (slice(top, top + height), slice(left, left + width // 2))
    values, touched = tile.values[part], operand.touched[part]
    levels = quantise(values, -limit, limit)
    cursor = (operand.cursor[0] - top, operand.cursor[1] - left) if operand.cursor else None
    height, width = values.shape

    def cell(y: int, x: int) -> Run:
        return _cell(float(values[y, x]), int(levels[y, x]), bool(touched[y, x]), (y, x) == cursor, limit, look)

    rows = [joined([cell(y, x) for x in range(width)]) for y in range(height)]
    return rows if not beside else _named(operand, rows, top, left, width, look)


def _side(operand: OperandView) -> int:
    """Columns that the names of lines take beside a table of colours."""
    return min(_LONGEST, max((cell_len(name) for name in operand.line_names), default=-1)) + 1


def _named(operand: OperandView, rows: list[Row], top: int, left: int, width: int, look: Look) -> list[Row]:
    """A table with what stands at its lines and columns: of names that two columns have no room for, the beginning."""
    side, dim = _side(operand), look.ink("dim")
    above = "".join(fit(name if cell_len(name) <= 2 else graphemes(name)[0], 2) for name in operand.column_names[left:])
    heading: Row = ((" " * side + fit(above, 2 * width), dim),)
    beside = operand.line_names[top:]
    return [heading, *(((fit(name, side - 1) + " ", dim), *row) for name, row in zip(beside, rows, strict=False))]


def _cell(value: float, level: int, touched: bool, chosen: bool, limit: float, look: Look) -> Run:
    text = "[]" if chosen else "::" if touched else "  "
    if not np.isfinite(value):
        return "!!", look.ink("error", bold=True)
    if look.blocks:
        return text, look.plain(look.palette.text, look.scale()[level])
    glyph = look.glyph(value / limit)
    return (f"[{glyph}" if chosen else f":{glyph}" if touched else glyph * 2), look.signed(value)


def _pixels(tile: Tile, width: int, height: int, limit: float, look: Look) -> list[Row]:
    """Two numbers a cell, one above the other: for images and wide tables."""
    operand = tile.operand
    top, left = _cut(operand, 2 * height, width)
    part = (slice(top, top + 2 * height), slice(left, left + width))
    values, touched = tile.values[part], operand.touched[part]
    marks = {(int(y) // 2, int(x)): (look.pick("·", ":"), look.palette.text) for y, x in np.argwhere(touched)}
    if operand.cursor is not None:
        line, column = operand.cursor[0] - top, operand.cursor[1] - left
        marks[line // 2, column] = (look.pick("◆", "#"), look.palette.text)
    even = values.shape[0] // 2 * 2
    levels = quantise(values, -limit, limit)
    rows = half_blocks(levels[:even], look.scale(), look, marks) if look.blocks else []
    if not look.blocks:
        return glyphs(np.repeat(levels, 2, axis=0)[: 2 * height], LEVELS, look)
    if even < values.shape[0]:
        rows.append(joined([("▀", look.plain(look.scale()[int(level)])) for level in levels[-1]]))
    return rows


def _table(tile: Tile, width: int, height: int, look: Look) -> list[Row]:
    operand = tile.operand
    columns = max(1, (width - _HEAD) // _NUMBER)
    top, left = _cut(operand, height - 1, columns)
    part = (slice(top, top + height - 1), slice(left, left + columns))
    values, touched = tile.values[part], operand.touched[part]
    lines = operand.line_names or [str(operand.top + y) for y in range(operand.values.shape[0])]
    names = operand.column_names or [str(operand.left + x) for x in range(operand.values.shape[1])]
    numbers = "".join(_right(name, _NUMBER) for name in names[left : left + columns])
    rows: list[Row] = [((" " * (_HEAD - 1) + " " + numbers, look.ink("dim")),)]
    for y in range(values.shape[0]):
        runs: list[Run] = [(_right(lines[top + y], _HEAD - 1) + " ", look.ink("dim"))]
        for x in range(values.shape[1]):
            chosen = operand.cursor == (top + y, left + x)
            style = look.ink("above" if values[y, x] >= 0 else "below", bold=bool(touched[y, x]), reverse=chosen)
            if not touched[y, x] and not chosen:
                style = look.ink("text")
            runs += [(" ", look.ink("text")), (number_text.loss(float(values[y, x]), _NUMBER - 1), style)]
        rows.append(joined(runs))
    return rows


def _right(name: str, width: int) -> str:
    """A heading at the right edge of its columns."""
    return fit(name, width) if cell_len(name) >= width else " " * (width - cell_len(name)) + name


def _histogram(counts: NDArray[np.int64], width: int, height: int, look: Look) -> list[Row]:
    bins = min(len(counts), width)
    grouped = np.array([part.sum() for part in np.array_split(counts, bins)], dtype=np.float64)
    shares = grouped / max(1.0, grouped.max()) * height
    rows: list[Row] = []
    for y in range(height):
        filled = np.clip(shares - (height - 1 - y), 0, 1)
        text = "".join(
            _HEIGHTS[round(float(share) * 8)] if not look.ascii else " .:#"[round(float(share) * 3)] for share in filled
        )
        rows.append(((text, look.ink("above")),))
    return rows


def _legend(tile: Tile, width: int, look: Look) -> Row:
    """Smallest and largest number in their colours, mean, zeros, and what is not finite."""
    statistics, dim = tile.operand.statistics, look.ink("dim")
    if tile.hidden:
        return ()
    if statistics.count == 1:
        value = float(tile.values.reshape(-1)[0])
        return ((fit(number_text.loss(value, 1), width), look.signed(value)),)
    low, high, mean = (number_text.loss(value, 1) for value in (statistics.low, statistics.high, statistics.mean))
    runs: list[Run] = []
    if statistics.broken:
        runs.append((f"{statistics.broken:,} not finite! ", look.ink("error", bold=True)))
    if tile.when != "after" and tile.operand.before is not None:
        runs.append((f"{tile.when}: ", look.ink("warning")))
    runs += [(low, look.signed(statistics.low)), (look.pick(" … ", " .. "), dim), (high, look.signed(statistics.high))]
    for more in (f" {look.pick('⌀', 'mean ')}{mean}", f" {statistics.zeros:,} zero" if statistics.zeros else ""):
        if sum(len(text) for text, _ in runs) + len(more) <= width:
            runs.append((more, dim))
    return joined([*runs, (" " * (width - sum(len(text) for text, _ in runs)), dim)])


def arrange_tiles(tiles: Sequence[Tile], width: int, height: int) -> list[list[tuple[Tile, int, int]]]:
    """Tiles in lines as (tile, columns, rows); if not all find room, those around the chosen one."""
    lines: list[list[Tile]] = [[]]
    for tile in tiles:
        used = sum(min(other.natural(), width) + 2 for other in lines[-1])
        needed = _LEAST_COLUMNS if tile.yields else min(tile.natural(), width)
        if lines[-1] and used + needed > width:
            lines.append([])
        lines[-1].append(tile)
    while len(lines) > 1 and sum(min(_LEAST_ROWS, _rows(line)) for line in lines) > height:
        far_end = 0 if any(tile.chosen for line in lines[(len(lines) + 1) // 2 :] for tile in line) else -1
        lines.pop(far_end)
    heights = _heights([_rows(line) for line in lines], height)
    return [_side_by_side(line, width, rows) for line, rows in zip(lines, heights, strict=True)]


def _side_by_side(line: Sequence[Tile], width: int, rows: int) -> list[tuple[Tile, int, int]]:
    placed, left = [], width
    for tile in line:
        columns = min(tile.natural(), left)
        placed.append((tile, columns, rows))
        left -= columns + 2
    return placed


def _rows(line: Sequence[Tile]) -> int:
    """Rows that a line of tiles would like to have."""
    return max(tile.rows() for tile in line)


def _heights(wanted: Sequence[int], height: int) -> list[int]:
    """Rows for each line: what it wants; where that is too much, the largest give."""
    given = list(wanted)
    while sum(given) > height and max(given) > 1:
        given[given.index(max(given))] -= 1
    return given
