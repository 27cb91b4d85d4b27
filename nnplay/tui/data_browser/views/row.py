"""One row from raw to numbers: each cell as it was written, encoded, as the network gets it, and how in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnplay.data.profile.profile import PARTS
from nnplay.data.profile.row_numbers import CellNumbers, number_text, numbers_text, row_numbers
from nnplay.text import counted
from nnplay.tui.data_browser.place import Place
from nnplay.tui.data_browser.views.data_view import DataView
from nnplay.tui.data_browser.views.examples import draw_examples_of, has_examples, is_picture, picture_of
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, row_width, wrap

_NAME, _RAW, _NUMBERS = 20, 20, 19
_WIDE = 100
"""Columns of a screen from which on the words stand beside the numbers."""
_DETAILS = 3
_PICTURE = 3
"""Axes of a picture with channels."""
_SERIES = 8
"""Columns that a number of a series gets."""


def draw_row(place: Place, width: int, height: int, look: Look) -> Sequence[Row]:
    """A line for each column; the words of the one under the cursor below them where there is no room beside."""
    profile = place.profile
    if has_examples(profile) and not any(column.role == "feature" for column in profile.columns):
        return _beside_numbers(place, width, height, look)
    name = max(6, min(_NAME, max(cell_len(column.name) for column in profile.columns)))
    raw = _RAW if width >= _WIDE else 14
    numbers = _NUMBERS if width >= _WIDE else max(8, (width - name - raw - 10) // 2)
    widths = (name, raw, numbers, numbers)
    room = max(1, height - 2 - _DETAILS)
    total = len(profile.columns)
    top = place.lines.follow(place.column, room, total)
    cells = row_numbers(profile, place.row, slice(top, top + room))
    place.page, place.column_spots = room, []
    place.row_spots = [None, None, *range(top, min(total, top + room))]
    rows: list[Row] = [_head(place, width, look), _headings(widths, width, look)]
    for number, cell in enumerate(cells, top):
        rows.append(_line(cell, widths, width, number == place.column, look))
    rows += [()] * (2 + room - len(rows))
    return [*rows, *_details(cells[place.column - top], width, look)]


def _head(place: Place, width: int, look: Look) -> Row:
    profile = place.profile
    part = PARTS[int(profile.part_numbers[place.row])]
    line = profile.line(place.row)
    where = f", line {line:,}" if line != place.row + 1 else ""
    words = f" row {place.row + 1:,} of {len(profile):,}{where}: one of the {part} rows"
    return ((fit(words, width), look.ink("text")),)


def _beside_numbers(place: Place, width: int, height: int, look: Look) -> list[Row]:
    """A picture or wave on the left, the numbers that the network gets on the right, and what is wanted below."""
    profile = place.profile
    place.page, place.row_spots, place.column_spots = 1, [], []
    left, room = max(16, width * 2 // 5), max(1, height - 4)
    picture = draw_examples_of(profile, np.array([place.row]), left, room, look)
    given = profile.split.scaler.transform(profile.data.x[place.row : place.row + 1])[0]
    shown, whole = given, ""
    if is_picture(profile):
        shown = picture_of(profile, place.row, given)
        channels = given.shape[-1] if given.ndim == _PICTURE else 1
        whole = f"the first of {channels:,} channels" if channels > 1 and shown.ndim < _PICTURE else ""
    numbers = draw_numbers(shown, width - left - 3, room, look, whole)
    rows: list[Row] = [_head(place, width, look)]
    for line in range(room):
        before = joined(picture[line] if line < len(picture) else ())
        gap = " " * max(0, left + 1 - row_width(before))
        rows.append((*before, (gap, look.ink("dim")), *(numbers[line] if line < len(numbers) else ())))
    target = next(number for number, column in enumerate(profile.columns) if column.role == "target")
    (wanted,) = row_numbers(profile, place.row, slice(target, target + 1))
    arrow = look.pick("→", "->")
    words = f"target: {wanted.column.name} {wanted.raw} {arrow} {numbers_text(wanted.given)} ({wanted.words})"
    return [*rows, *(((fit(f" {line}", width), look.ink("text")),) for line in wrap(words, width - 2)[:_DETAILS])]


def draw_numbers(values: NDArray[Any], width: int, height: int, look: Look, whole: str = "") -> list[Row]:
    """An array as numbers, as many lines as find room; of several channels the mean, a single series line by line, the
    slices of a volume one below the other. The last line says what of it is not shown.

    Args:
        whole: what these values are of a larger array.
    """
    flat = values.mean(axis=-1) if values.ndim >= _PICTURE else values
    flat = flat.reshape(-1, flat.shape[-1]) if values.ndim > _PICTURE else flat
    if flat.shape[1] == 1:
        across = max(1, min(len(flat), width // _SERIES))
        flat = np.pad(flat.ravel(), (0, -len(flat) % across), constant_values=np.nan).reshape(-1, across)
    channels = values.shape[-1] if values.ndim >= _PICTURE else 1
    told = [whole] if whole else [f"means of {channels:,} channels"] if channels > 1 else []
    room = height if len(flat) + len(told) <= height else max(1, height - 1)
    cells = [
        ["" if value != value else number_text(round(value, 2) + 0.0) for value in line.tolist()]
        for line in flat[:room]
    ]
    wide = max(map(len, (cell for line in cells for cell in line))) + 1
    across = max(1, width // wide)
    cut = look.pick("…", "~")
    more = cut if flat.shape[1] > across else ""
    rows: list[Row] = []
    for line, numbers in zip(cells, flat, strict=False):
        runs = [
            (f"{cell:>{wide}}", look.signed(float(value)) if value else look.ink("faint"))
            for cell, value in zip(line[:across], numbers, strict=False)
        ]
        rows.append(joined([*runs, (more, look.ink("faint"))]))
    if len(flat) > room:
        told.insert(0, f"{cut} {counted(len(flat) - room, 'more line')}")
    return [*rows, ((fit(f" {', '.join(told)}", width), look.ink("dim")),)] if told else rows


def _headings(widths: tuple[int, ...], width: int, look: Look) -> Row:
    titles = ("column", "as written", "as numbers", "network gets")
    text = " ".join(fit(title, wide) + "  " for title, wide in zip(titles, widths, strict=True))
    words = f" {text}" + ("how" if width >= _WIDE else "")
    return ((fit(words.rstrip(), width), look.ink("dim")),)


def _line(cell: CellNumbers, widths: tuple[int, ...], width: int, here: bool, look: Look) -> Row:
    name, raw, encoded, given = widths
    arrow = look.pick("→", ">")
    left = cell.column.role == "ignored"
    ink = look.ink("faint" if left and not here else "text", bold=here)
    before, after = numbers_text(cell.encoded, cell.names), numbers_text(cell.given, cell.names)
    runs: list[Run] = [
        (f" {fit(cell.column.name, name)}", look.ink("accent", bold=True, reverse=True) if here else ink),
        (f"   {fit(cell.raw, raw)}", ink),
        (f" {arrow} " if before else "   ", look.ink("faint")),
        (fit(before, encoded), ink),
        (f" {arrow} " if after else "   ", look.ink("faint")),
        (fit(after, given), look.ink("accent", bold=here)),
    ]
    if width >= _WIDE:
        runs.append((fit(f"   {cell.words}", max(0, width - 11 - sum(widths))), look.ink("dim")))
    return joined(runs)


def _details(cell: CellNumbers, width: int, look: Look) -> list[Row]:
    """The words of one column in full."""
    role = "left out" if cell.column.role == "ignored" else cell.column.role
    lines = wrap(f"{cell.column.name} ({role}): {cell.words}", max(8, width - 2))[:_DETAILS]
    rows: list[Row] = [((fit(f" {line}", width), look.ink("text")),) for line in lines]
    return rows + [()] * (_DETAILS - len(rows))


ROW = DataView("raw → numbers", lambda profile: True, draw_row, "column", "row")
