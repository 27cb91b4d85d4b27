"""The gradient of a state by time step: a chart for the next batch, and a picture over the run below it."""

from __future__ import annotations

from typing import Final

import numpy as np

from nnplay.tui.draw import axes, curves, run_map
from nnplay.tui.outputs.chart_parts import finite_points
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, wrap
from nnplay.views.kinds.gradient_through_time import GradientThroughTime

_LEAST_CHART: Final = 6
_LEAST_MAP: Final = 4
_SIDE: Final = 6


def draw(view: GradientThroughTime, width: int, height: int, look: Look) -> list[Row]:
    """What is to be seen in words, the chart, and the run where there is room for both."""
    words = view.words or "the gradient of the state at each time step"
    said = wrap(words, width)[: max(1, height - _LEAST_CHART)]
    rows: list[Row] = [((fit(line, width), look.ink("strong")),) for line in said]
    height -= len(said) - 1
    room = height - 1 - _LEAST_CHART - 3
    tall = min(room, max(_LEAST_MAP, (height - 4) // 2), len(view.times)) if room >= _LEAST_MAP else 0
    rows += _chart(view, width, height - 1 - (tall + 3 if tall else 0), look)
    return [*rows, *(_picture(view, width, tall, look) if tall else [])][: height + len(said) - 1]


def _chart(view: GradientThroughTime, width: int, height: int, look: Look) -> list[Row]:
    low, high = run_map.find_decades(view.now)
    line = curves.Line("now", finite_points(np.arange(len(view.now)), view.now))
    steps = axes.Limits(0.0, float(max(1, len(view.now) - 1)))
    rows, _ = curves.draw(curves.Chart((line,), steps, axes.Limits(low, high), log=True), width, height, look)
    return rows


def _picture(view: GradientThroughTime, width: int, tall: int, look: Look) -> list[Row]:
    """Time steps from the first at the top; two lines a row of cells."""
    lines = min(len(view.times), 2 * tall)
    shown = np.linspace(0, len(view.times) - 1, lines).round().astype(np.int64)
    decades, across = run_map.find_decades(view.run), max(1, width - _SIDE)
    drawn = run_map.run_map(view.run[:, shown], view.steps, across, decades, look, tall=2 if lines <= tall else 1)
    each = len(shown) / len(drawn)
    names = [f"t={view.times[shown[min(len(shown) - 1, int(k * each))]]}" for k in range(len(drawn))]
    rows: list[Row] = [((fit("the same over the run", width), look.ink("dim")),)]
    rows += [joined([(fit(name, _SIDE), look.ink("dim")), *line]) for name, line in zip(names, drawn, strict=True)]
    rows.append(joined([(" " * _SIDE, look.ink("dim")), *run_map.step_axis(view.steps, across, look)]))
    return [*rows, run_map.legend(decades, width, look)]


GRADIENT_THROUGH_TIME = Drawing(GradientThroughTime, draw)
