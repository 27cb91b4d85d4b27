"""One example over time, with what is wanted and answered below it."""

from __future__ import annotations

import numpy as np

from nnplay.tui.draw import axes, curves
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.outputs.chart_parts import draw_legend, find_limits, finite_points
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.verdict import draw_chances, draw_verdict
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.series import Series

_LEAST_CHART = 6


def draw(view: Series, width: int, height: int, look: Look) -> list[Row]:
    """The lines of one example, what is wanted and answered below them, and how sure the network is."""
    below = [draw_verdict(view.true, view.predicted, view.right, look)]
    below += draw_chances(view.chances, view.true, width, max(0, min(4, height - _LEAST_CHART - 3)), look)
    drawn = [_line_over_steps(name, values) for name, values in view.lines]
    names = [name for name, _ in view.lines]
    steps = max(len(values) for _, values in view.lines)
    every = np.concatenate([values for _, values in view.lines])
    last = steps - 1 + view.ahead
    if view.continuation is not None:
        behind = np.arange(steps - 1, steps + len(view.continuation[0]))
        for name, ahead in zip(("true", "continued"), view.continuation, strict=True):
            values = np.append(view.lines[0][1][-1:], ahead)  # the lines begin where the last one ends
            drawn.append(curves.Line(name, finite_points(behind, values)))
            names.append(name)
            every = np.append(every, values)
        last = int(behind[-1])
    elif view.next is not None:
        for name, value in zip(("true", "predicted"), view.next, strict=True):
            drawn.append(curves.Line(name, finite_points([float(last)], [value]), dots=True))
            names.append(name)
        every = np.append(every, view.next)
    chart = curves.Chart(tuple(drawn), axes.Limits(0.0, float(max(steps, last))), find_limits(every))
    rows, _ = curves.draw(chart, width, height - 1 - len(below), look)
    return [draw_legend(names, look), *rows, *below]


def _line_over_steps(name: str, values: Floats) -> curves.Line:
    """Numbers as a line; marks (zeros and ones) as dots where they are set."""
    steps = np.arange(len(values))
    marked = np.asarray(values) == 1
    if marked.any() and np.all(marked | (np.asarray(values) == 0)):
        return curves.Line(name, finite_points(steps[marked], np.asarray(values)[marked]), dots=True)
    return curves.Line(name, finite_points(steps, values))


SERIES = Drawing(Series, draw)
