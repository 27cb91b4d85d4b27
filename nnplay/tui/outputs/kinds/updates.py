"""How far an update moves each tensor: its share of the weights on a logarithmic axis, and what is behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nnplay.text import clean
from nnplay.tui.draw import run_map
from nnplay.tui.draw.number_text import loss
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, wrap
from nnplay.views.kinds.updates import Updates

_LONGEST_NAME: Final = 20
_NUMBER: Final = 8
#: Exponents of ten at the ends of the axis, and the usual one between them.
_LOW, _GUIDE, _HIGH = -6.0, -3.0, 0.0
_LEAST_AXIS, _WIDEST_AXIS = 15, 25
_LEAST_MAP: Final = 16
_WIDEST_HEADING: Final = 16


def draw(view: Updates, width: int, height: int, look: Look) -> list[Row]:
    """A line for each tensor: its place on the axis, then as many of the other numbers as find room."""
    shown = _fitting(len(view.tensors), height - 3)
    names = [clean(view.tensors[k]) for k in shown]
    side = min(_LONGEST_NAME, max(map(len, names), default=1), max(6, width // 4))
    axis = max(_LEAST_AXIS, min(_WIDEST_AXIS, width - side - _NUMBER - 4)) if width < 60 else _LEAST_AXIS
    columns, room = _columns(view, width - side - axis - _NUMBER - 3)
    headings = [("÷ weight", _NUMBER), *((heading, wide) for heading, _, wide in columns)]
    titles = "".join(f" {heading[:wide].rjust(wide)}" for heading, wide in headings)
    picture = room if room >= _LEAST_MAP else 0
    decades = run_map.find_decades(view.run)
    lines = (
        run_map.run_map(view.run[:, shown], view.steps, picture - 1, decades, look) if picture else [()] * len(shown)
    )
    over = " over the run" if picture else ""
    rows: list[Row] = [((fit(_scale(side, axis) + titles + over, width), look.ink("dim")),)]
    for k, name, line in zip(shown, names, lines, strict=True):
        values = [view.ratios[k], *(values[k] for _, values, _ in columns)]
        numbers = [(f" {_number(float(value), wide)}", wide) for value, (_, wide) in zip(values, headings, strict=True)]
        runs = [(fit(name, side) + " ", look.ink("text")), *_on_axis(float(view.ratios[k]), axis, look)]
        runs += [(text, look.ink("strong" if number == 0 else "text")) for number, (text, _) in enumerate(numbers)]
        rows.append(joined([*runs, *([(" ", look.ink("dim")), *line] if picture else [])]))
    legend = [run_map.legend(decades, width, look)] if picture else []
    return [*rows, *_words(view, len(shown), width, look), *legend][:height]


def _fitting(tensors: int, room: int) -> list[int]:
    """Which tensors are shown: all, or some evenly spread."""
    return sorted(set(np.linspace(0, tensors - 1, max(1, min(tensors, room))).round().astype(int).tolist()))


def _columns(view: Updates, room: int) -> tuple[list[tuple[str, Sequence[float], int]], int]:
    """Heading, numbers and width of the columns that find room, and what is left for the picture."""
    wanted: list[tuple[str, Sequence[float]]] = [("÷ gradient", view.rates.tolist())] if view.whole else []
    wanted += [(name, values.tolist()) for name, values in view.state]
    found = []
    for heading, values in wanted:
        wide = max(_NUMBER, min(_WIDEST_HEADING, len(heading)))
        if wide + 1 > room:
            break
        found.append((heading, values, wide))
        room -= wide + 1
    return found, room


def _scale(side: int, axis: int) -> str:
    """The ends of the axis and its guide, above it."""
    ends, guide = ("1e-6", "1"), "1e-3"
    middle = (axis - 1) // 2
    text = ends[0] + " " * max(1, middle - len(guide) // 2 - len(ends[0])) + guide
    return " " * (side + 1) + (text + ends[1].rjust(max(1, axis - len(text))))[:axis]


def _on_axis(ratio: float, axis: int, look: Look) -> list[Run]:
    """A mark at the exponent of a ratio, on a line that names the usual one."""
    cells: list[Run] = [(look.pick("·", "."), look.ink("faint"))] * axis
    place = round((_GUIDE - _LOW) / (_HIGH - _LOW) * (axis - 1))
    cells[place] = (look.pick("│", "|"), look.ink("dim"))
    if ratio > 0:
        exponent = float(np.log10(ratio)) if np.isfinite(ratio) else _HIGH
        at = round(min(1.0, max(0.0, (exponent - _LOW) / (_HIGH - _LOW))) * (axis - 1))
        cells[at] = (look.pick("●", "o"), look.ink("warning" if abs(exponent - _GUIDE) > 1.5 else "accent", bold=True))
    return cells


def _number(value: float, wide: int) -> str:
    return "–".rjust(wide) if not np.isfinite(value) or value == 0 else loss(value, _NUMBER).rjust(wide)


def _words(view: Updates, shown: int, width: int, look: Look) -> list[Row]:
    if not view.whole:
        text = "updates appear here once a single batch makes a step and the kernels are compiled"
        return [((fit(text, width), look.ink("warning")),)]
    lead = f"lr {view.lr:.3g} · one update as a share of the weights; about 1e-3 is usual"
    if shown < len(view.tensors):
        lead = f"{shown} of {len(view.tensors)} tensors · {lead}"
    return [((line, look.ink("dim")),) for line in wrap(lead, width)]


UPDATES = Drawing(Updates, draw)
