"""The table: what is counted of each column above its cells, drawn for the rows that are seen only."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style

from nnplay.data.profile.columns import ColumnFacts, ProfiledColumn
from nnplay.data.profile.histogram import draw_bars
from nnplay.data.profile.profile import PARTS
from nnplay.data.profile.value_words import describe_values
from nnplay.tui.data_browser.place import Place
from nnplay.tui.data_browser.views.data_view import DataView
from nnplay.tui.theme.look import Ink, Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, wrap

_LABELS = ("column", "role", "kind", "missing", "distinct", "values")
_LEAST, _MOST, _SAMPLE = 8, 18, 64
_DETAILS = 2
"""Lines about the column under the cursor."""
_WIDE, _SHORT_PART = 100, 2
"""Columns of a screen from which on parts are written out, and letters of one where they are not."""
_PART_INKS: tuple[Ink, ...] = ("faint", "accent", "dim")


def draw_table(place: Place, width: int, height: int, look: Look) -> Sequence[Row]:
    """Six lines of headings, rows, and two lines about the column under the cursor."""
    profile = place.profile
    gutter = max(len("distinct"), len(f"{len(profile):,}")) + 1
    parts = 1 + (max(map(len, PARTS)) if width >= _WIDE else _SHORT_PART)
    columns = _visible(place, width - gutter - parts - 1)
    rows = max(1, height - len(_LABELS) - _DETAILS)
    top = place.rows.follow(place.row, rows, len(profile))
    shown = range(top, min(len(profile), top + rows))
    place.page = rows
    start = gutter + parts
    place.column_spots = []
    for column in columns:
        place.column_spots.append((start, start + place.widths[column], column))
        start += place.widths[column] + 1
    place.row_spots = [*[None] * len(_LABELS), *shown]
    cells = {column: profile.cells(profile.columns[column], shown.start, shown.stop) for column in columns}
    lines = _headings(place, columns, gutter, parts, look)
    for row in shown:
        lines.append(_row(place, row, {column: cells[column][row - top] for column in columns}, gutter, parts, look))
    lines = _with_bar(lines, shown, len(profile), width, look)
    lines += [()] * (len(_LABELS) + rows - len(lines))
    return [*lines, *_details(place, width, look)]


def _visible(place: Place, room: int) -> list[int]:
    """The columns that find room, the one with the cursor among them."""
    place.left = min(place.left, place.column)
    columns = _fitting(place, range(place.left, len(place.profile.columns)), room)
    if place.column not in columns:  # it becomes the last one
        place.left = _fitting(place, range(place.column, -1, -1), room)[-1]
        columns = _fitting(place, range(place.left, len(place.profile.columns)), room)
    return columns


def _fitting(place: Place, columns: range, room: int) -> list[int]:
    """The first of these columns, as many as find room; one at least."""
    found: list[int] = []
    for column in columns:
        room -= _width(place, column) + 1
        if room < 0 and found:
            break
        found.append(column)
    return found


def _width(place: Place, number: int) -> int:
    if number not in place.widths:
        column = place.profile.columns[number]
        cells = place.profile.cells(column, 0, min(_SAMPLE, len(place.profile)))
        widest = max(cell_len(column.name), cell_len(column.kind), *map(cell_len, cells))
        place.widths[number] = max(_LEAST, min(_MOST, widest))
    return place.widths[number]


def _headings(place: Place, columns: Sequence[int], gutter: int, parts: int, look: Look) -> list[Row]:
    profile = place.profile
    texts: dict[int, tuple[str, ...]] = {}
    for number in columns:
        column = profile.columns[number]
        texts[number] = _facts(column, profile.known_facts(column), place.widths[number], look)
    lines: list[Row] = []
    for line, label in enumerate(_LABELS):
        runs: list[Run] = [(fit(label, gutter + parts), look.ink("dim"))]
        for number in columns:
            here = number == place.column
            column = profile.columns[number]
            style = look.ink("accent" if here or label in ("column", "values") else "dim", bold=here)
            if column.role == "ignored" and not here:
                style = look.ink("faint")
            text = texts[number][line]
            width = place.widths[number]
            placed = fit(text, width)
            if _is_right(column) and label != "values" and cell_len(text) < width:
                placed = fit("", width - cell_len(text)) + text
            runs.append((placed + " ", style))
        lines.append(joined(runs))
    return lines


def _facts(column: ProfiledColumn, facts: ColumnFacts | None, width: int, look: Look) -> tuple[str, ...]:
    waiting = look.pick("…", "~")
    return (
        column.name,
        "left out" if column.role == "ignored" else column.role,
        column.kind or "-",
        waiting if facts is None else f"{facts.missing:,}",
        waiting if facts is None else f"{facts.distinct:,}",
        waiting if facts is None else draw_bars(facts.histogram, width, ascii=look.ascii),
    )


def _is_right(column: ProfiledColumn) -> bool:
    """Whether its cells end at the right, as numbers do."""
    return column.kind == "number"


def _row(place: Place, row: int, cells: dict[int, str], gutter: int, parts: int, look: Look) -> Row:
    profile = place.profile
    here = row == place.row
    part = int(profile.part_numbers[row])
    number = f"{row + 1:,}"
    runs: list[Run] = [
        (f"{number:>{gutter - 1}} ", look.ink("accent" if here else "faint", bold=here)),
        (fit(PARTS[part][: parts - 1], parts), look.ink(_PART_INKS[part])),
    ]
    for column, cell in cells.items():
        width = place.widths[column]
        text = fit(cell, width)
        if _is_right(profile.columns[column]) and cell_len(cell) < width:
            text = fit("", width - cell_len(cell)) + cell
        runs += [(text, _style(place, column, here=here, look=look)), (" ", look.ink("dim"))]
    return joined(runs)


def _style(place: Place, column: int, *, here: bool, look: Look) -> Style:
    if here and column == place.column:
        return look.ink("accent", bold=True, reverse=True)
    if place.profile.columns[column].role == "ignored":
        return look.ink("faint", bold=here)
    return look.ink("text", bold=here)


def _with_bar(lines: list[Row], shown: range, total: int, width: int, look: Look) -> list[Row]:
    """The rows with a mark at the right edge that says where in the table they are."""
    rows = len(shown)
    if rows >= total or not rows:
        return lines
    at = round(shown.start / max(1, total - rows) * (rows - 1))
    first = len(lines) - rows
    for place in range(rows):
        text = joined(lines[first + place])
        used = sum(cell_len(part) for part, _ in text)
        sign = look.pick("┃", "#") if place == at else look.pick("│", "|")
        ink = look.ink("accent" if place == at else "faint")
        lines[first + place] = (*text, (" " * max(0, width - 1 - used), look.ink("dim")), (sign, ink))
    return lines


def _details(place: Place, width: int, look: Look) -> list[Row]:
    """The column under the cursor: its values, and how it becomes numbers."""
    profile = place.profile
    column = profile.columns[place.column]
    facts = profile.known_facts(column)
    values = f": {describe_values(column, facts)}" if facts is not None else ""
    words = wrap(f"{column.name}{values} {look.pick('→', '->')} {profile.encoding(column)}", max(8, width - 1))
    if len(words) > _DETAILS:
        words = [*words[: _DETAILS - 1], fit(" ".join(words[_DETAILS - 1 :]), width - 1)]
    rows: list[Row] = [((fit(f" {line}", width), look.ink("text")),) for line in words]
    return rows + [()] * (_DETAILS - len(rows))


TABLE = DataView("table", lambda profile: len(profile.columns) > 1, draw_table, "row", "column")
