"""The mean answer over the values of a column: curves, and below them where the rows are."""

from __future__ import annotations

from typing import Final

import numpy as np

from nnplay.text import clean, figure
from nnplay.tui.draw import axes, curves
from nnplay.tui.outputs.chart_parts import draw_legend, find_limits, finite_points
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.shares import draw_sentence
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined
from nnplay.views.kinds.partial_dependence import Dependence

_HEIGHTS: Final = " ▁▂▃▄▅▆▇█"
_ASCII_HEIGHTS: Final = " ..::||##"
_NUMBER: Final = 9


def draw(view: Dependence, width: int, height: int, look: Look) -> list[Row]:
    """Curves over numbers; a line of numbers for each category."""
    head = draw_sentence(f"mean {view.answer} over {view.rows}, by {view.column}", width, look)
    if view.categories:
        return [*head, *_draw_categories(view, width, height - len(head), look)][:height]
    names = [clean(name, 16) for name, _ in view.lines]
    lines = tuple(curves.Line(name, finite_points(view.x, y)) for name, (_, y) in zip(names, view.lines, strict=True))
    y_limits = find_limits(np.concatenate([y for _, y in view.lines]))
    x_limits = axes.Limits(float(view.x.min()), float(view.x.max()))
    legend = [draw_legend(names, look)] if len(names) > 1 else []
    room = height - len(head) - len(legend) - 1
    rows, margin = curves.draw(curves.Chart(lines, x_limits, y_limits), width, room, look)
    return [*head, *legend, *rows, _draw_rows_seen(view, margin, width, look)][:height]


def _draw_rows_seen(view: Dependence, margin: int, width: int, look: Look) -> Row:
    """How many rows have each value, as heights below the axis."""
    bins = max(1, width - margin)
    low, high = float(view.x.min()), float(view.x.max())
    counts, _ = np.histogram(view.seen, bins=bins, range=(low, high) if high > low else (low - 1, low + 1))
    heights = _ASCII_HEIGHTS if look.ascii else _HEIGHTS
    levels = np.ceil(counts / max(1, counts.max()) * (len(heights) - 1)).astype(int)
    return joined([(fit("rows", margin), look.ink("dim")), ("".join(heights[k] for k in levels), look.ink("dim"))])


def _draw_categories(view: Dependence, width: int, height: int, look: Look) -> list[Row]:
    """A table: a line for each category, a column for each class."""
    side = min(max(len(clean(name)) for name in view.categories), width // 3)
    shown = view.lines[: max(1, (width - side) // (_NUMBER + 1))]
    titles = "".join(fit(clean(name), _NUMBER).rjust(_NUMBER) + " " for name, _ in shown)
    rows: list[Row] = [((" " * (side + 1) + titles, look.ink("dim")),)]
    for k, name in enumerate(view.categories[: max(1, height - 1)]):
        numbers = [(figure(float(line[k])).rjust(_NUMBER) + " ", look.series(at)) for at, (_, line) in enumerate(shown)]
        rows.append(joined([(fit(clean(name), side) + " ", look.ink("text")), *numbers]))
    return rows


DEPENDENCE = Drawing(Dependence, draw)
