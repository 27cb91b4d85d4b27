"""One layer in training and in evaluation: a row's numbers side by side, histograms, and statistics over the run."""

from __future__ import annotations

from typing import Final

import numpy as np

from nnplay.tui.draw.bars import upright
from nnplay.tui.draw.number_text import loss
from nnplay.tui.draw.run_map import over_steps
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined
from nnplay.views.kinds.two_modes import Histogram, TwoModes

_NUMBER, _CLOSER, _NARROW = 10, 9, 8
_WIDE: Final = 60
_MOST_LEFT, _LEAST_PICTURES = 82, 34
#: Headings in columns that are too narrow for them.
_SHORT: Final = {"evaluation": "eval.", "deviation": "dev."}
_BESIDE: Final = 84
_LEAST_NUMBERS: Final = 4


def draw(view: TwoModes, width: int, height: int, look: Look) -> list[Row]:
    """The numbers; histograms and the run beside them where there is room, else below."""
    if view.waits:
        return [((fit("both modes appear here once the kernels are compiled", width), look.ink("warning")),)]
    if width >= _BESIDE:
        left = min(_MOST_LEFT, width - _LEAST_PICTURES)
        numbers = _numbers(view, left - 2, height, look)
        other = _pictures(view, width - left, height, look)
        blank: Row = ()
        pairs = [
            (*(rows[k] if k < len(rows) else blank for rows in (numbers, other)),)
            for k in range(max(len(numbers), len(other)))
        ]
        return [joined([*_padded(one, left, look), *two]) for one, two in pairs][:height]
    pictures = _pictures(view, width, height - _LEAST_NUMBERS - 2, look)
    return [*_numbers(view, width, height - len(pictures), look), *pictures][:height]


def _padded(row: Row, width: int, look: Look) -> list[Run]:
    return [*row, (" " * max(0, width - sum(len(text) for text, _ in row)), look.ink("dim"))]


def _numbers(view: TwoModes, width: int, height: int, look: Look) -> list[Row]:
    """Row by row: input, both outputs, the mask or what the statistics are."""
    shown = [("training", view.trained), ("evaluation", view.evaluated)]
    columns = [("input", view.given), *shown, *view.statistics]
    if view.mask is not None:
        columns = [*shown, ("mask", view.mask), ("input", view.given)]
    side = max(map(len, view.units), default=0)
    fits = side + len(columns) * (_NUMBER + 1) <= width
    wide = _NUMBER if fits else _CLOSER if width >= _WIDE else _NARROW
    columns = columns[: max(1, (width - side) // (wide + 1))]
    rows: list[Row] = [((fit(f"row {view.row} of the next batch of {view.rows}", width), look.ink("dim")),)]
    rows += _headings([heading for heading, _ in columns], side, wide, look)
    for k, name in list(enumerate(view.units))[: max(0, height - len(rows))]:
        dropped = view.mask is not None and view.mask[k] == 0
        runs: list[Run] = [(fit(name, side), look.ink("dim"))]
        for heading, values in columns:
            ink = "warning" if dropped and heading in ("training", "mask") else "text"
            runs.append((f" {loss(float(values[k]), wide)}", look.ink(ink)))  # type: ignore[arg-type]
        rows.append(joined(runs))
    return rows


def _headings(headings: list[str], side: int, wide: int, look: Look) -> list[Row]:
    """Headings of two words take two lines."""
    words = [heading.rpartition(" ") for heading in headings]
    lines = [[first for first, _, _ in words], [_fitted(last, wide) for _, _, last in words]]
    return [
        ((" " * side + "".join(f" {text.rjust(wide)}" for text in line), look.ink("dim")),)
        for line in lines
        if any(line)
    ]


def _fitted(word: str, wide: int) -> str:
    return word if len(word) <= wide else _SHORT.get(word, word)[:wide]


def _pictures(view: TwoModes, width: int, height: int, look: Look) -> list[Row]:
    """Three histograms between the same limits, and the running statistics over the run."""
    running = [item for item in view.running if len(item[1])]
    blocks = len(view.histograms) + len(running)
    tall = max(1, min(5, height // max(1, blocks) - 1))
    rows: list[Row] = []
    for histogram in view.histograms:
        rows += _histogram(histogram, width, tall, look)
    for name, steps, values in running:
        lead = f"{name.replace('_', ' ')}: {float(values[-1]):.3g} (mean over channels)"
        shown = over_steps(values[:, None].astype(np.float64), steps, width)[0]
        low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
        shares = (shown - low) / (high - low or 1.0) * 0.95 + 0.05
        rows += [((fit(lead, width), look.ink("text")),), *upright(shares.tolist(), tall, look, "above")]
    return rows[: max(0, height)]


def _histogram(histogram: Histogram, width: int, tall: int, look: Look) -> list[Row]:
    """Counts as bars, as wide as the room for them; their limits in the title."""
    title = f"{histogram.title}: {histogram.low:.3g} … {histogram.high:.3g}"
    counts, bars = histogram.counts, len(histogram.counts)
    if width < bars:
        counts = np.add.reduceat(counts, np.linspace(0, bars, max(1, width) + 1).astype(int)[:-1])
    shares = np.repeat(counts / max(1, counts.max(initial=0)), max(1, width // max(1, bars)))
    ink = {"training": "warning", "evaluation": "accent"}.get(histogram.title, "dim")
    return [((fit(title, width), look.ink("text")),), *upright(shares.tolist(), tall, look, ink)]  # type: ignore[arg-type]


TWO_MODES = Drawing(TwoModes, draw)
