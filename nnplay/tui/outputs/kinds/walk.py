"""How the optimizer walks: one small curve below the other, each with its last number."""

from __future__ import annotations

import math

import numpy as np

from nnplay.text import clean, counted, figure
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.shares import draw_sentence
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.walk import Walk

_LEAST_ROWS = 3
"""Rows of a curve with its heading."""
_DECADES = 2.0
"""Powers of ten between the ends of a curve from which on it is drawn by its logarithm."""


def draw(view: Walk, width: int, height: int, look: Look) -> list[Row]:
    """As many curves as find room; the schedule first, where there is one."""
    words = "each step is one evaluation of the loss" if view.searches else "how far each step moves the weights"
    head = [*draw_sentence(words, width, look), *_curvature(view, width, look)]
    plots: list[tuple[str, np.ndarray, np.ndarray]] = []
    if view.rates.size:
        ahead = np.linspace(0, view.ahead - 1, view.rates.size)
        plots.append((f"learning rate of the first {counted(view.ahead, 'step')}", ahead, view.rates))
    plots += [(name, view.steps.astype(float), values) for name, values in view.lines]
    if not plots:
        return [*head, ((fit("curves appear here with the first steps", width), look.ink("text")),)][:height]
    room = height - len(head)
    shown = plots[: max(1, room // _LEAST_ROWS)]
    each = room // len(shown)
    rows = list(head)
    for number, (name, steps, values) in enumerate(shown):
        rows += _plot(name, steps, values, number, width, each, look)
    return rows[:height]


def _curvature(view: Walk, width: int, look: Look) -> list[Row]:
    """The eigenvalues of the Hessian in a line, and how many directions go down both ways."""
    values = view.eigenvalues
    if not values.size:
        return []
    down = int((values < 0).sum())
    kind = (
        f"{counted(down, 'direction')} of {values.size} curve{'s' if down == 1 else ''} down"
        if down
        else "all curve up"
    )
    shown = [figure(float(value)) for value in values[::-1]]
    told = ", ".join(shown if len(shown) <= 6 else [*shown[:4], "…", shown[-1]])
    return draw_sentence(f"eigenvalues of the Hessian {told}: {kind}", width, look)


def _plot(
    name: str, steps: np.ndarray, values: np.ndarray, number: int, width: int, height: int, look: Look
) -> list[Row]:
    """A heading with the last number and both ends, and the curve below it."""
    kept = np.isfinite(values)
    if not kept.any():
        return [((fit(f"{clean(name)}: nothing yet", width), look.ink("dim")),)]
    steps, values = steps[kept], values[kept].astype(np.float64)
    low, high = float(values.min()), float(values.max())
    by_power = low > 0 and math.log10(high / low) >= _DECADES
    scale = ", logarithmic" if by_power else ""
    heading = f"{clean(name)} {figure(float(values[-1]))}   {figure(low)} to {figure(high)}{scale}"
    drawn = np.log10(values) if by_power else values
    across = (float(steps[0]), float(max(steps[-1], steps[0] + 1)))
    upright = (float(drawn.min()), float(max(drawn.max(), drawn.min() + 1e-9)))
    sketch = Sketch(width, max(1, height - 1), across, upright, look)
    sketch.line(steps.tolist(), drawn.tolist(), look.series(number))
    return [((fit(heading, width), look.ink("text")),), *sketch.rows()]


WALK = Drawing(Walk, draw)
