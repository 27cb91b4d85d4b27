"""Rates of weights as a distribution for each tensor on one logarithmic axis, or as a map of one tensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnplay.text import clean, figure
from nnplay.tui.draw.bars import upright
from nnplay.tui.draw.blocks import picture
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.shares import draw_sentence
from nnplay.tui.theme.look import Ink, Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, wrap
from nnplay.views.kinds.effective_rate import EffectiveRate

Floats = NDArray[np.float64]
_NAME = 18
_NUMBER = 9
_LEAST_WITH_MEDIANS = 30
"""Columns from which on medians stand beside the distributions."""
_TALLEST = 5
"""Rows of one distribution."""


def draw(view: EffectiveRate, width: int, height: int, look: Look) -> list[Row]:
    """What the optimizer does in words and one weight's numbers, then the rates of all."""
    head: list[Row] = []
    head += _wrapped(f"{view.title}: {view.words} {view.memory}", width, look, "text")
    head += _wrapped(view.formula, width, look, "dim")
    if view.problem:
        return [*head, *_wrapped(view.problem, width, look, "text")][:height]
    head += _wrapped(view.worked, width, look, "text")
    rates = [values for _, values in view.tensors]
    known = np.concatenate([values[np.isfinite(values) & (values > 0)].ravel() for values in rates])
    if not known.size:
        return [*head, *draw_sentence("no weight moves in this step", width, look)][:height]
    head = head[: max(0, height - 4)]
    room = height - len(head)
    if view.chosen >= 0:
        return [*head, *_map(view, width, room, look)][:height]
    return [*head, *_distributions(view, known, width, room, look)][:height]


def _wrapped(text: str, width: int, look: Look, ink: Ink) -> list[Row]:
    """A text in as many lines as it takes."""
    return [((line, look.ink(ink)),) for line in wrap(clean(text), width)]


def _distributions(view: EffectiveRate, known: Floats, width: int, room: int, look: Look) -> list[Row]:
    """A line for each tensor: how many of its weights have each rate, and the median."""
    low, high = (float(np.log10(value)) for value in (known.min(), known.max()))
    low, high = (low, high) if high - low > 0.2 else (low - 0.5, high + 0.5)
    side = min(_NAME, max(len(name) for name, _ in view.tensors), max(2, width // 4))
    number = _NUMBER + 1 if width >= _LEAST_WITH_MEDIANS else 0
    across = max(1, width - side - 1 - number)
    shown = view.tensors[: max(1, room - 2)]
    tall = max(1, min(_TALLEST, (room - 2) // len(shown)))
    rows: list[Row] = []
    for name, values in shown:
        moved = values[np.isfinite(values) & (values > 0)]
        counts = np.histogram(np.log10(moved), across, (low, high))[0]
        median = figure(float(np.median(moved))) if moved.size else "none"
        bars = upright((counts / max(1, counts.max())).tolist(), tall, look)
        for line, bar in enumerate(bars):
            last = line == tall - 1
            heading = fit(clean(name) if last else "", side) + " "
            runs: list[Run] = [(heading, look.ink("text")), *bar]
            rows.append(
                joined([*runs, *([((median if last else "").rjust(number), look.ink("strong"))] if number else [])])
            )
    axis = f"{figure(10**low)}{figure(10**high).rjust(max(1, across - len(figure(10**low))))}"
    rows.append(((fit(" " * (side + 1) + axis + "    median", width), look.ink("dim")),))
    return [*rows, _foot(view, width, look)]


def _map(view: EffectiveRate, width: int, room: int, look: Look) -> list[Row]:
    """The rate of every weight of one tensor, by its logarithm."""
    name, values = view.tensors[view.chosen]
    table = values.reshape(1, -1) if values.ndim < 2 else values.reshape(-1, values.shape[-1])
    finite = table[np.isfinite(table) & (table > 0)]
    if not finite.size:
        return draw_sentence(f"no weight of {name} moves in this step", width, look)
    low, high = float(finite.min()), float(finite.max())
    shown = np.log10(np.where(np.isfinite(table) & (table > 0), table, low))
    tall = max(1, room - 2)
    rows = picture(shown, tall, width, float(np.log10(low)), float(np.log10(high)), look)
    words = f"{clean(name)} {'×'.join(map(str, values.shape))}: {figure(low)} to {figure(high)}, logarithmic"
    return [*rows, ((fit(words, width), look.ink("dim")),), _foot(view, width, look)]


def _foot(view: EffectiveRate, width: int, look: Look) -> Row:
    angle = f"   angle to steepest descent {view.angle:.0f}°" if np.isfinite(view.angle) else ""
    return ((fit(f"learning rate {figure(view.lr)}{angle}", width), look.ink("text")),)


EFFECTIVE_RATE = Drawing(EffectiveRate, draw)
