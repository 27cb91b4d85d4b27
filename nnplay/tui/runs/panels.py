"""Runs side by side: settings that differ, the difference at a step, and views of what each answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from nnplay.run.runs.comparison import NOTHING, Difference, differing_settings
from nnplay.run.runs.listed_run import ListedRun, name_number
from nnplay.text import clean, counted, figure, percent
from nnplay.tui.draw import curves
from nnplay.tui.draw.picture import draw_surface
from nnplay.tui.outputs.widget import drawing_records
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, row_width
from nnplay.views.plane import Surface
from nnplay.views.view import Output

_NAME: Final = 26
_GAP: Final = 2
#: Tensors whose distance is listed at the most, the farthest first.
_TENSORS: Final = 30


@dataclass(frozen=True, slots=True)
class Panel:
    """What one run answers: a surface, or another output; or why there is neither."""

    surface: Surface | None = None
    output: Output | None = None
    fault: str = ""


def draw_settings(runs: Sequence[ListedRun], width: int, height: int, look: Look) -> list[Row]:
    """A row for each setting that is not the same in all runs, a column for each run."""
    if len(runs) < 2:
        return _nothing("space lays a second run over this one", width, height, look)
    found = differing_settings(runs)
    if not found:
        return _nothing("all settings are the same; they differ in what was done on the way", width, height, look)
    name_room = min(_NAME, max(len(name) for name, _ in found) + 2)
    room = max(8, (width - name_room) // len(runs))
    rows: list[Row] = [_heads(runs, name_room, room, look)]
    for name, values in found[: height - 1]:
        cells: list[Run] = [(fit(f" {name}", name_room), look.ink("text"))]
        for value in values:
            shown = clean(value, 300) if value != NOTHING else look.pick("–", "-")
            cells.append((fit(shown, room - _GAP) + " " * _GAP, look.ink("strong")))
        rows.append(joined(cells))
    if len(found) > height - 1:
        rows[-1] = ((f"and {len(found) - height + 2} more", look.ink("dim")),)
    return rows


def _heads(runs: Sequence[ListedRun], name_room: int, room: int, look: Look) -> Row:
    heads: list[Run] = [(" " * name_room, look.ink("dim"))]
    for place, run in enumerate(runs):
        heads.append((f"{curves.glyph(place, look)} ", look.series(place)))
        heads.append((fit(run.legend, room - 2 - _GAP) + " " * _GAP, look.ink("text", bold=True)))
    return joined(heads)


def draw_difference(
    runs: Sequence[ListedRun], found: Difference | None, width: int, height: int, look: Look
) -> list[Row]:
    """The values of two runs at one step, what is between them, and how far their weights and answers are apart."""
    if len(runs) < 2 or found is None:
        return _nothing("space lays a second run over this one", width, height, look)
    name_room, room = _NAME, max(10, min(24, (width - _NAME) // 3))
    title = f" at step {found.step:,}  (left and right: another step)"
    rows: list[Row] = [((fit(title, width), look.ink("dim")),)]
    heads = _heads(runs[:2], name_room, room, look)
    rows.append((*heads, ("second - first", look.ink("dim"))))
    for name, first, second in found.values:
        cells = "".join(fit(_value(name, value), room) for value in (first, second))
        rows.append(
            (
                (fit(f" {name_number(name, runs)}", name_room), look.ink("text")),
                (cells, look.ink("strong")),
                _signed(name, second - first, look),
            )
        )
    if not math.isnan(found.agreement):
        rows.append(_line("same answer", f"{percent(found.agreement, 1)} of validation rows", look))
    if not math.isnan(found.answers):
        rows.append(_line("outputs apart by", f"{figure(found.answers, 3)} on average", look))
    if found.weights:
        rows.append(((fit(" weights", name_room), look.ink("dim")), ("relative distance   cosine", look.ink("dim"))))
        for one in sorted(found.weights, key=lambda each: -each.relative if each.relative == each.relative else 0)[
            :_TENSORS
        ]:
            rows.append(_line(one.name, f"{_plain(one.relative):<20}{_plain(one.cosine)}", look))
    elif found.step:
        rows.append(((" weights and answers at this step are being made …", look.ink("dim")),))
    return rows[:height]


def _line(name: str, text: str, look: Look) -> Row:
    return ((fit(f" {name}", _NAME), look.ink("text")), (text, look.ink("strong")))


def _plain(value: float) -> str:
    return "" if math.isnan(value) else figure(value, 3)


def _value(name: str, value: float) -> str:
    if math.isnan(value):
        return ""
    return percent(value, 2) if name.endswith("accuracy") else figure(value, 4)


def _signed(name: str, value: float, look: Look) -> Run:
    """A difference with its sign; green where the second run is better."""
    if math.isnan(value):
        return ("", look.ink("dim"))
    better = value > 0 if name.endswith("accuracy") else value < 0
    judged = name.endswith(("accuracy", "loss"))
    text = f"{100 * value:+.2f} points" if name.endswith("accuracy") else f"{value:+.4g}"
    return (text, look.ink("text" if not judged or not value else "accent" if better else "warning"))


def draw_panels(
    runs: Sequence[ListedRun], panels: Sequence[Panel], view: str, width: int, height: int, look: Look
) -> list[Row]:
    """The same view of each run, side by side."""
    if not panels:
        return _nothing("the views of these runs are being made …", width, height, look)
    count = max(1, min(len(runs), len(panels), width // 24))
    room = (width - _GAP * (count - 1)) // count
    columns = [_panel(panel, room, height - 1, look) for panel in panels[:count]]
    rows: list[Row] = [_titles(runs[:count], view, room, look)]
    for at in range(height - 1):
        runs_of_row: list[Run] = []
        for column in columns:
            row = column[at] if at < len(column) else ()
            runs_of_row += [*row, (" " * (room - min(room, row_width(row)) + _GAP), look.ink("dim"))]
        rows.append(joined(runs_of_row))
    if count < len(runs):
        rows[-1] = ((f"{counted(len(runs) - count, 'more run')} found no room", look.ink("dim")),)
    return rows


def room_of(count: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows of cells that each of so many panels has."""
    count = max(1, min(count, width // 24))
    return (width - _GAP * (count - 1)) // count, max(2, height - 1)


def _titles(runs: Sequence[ListedRun], view: str, room: int, look: Look) -> Row:
    heads: list[Run] = []
    for place, run in enumerate(runs):
        words = f"{run.legend}, step {run.latest:,}" + (f": {view}" if not place and view else "")
        heads.append((f"{curves.glyph(place, look)} ", look.series(place)))
        heads.append((fit(words, room - 2) + " " * _GAP, look.ink("text", bold=True)))
    return joined(heads)


def _panel(panel: Panel, width: int, height: int, look: Look) -> Sequence[Row]:
    if panel.fault:
        return _nothing(panel.fault, width, height, look)
    if panel.surface is not None:
        return draw_surface(panel.surface, width, height, look)
    if panel.output is not None:
        rows = drawing_records()[type(panel.output)].draw(panel.output, width, height, look)
        return [_cut(row, width) for row in rows]
    return ()


def _cut(row: Row, width: int) -> Row:
    """A row without what stands beyond its panel."""
    found: list[Run] = []
    for text, style in row:
        room = width - sum(cell_len(part) for part, _ in found)
        if room <= 0:
            break
        found.append((text if cell_len(text) <= room else fit(text, room), style))
    return tuple(found)


def _nothing(words: str, width: int, height: int, look: Look) -> list[Row]:
    return [*[()] * (height // 2), ((f"{clean(words, 300):^{width}}"[:width], look.ink("dim")),)]
