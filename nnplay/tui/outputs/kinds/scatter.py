"""Predicted against true values."""

from __future__ import annotations

import numpy as np

from nnplay.tui.draw import curves
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.outputs.chart_parts import draw_legend, find_limits, finite_points
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, row_width
from nnplay.views.kinds.scatter import Scatter


def draw(view: Scatter, width: int, height: int, look: Look) -> list[Row]:
    """Examples by their true (→) and predicted (↑) value, and the line where both are the same."""
    limits = find_limits(np.concatenate([view.true.ravel(), view.predicted.ravel()]))
    points = curves.Line("examples", finite_points(view.true[:600], view.predicted[:600]), dots=True)
    ends = np.array([limits.low, limits.high])
    right = curves.Line("perfect", Downsampled.through(ends, ends))
    rows, _ = curves.draw(curves.Chart((points, right), limits, limits), width, height - 1, look)
    axes_words = look.pick("predicted ↑ vs true →", "predicted (up) vs true")
    legend = draw_legend((axes_words, "perfect"), look)
    left = width - row_width(legend)
    of: Row = ((fit(view.rows, left), look.ink("dim")),) if view.rows and left > 0 else ()
    return [joined([*legend, *of]), *rows]


SCATTER = Drawing(Scatter, draw)
