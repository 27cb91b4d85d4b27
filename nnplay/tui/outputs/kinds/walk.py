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
    plots: list[tuple[str, np.ndarray, list[tuple[str, np.ndarray]]]] = []
    if view.rates.size:
        ahead = np.linspace(0, view.ahead - 1, view.rates.size)
        plots.append((f"learning rate of the first {counted(view.ahead, 'step')}", ahead, [("", view.rates)]))
    for name, values in view.lines:  # "effective rate, median" and its neighbours are one picture
        title, _, part = name.partition(", ") if name.count(", ") and "degrees" not in name else (name, "", "")
        if plots and part and plots[-1][0] == title:
            plots[-1][2].append((part, values))
        else:
            plots.append((title, view.steps.astype(float), [(part, values)]))
    if not plots:
        return [*head, ((fit("curves appear here with the first steps", width), look.ink("text")),)][:height]
    room = height - len(head)
    shown = plots[: max(1, room // _LEAST_ROWS)]
    hidden = [name for name, _, _ in plots[len(shown) :]]
    each = (room - bool(hidden)) // len(shown)
    rows = list(head)
    number = 0
    for name, steps, lines in shown:
        rows += _plot(name, steps, lines, number, width, max(1, each), look)
        number += len(lines)
    if hidden:
        rows.append(((fit(f"{look.pick('↓', 'v')} in a taller pane: {', '.join(hidden)}", width), look.ink("dim")),))
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
    name: str, steps: np.ndarray, lines: list[tuple[str, np.ndarray]], number: int, width: int, height: int, look: Look
) -> list[Row]:
    """A heading with the last numbers and both ends, and the curves below it on one scale."""
    found = np.concatenate([values[np.isfinite(values)] for _, values in lines]).astype(np.float64)
    if not found.size:
        return [((fit(f"{clean(name)}: nothing yet", width), look.ink("dim")),)]
    if len(lines) > 1 and (found >= 0).all() and (found > 0).any():  # a rate of 0 is a gap among powers of ten
        found = found[found > 0]
    low, high = float(found.min()), float(found.max())
    by_power = low > 0 and math.log10(high / low) >= _DECADES
    lasts = [(part, values[np.isfinite(values)][-1:]) for part, values in lines]
    told = ", ".join(f"{part} {figure(float(last[0]))}".strip() for part, last in lasts if last.size)
    heading = f"{clean(name)} {told}   {figure(low)} to {figure(high)}{', logarithmic' if by_power else ''}"
    drawn = np.log10(found) if by_power else found
    across = (float(steps[0]), float(max(steps[-1], steps[0] + 1)))
    upright = (float(drawn.min()), float(max(drawn.max(), drawn.min() + 1e-9)))
    sketch = Sketch(width, max(1, height - 1), across, upright, look)
    for place, (_, values) in enumerate(lines):
        with np.errstate(all="ignore"):  # what is not finite leaves a gap
            shown = np.log10(values) if by_power else values
        sketch.line(steps.tolist(), shown.tolist(), look.series(number + place))
    return [((fit(heading, width), look.ink("text")),), *sketch.rows()][:height]


WALK = Drawing(Walk, draw)
