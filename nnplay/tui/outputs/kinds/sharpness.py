"""The largest eigenvalues of the Hessian over the run as two curves, with the limit of the learning rate."""

from __future__ import annotations

import numpy as np

from nnplay.text import clean, figure
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.shares import draw_sentence
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.sharpness import Sharpness


def draw(view: Sharpness, width: int, height: int, look: Look) -> list[Row]:
    """Both curves on one scale, and below them what their ends are."""
    part = f", {view.part}" if view.part else ""
    head = draw_sentence(f"largest eigenvalues of the Hessian (sharpness){part}", width, look)
    if view.problem:
        return [*head, ((fit(clean(view.problem), width), look.ink("text")),)][:height]
    words = f"now {' and '.join(figure(float(value)) for value in view.values[-1])}"
    limit = f"   2 / learning rate is {figure(view.limit)}" if view.limit else ""
    foot = [((fit(words + limit, width), look.ink("text")),)]
    across = (float(view.steps[0]), float(max(view.steps[-1], view.steps[0] + 1)))
    low, high = float(min(0.0, view.values.min())), float(max(view.values.max(), 1e-12))
    shown = 0 < view.limit <= 3 * high
    high = max(high, view.limit) if shown else high
    sketch = Sketch(width, max(1, height - len(head) - 2), across, (low, high), look)
    if shown:
        sketch.line(list(across), [view.limit, view.limit], look.ink("warning"))
    for number, values in enumerate(view.values.T):
        sketch.line(view.steps.tolist(), np.asarray(values).tolist(), look.series(number))
    ends = f"step {view.steps[0]:,} to {view.steps[-1]:,}, {figure(low)} to {figure(high)}"
    return [*head, *sketch.rows(), ((fit(ends, width), look.ink("dim")),), *foot][:height]


SHARPNESS = Drawing(Sharpness, draw)
