"""The reliability curve, with how many answers there are in each bin."""

from __future__ import annotations

import numpy as np

from nnplay.data.profile.histogram import Histogram, draw_bars
from nnplay.text import percent
from nnplay.tui.draw import curves, number_text
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.outputs.chart_parts import draw_legend
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import DIAGONAL, UNIT, draw_facts, draw_problem
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.calibration import Calibration

_LEAST_CHART = 8


def draw(view: Calibration, width: int, height: int, look: Look) -> list[Row]:
    """How often answers are right upwards, against their probability to the right; bins as bars with their counts."""
    if not view.bins.counts.any():
        return draw_problem("none of the predictions is a finite number", width, look)
    facts = draw_facts(_facts(view), width, look)
    spare = max(0, height - 1 - _LEAST_CHART)
    facts = facts[: max(1, spare - 2)]
    tall = height - 1 - len(facts) - 2
    axes_words = look.pick("true ↑ probability →", "true (up), probability")
    chart = curves.Chart((_draw_bins(view), curves.Line("", DIAGONAL)), UNIT, UNIT)
    rows, left = curves.draw(chart, width, tall, look)
    below = _draw_counts(view, width, left, look) if rows else []
    return [draw_legend((axes_words, "perfect"), look), *rows, *below, *facts]


def _draw_bins(view: Calibration) -> curves.Line:
    """The share that came true in each bin that has answers; behind it the interval in which it is likely to be."""
    there = np.flatnonzero(view.bins.counts)
    ends = np.array([view.intervals[k] or (0.0, 1.0) for k in there.tolist()])
    shares = view.bins.shares[there]
    return curves.Line(
        "", Downsampled(view.bins.chances[there], ends[:, 0], ends[:, 1], shares, np.ones(len(there), np.bool_))
    )


def _draw_counts(view: Calibration, width: int, left: int, look: Look) -> list[Row]:
    """A bar and a count below each tenth of the axis."""
    counts = view.bins.counts.tolist()
    wide = width - left
    ends = [round(k * wide / len(counts)) for k in range(len(counts) + 1)]
    bars = draw_bars(Histogram(tuple(counts), (), 0.0, 1.0), len(counts), ascii=look.ascii)
    sizes = [ends[k + 1] - ends[k] for k in range(len(counts))]
    drawn = "".join(bars[k] * (size - 1) + " " if count else " " * size for k, (size, count) in _number(sizes, counts))
    texts = "".join(_count(count, size) for size, count in zip(sizes, counts, strict=True))
    return [((" " * left + drawn, look.ink("accent")),), ((" " * left + texts, look.ink("dim")),)]


def _number(sizes: list[int], counts: list[int]) -> list[tuple[int, tuple[int, int]]]:
    return list(enumerate(zip(sizes, counts, strict=True)))


def _count(count: int, size: int) -> str:
    """A count in so many columns; nothing for an empty bin or where there is no room."""
    text = number_text.short(count, 0).replace(" ", "") if count else ""
    return (text if len(text) < size else "").ljust(size)


def _facts(view: Calibration) -> list[tuple[str, str]]:
    return [
        ("ECE", f"{view.bins.expected_error:.3f}"),
        ("Brier", f"{view.brier:.3f}"),
        ("mean probability", percent(view.mean, 1)),
        ("came true", percent(view.share, 1)),
        ("of", view.rows),
    ]


CALIBRATION = Drawing(Calibration, draw)
