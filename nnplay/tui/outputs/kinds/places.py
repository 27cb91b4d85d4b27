"""Rows as points, in the colour of their class."""

from __future__ import annotations

from nnplay.tui.draw import curves
from nnplay.tui.outputs.chart_parts import draw_legend, find_limits, finite_points
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.places import Places

_MOST_CLASSES = 6
"""Classes that still differ in colour and mark."""


def draw(view: Places, width: int, height: int, look: Look) -> list[Row]:
    """The first coordinate of each row to the right, the second upwards; of many classes the first few."""
    names = view.names[:_MOST_CLASSES]
    lines = []
    for label, name in enumerate(names):
        own = view.places[view.labels == label][:600]
        lines.append(curves.Line(name, finite_points(own[:, 0], own[:, 1]), dots=True))
    across, up = find_limits(view.places[:, 0]), find_limits(view.places[:, 1])
    rows, _ = curves.draw(curves.Chart(tuple(lines), across, up), width, height - 1, look)
    return [draw_legend(names, look), *rows]


PLACES = Drawing(Places, draw)
