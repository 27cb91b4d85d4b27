"""The ROC curve with a threshold on it."""

from __future__ import annotations

from nnplay.tui.draw import curves
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.outputs.chart_parts import draw_legend
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import (
    DIAGONAL,
    UNIT,
    draw_cut,
    draw_facts,
    draw_problem,
    put_together,
    show_interval,
)
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.roc import Roc


def draw(view: Roc, width: int, height: int, look: Look) -> list[Row]:
    """Recall upwards against the false positive rate to the right; the dot is the threshold, as is said below."""
    if view.cut.problem:
        return draw_problem(view.cut.problem, width, look)
    counts = view.cut.counts
    here = curves.Line("", Downsampled.through([counts.false_positive_rate], [counts.recall]), dots=True)
    line = curves.Line("", Downsampled.through(view.false_positive_rate, view.recall))
    chart = curves.Chart((here, line, curves.Line("", DIAGONAL)), UNIT, UNIT)
    axes_words = look.pick("recall ↑ FP rate →", "recall (up), FP rate")
    head = [
        draw_legend((axes_words, "guessing"), look, first=1),
        *draw_facts([("AUC", show_interval("auc", view.auc, view.interval, look))], width, look),
    ]
    return put_together(chart, head, draw_cut(view.cut, width, look), width, height, look)


ROC = Drawing(Roc, draw)
