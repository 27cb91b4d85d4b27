"""Residuals against predictions, with their histogram."""

from __future__ import annotations

import numpy as np

from nnplay.data.profile.histogram import count_numbers, draw_bars
from nnplay.text import figure
from nnplay.tui.draw import curves
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.outputs.chart_parts import draw_legend, find_limits, finite_points
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import draw_facts, draw_problem, put_together, show_interval
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, joined
from nnplay.views.kinds.residuals import Residuals

_MOST_POINTS = 600


def draw(view: Residuals, width: int, height: int, look: Look) -> list[Row]:
    """True minus predicted values upwards, predictions to the right, and below how often each residual occurs."""
    if not len(view.residual):
        return draw_problem("none of the predictions is a finite number", width, look)
    points = finite_points(view.predicted[:_MOST_POINTS], view.residual[:_MOST_POINTS])
    across = find_limits(view.predicted)
    zero = Downsampled.through(np.array([across.low, across.high]), np.zeros(2))
    lines = (curves.Line("", points, dots=True), curves.Line("", zero))
    chart = curves.Chart(lines, across, find_limits(np.r_[view.residual, 0.0]))
    axes_words = look.pick("residual ↑ predicted →", "residual (up), predicted")
    below = [_draw_histogram(view, width, look), *draw_facts(_facts(view, look), width, look)]
    return put_together(chart, [draw_legend((axes_words, "no error"), look)], below, width, height, look)


def _draw_histogram(view: Residuals, width: int, look: Look) -> Row:
    """The smallest residual, bars, the largest residual."""
    found = count_numbers(view.residual)
    low, high = figure(found.low), figure(found.high)
    bars = draw_bars(found, max(1, width - len(low) - len(high) - 2), ascii=look.ascii)
    return joined([(low + " ", look.ink("dim")), (bars, look.ink("accent")), (" " + high, look.ink("dim"))])


def _facts(view: Residuals, look: Look) -> list[tuple[str, str]]:
    scores, intervals = view.scores, view.intervals
    return [
        ("MAE", show_interval("mae", scores["mae"], intervals.get("mae"), look)),
        ("R²", show_interval("r2", scores["r2"], intervals.get("r2"), look)),
        ("RMSE", figure(scores["rmse"])),
        ("mean", figure(float(view.residual.mean()))),
        ("of", view.rows),
        *([("units", "the target's; the loss is of scaled targets")] if view.scaled else []),
    ]


RESIDUALS = Drawing(Residuals, draw)
