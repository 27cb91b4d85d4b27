"""The gradient of each layer: a bar for the next batch, and a line of the picture over the run."""

from __future__ import annotations

from typing import Final

import numpy as np

from nnplay.text import clean
from nnplay.tui.draw import run_map
from nnplay.tui.draw.bars import bar
from nnplay.tui.draw.number_text import loss
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, wrap
from nnplay.views.kinds.gradients import Gradients

_LONGEST_NAME: Final = 18
_NUMBER: Final = 8
_LEAST_BAR, _WIDEST_BAR = 6, 16
_TALLEST: Final = 3
_HEADINGS: Final = ("‖gradient‖ of the next batch", "‖gradient‖, next batch", "‖gradient‖")
_ALIKE: Final = 1.5


def draw(view: Gradients, width: int, height: int, look: Look) -> list[Row]:
    """A line for each layer, in the order of the forward pass; the gradient comes from below."""
    shown = _fitting(len(view.layers), height - 4)
    names = [clean(view.layers[k]) for k in shown]
    side = min(_LONGEST_NAME, max(map(len, names), default=1), max(4, width // 3))
    wide = max(_LEAST_BAR, min(_WIDEST_BAR, width // 5))
    left = side + 1 + _NUMBER + 1 + wide
    across = max(0, width - left - 1)
    decades = run_map.find_decades(view.now, view.run)
    each = max(1, min(_TALLEST, (height - 5) // len(shown)))  # rows of cells a layer
    sizes = view.run[:, shown]
    picture = (
        run_map.run_map(sizes, view.steps, across, decades, look, 2 * each) if across else [()] * (each * len(shown))
    )
    heading = next((text for text in _HEADINGS if len(text) <= left), _HEADINGS[-1]).ljust(left + 1) + "over the run"
    if len(shown) < len(view.layers):
        heading = f"{len(shown)} of {len(view.layers)} layers"
    rows: list[Row] = [((fit(heading, width), look.ink("dim")),)]
    for k, (name, number) in enumerate(zip(names, view.now[shown].tolist(), strict=True)):
        share = (np.log10(number) - decades[0]) / (decades[1] - decades[0]) if number > 0 else 0.0
        text = loss(number, _NUMBER) if np.isfinite(number) else "…".rjust(_NUMBER)
        lead = [(fit(name, side), look.ink("text")), (f" {text} ", look.ink("strong"))]
        blank = ((" " * (left + 1), look.ink("dim")),)
        texts = [(*lead, *bar(float(share), wide, look), (" ", look.ink("dim"))), *[blank] * (each - 1)]
        lines = picture[k * each : (k + 1) * each]
        rows += [joined([*text, *line]) for text, line in zip(texts, lines, strict=True)]
    rows.append(joined([(" " * (left + 1), look.ink("dim")), *run_map.step_axis(view.steps, across, look)]))
    return [*rows, run_map.legend(decades, width, look), *_words(view, width, look)][:height]


def _fitting(layers: int, room: int) -> list[int]:
    """Which layers are shown: all, or some evenly spread, the first and the last among them."""
    count = max(1, min(layers, room))
    return sorted(set(np.linspace(0, layers - 1, count).round().astype(int).tolist()))


def _words(view: Gradients, width: int, look: Look) -> list[Row]:
    """How much shorter the gradient of the first layer is than that of the last one."""
    first, last = float(view.now[0]), float(view.now[-1])
    if len(view.now) < 2 or not (np.isfinite(first) and np.isfinite(last) and last > 0):
        return []
    if first == 0.0:
        text = "nothing of the gradient reaches the first layer"
    elif max(first, last) < _ALIKE * min(first, last):
        text = "the first layer's gradient is about as long as the last one's"
    elif first < last:
        text = f"the last layer's gradient is {_times(last / first)} as long as the first one's"
    else:
        text = f"the first layer's gradient is {_times(first / last)} as long as the last one's"
    return [((fit(line, width), look.ink("text")),) for line in wrap(text, width)]


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if 10 <= factor < 1e7 else f"{factor:.2g} times"


GRADIENTS = Drawing(Gradients, draw)
