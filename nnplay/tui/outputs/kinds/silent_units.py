"""Dead and saturated units: a bar for each layer, and one for each unit of the chosen layer."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean, percent
from nnplay.tui.draw.bars import bar, upright
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined
from nnplay.views.kinds.silent_units import SilentUnits

_LONGEST_NAME: Final = 18
_WORDS: Final = 17
_LEAST_UNITS, _MOST_UNITS = 3, 8
#: What a unit is for one row.
_STATES: Final = {"dead": "off", "saturated": "close to a bound"}


def draw(view: SilentUnits, width: int, height: int, look: Look) -> list[Row]:
    """The layers as a list with the chosen one marked, and its units below."""
    tall = max(_LEAST_UNITS, min(_MOST_UNITS, height - len(view.layers) - 4))
    first = max(0, min(view.chosen - (height - tall - 4) // 2, len(view.layers) - (height - tall - 4)))
    words = f"units that do nothing, in {view.rows}"
    words = words if len(words) <= width else f"in {view.rows}"
    rows: list[Row] = [((fit(words, width), look.ink("dim")),)]
    rows += _layers(view, first, max(1, height - tall - 4), width, look)
    title = f"{clean(view.layers[view.chosen])}: {view.counts}"
    title = next(
        (text for text in (f"{title}; each bar: share of rows", f"{title}, by share of rows") if len(text) <= width),
        title,
    )
    columns = _columns(view.units, width)
    rows.append(((fit(title, width), look.ink("text")),))
    if not view.units.any():
        return [
            *rows,
            ((fit(f"none of them is {_STATES[view.words[view.chosen]]} for any row", width), look.ink("dim")),),
        ]
    rows += upright(columns.tolist(), tall, look, "warning")
    count = len(view.units)
    axis = (
        f"unit 0{f'unit {count - 1:,}'.rjust(max(1, min(width, len(columns)) - 6))}" if len(columns) > 14 else "units"
    )
    return [*rows, ((fit(axis, width), look.ink("dim")),)][:height]


def _layers(view: SilentUnits, first: int, room: int, width: int, look: Look) -> list[Row]:
    side = min(_LONGEST_NAME, max(len(clean(name)) for name in view.layers), max(4, width // 3))
    rows = []
    for k, name in list(enumerate(view.layers))[first : first + room]:
        mark, text = look.pick("▸ ", "> ") if k == view.chosen else "  ", f"{percent(view.failing[k])} {view.words[k]}"
        lead = [(mark + fit(clean(name), side), look.ink("strong" if k == view.chosen else "text"))]
        numbers = [(f" {text.rjust(_WORDS - 1)} ", look.ink("warning" if view.failing[k] > 0.2 else "dim"))]
        rows.append(joined([*lead, *numbers, *bar(view.failing[k], max(1, width - side - _WORDS - 3), look)]))
    return rows


def _columns(units: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Units as columns: wide ones where there are few, and the largest of neighbours where there are more than room."""
    if len(units) <= width:
        return np.repeat(units, max(1, min(4, width // max(1, len(units)))))
    edges = np.linspace(0, len(units), width + 1).astype(int)[:-1]
    return np.asarray(np.maximum.reduceat(units, edges), np.float64)


SILENT_UNITS = Drawing(SilentUnits, draw)
