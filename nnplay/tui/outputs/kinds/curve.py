"""The fitted curve over its examples."""

from __future__ import annotations

import numpy as np

from nnplay.tui.draw import curves
from nnplay.tui.outputs.chart_parts import draw_legend, find_limits, finite_points
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.curve import Fit


def draw(view: Fit, width: int, height: int, look: Look) -> list[Row]:
    """The network's curve over the examples."""
    points = curves.Line("data", finite_points(view.points_x[:400], view.points_y[:400]), dots=True)
    line = curves.Line("network", finite_points(view.x, view.y))
    x, y = find_limits(view.points_x), find_limits(np.concatenate([view.points_y.ravel(), view.y.ravel()]))
    rows, _ = curves.draw(curves.Chart((line, points), x, y), width, height - 1, look)
    return [draw_legend(("network", "data"), look), *rows]


CURVE = Drawing(Fit, draw)
