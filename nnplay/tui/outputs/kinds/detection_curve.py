"""Precision against recall of the objects of one class."""

from __future__ import annotations

import numpy as np

from nnplay.tui.draw import curves
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.outputs.chart_parts import draw_legend
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import UNIT, draw_facts, draw_problem, put_together
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.detection_curve import DetectionCurve


def draw(view: DetectionCurve, width: int, height: int, look: Look) -> list[Row]:
    """Precision upwards against recall to the right, and average precision by the overlap that is asked for."""
    if not view.objects:
        return draw_problem(f"no {view.label} in {view.rows}", width, look)
    recall, precision = (
        np.append(0.0, view.recall),
        np.append(view.precision[:1] if len(view.precision) else 0.0, view.precision),
    )
    line = curves.Line("", Downsampled.through(recall, precision))
    words = look.pick("precision ↑ recall →", "precision (up), recall")
    averages = [
        ("average precision at IoU 0.5", f"{view.averages[0]:.3f}"),
        ("0.75", f"{view.averages[5]:.3f}"),
        ("0.5 to 0.95", f"{view.averages.mean():.3f}"),
    ]
    head = [draw_legend((words,), look), *draw_facts(averages, width, look)]
    below = draw_facts([(view.label, f"{view.objects:,} in {view.rows}")], width, look)
    return put_together(curves.Chart((line,), UNIT, UNIT), head, below, width, height, look)


DETECTION_CURVE = Drawing(DetectionCurve, draw)
