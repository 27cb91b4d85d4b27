"""Precision against recall with a threshold on the curve."""

from __future__ import annotations

import math

import numpy as np

from nnplay.tui.draw import curves
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.outputs.chart_parts import draw_legend
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import UNIT, draw_cut, draw_facts, draw_problem, put_together, show_interval
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.precision_recall import PrecisionRecall


def draw(view: PrecisionRecall, width: int, height: int, look: Look) -> list[Row]:
    """Precision upwards against recall to the right; the dot is the threshold, as is said below."""
    if view.cut.problem:
        return draw_problem(view.cut.problem, width, look)
    counts = view.cut.counts
    there = math.isfinite(counts.precision)
    here = Downsampled.through([counts.recall] if there else [], [counts.precision] if there else [])
    line = curves.Line("", Downsampled.through(view.recall, view.precision))
    guessing = curves.Line("", Downsampled.through(np.array([0.0, 1.0]), np.full(2, view.share)))
    chart = curves.Chart((curves.Line("", here, dots=True), line, guessing), UNIT, UNIT)
    axes_words = look.pick("precision ↑ recall →", "precision (up), recall")
    average = show_interval("", view.average, view.interval, look)
    head = [
        draw_legend((axes_words, "guessing"), look, first=1),
        *draw_facts([("average precision", average)], width, look),
    ]
    return put_together(chart, head, draw_cut(view.cut, width, look, view.f1_interval), width, height, look)


PRECISION_RECALL = Drawing(PrecisionRecall, draw)
