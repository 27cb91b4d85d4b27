"""Answers as charts: a fitted curve, predicted against true, one example over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnplay.tui.draw import axes, curves
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.downsample import Reduced
from nnplay.tui.outputs.words import chances, verdict
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, joined
from nnplay.views.answers import Fit, Scatter, Series

_LEAST_CHART = 6


def fitted(view: Fit, width: int, height: int, look: Look) -> list[Row]:
    """The network's curve over the examples."""
    points = curves.Line("data", _finite(view.points_x[:400], view.points_y[:400]), dots=True)
    line = curves.Line("network", _finite(view.x, view.y))
    x, y = _limits(view.points_x), _limits(np.concatenate([view.points_y.ravel(), view.y.ravel()]))
    rows, _ = curves.draw(curves.Chart((line, points), x, y), width, height - 1, look)
    return [_legend(("network", "data"), look), *rows]


def scatter(view: Scatter, width: int, height: int, look: Look) -> list[Row]:
    """Examples by their true (→) and predicted (↑) value, and the line where both are the same."""
    limits = _limits(np.concatenate([view.true.ravel(), view.predicted.ravel()]))
    points = curves.Line("examples", _finite(view.true[:600], view.predicted[:600]), dots=True)
    ends = np.array([limits.low, limits.high])
    right = curves.Line("perfect", Reduced(ends, ends, ends))
    rows, _ = curves.draw(curves.Chart((points, right), limits, limits), width, height - 1, look)
    axes_told = look.pick("predicted ↑ by true →", "predicted (up) by true")
    return [_legend((axes_told, "perfect"), look), *rows]


def series(view: Series, width: int, height: int, look: Look) -> list[Row]:
    """The lines of one example, what is wanted and answered below them, and how sure the network is."""
    below = [verdict(view.true, view.predicted, view.right, look)]
    below += chances(view.chances, view.true, width, max(0, min(4, height - _LEAST_CHART - 3)), look)
    drawn = [_over_steps(name, values) for name, values in view.lines]
    names = [name for name, _ in view.lines]
    steps = max(len(values) for _, values in view.lines)
    every = np.concatenate([values for _, values in view.lines])
    last = steps - 1 + view.ahead
    if view.goes_on is not None:
        behind = np.arange(steps - 1, steps + len(view.goes_on[0]))
        for name, ahead in zip(("true", "on its own"), view.goes_on, strict=True):
            values = np.append(view.lines[0][1][-1:], ahead)  # the lines begin where the last one ends
            drawn.append(curves.Line(name, _finite(behind, values)))
            names.append(name)
            every = np.append(every, values)
        last = int(behind[-1])
    elif view.next is not None:
        for name, value in zip(("true", "predicted"), view.next, strict=True):
            drawn.append(curves.Line(name, _finite([float(last)], [value]), dots=True))
            names.append(name)
        every = np.append(every, view.next)
    chart = curves.Chart(tuple(drawn), axes.Limits(0.0, float(max(steps, last))), _limits(every))
    rows, _ = curves.draw(chart, width, height - 1 - len(below), look)
    return [_legend(names, look), *rows, *below]


def _over_steps(name: str, values: Floats) -> curves.Line:
    """Numbers as a line; marks (zeros and ones) as dots where they are set."""
    steps = np.arange(len(values))
    marked = np.asarray(values) == 1
    if marked.any() and np.all(marked | (np.asarray(values) == 0)):
        return curves.Line(name, _finite(steps[marked], np.asarray(values)[marked]), dots=True)
    return curves.Line(name, _finite(steps, values))


def _finite(x: Any, y: Any) -> Reduced:
    x, y = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    good = np.isfinite(x) & np.isfinite(y)
    order = np.argsort(x[good], kind="stable")
    return Reduced(x[good][order], y[good][order], y[good][order])


def _limits(values: Any) -> axes.Limits:
    finite = np.asarray(values)[np.isfinite(values)]
    return axes.nice(float(finite.min()), float(finite.max()), 10) if finite.size else axes.Limits(0.0, 1.0)


def _legend(names: Sequence[str], look: Look) -> Row:
    return joined([(f"{curves.glyph(i, look)} {name}  ", look.series(i)) for i, name in enumerate(names)])
