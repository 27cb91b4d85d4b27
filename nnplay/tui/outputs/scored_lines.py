"""What drawings of scores share: lines of labels with numbers, intervals, and what a threshold comes to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnplay.text import clean, percent
from nnplay.training.scores.uncertainty import Interval, show_score
from nnplay.tui.draw import axes, curves
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined, row_width
from nnplay.views.thresholds import Cut

#: Axes from 0 to 1.
UNIT = axes.Limits(0.0, 1.0)
DIAGONAL = Downsampled.through(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
_LEAST_CHART = 8


def draw_facts(facts: Sequence[tuple[str, str]], width: int, look: Look) -> list[Row]:
    """Labels with what they stand for, as many to a row as there is room for."""
    rows: list[Row] = []
    line: Row = ()
    for label, value in facts:
        room = width - len(label) - 1
        fact: Row = (
            (f"{label} ", look.ink("dim")),
            (value if len(value) <= room else fit(value, room), look.ink("strong")),
        )
        longer = joined([*line, *((("  ", look.ink("dim")),) if line else ()), *fact])
        if line and row_width(longer) > width:
            rows.append(line)
            line = fact
        else:
            line = longer
    return [*rows, line] if line else rows


def show_interval(metric: str, value: float, interval: Interval | None, look: Look) -> str:
    """A score with the interval in which it is likely to be: `0.994 (0.981–0.999)`."""
    text = show_score(metric, value) if math.isfinite(value) else look.pick("–", "-")
    if interval is None:
        return text
    low, high = (show_score(metric, end) for end in interval)
    return f"{text} ({low}{look.pick('–', ' to ')}{high})"


def draw_cut(cut: Cut, width: int, look: Look, f1_interval: Interval | None = None) -> list[Row]:
    """The threshold, the four counts, and the scores that follow from them."""
    counts = cut.counts
    threshold = percent(cut.threshold) if cut.is_chance else f"{cut.threshold:.3g}"
    head, *rest = draw_facts(
        [
            (f"{look.pick('•', '*')} {clean(cut.positive, 20)} from", threshold),
            ("TP", f"{counts.hits:,}"),
            ("FP", f"{counts.false_alarms:,}"),
            ("FN", f"{counts.misses:,}"),
            ("TN", f"{counts.rejections:,}"),
            ("precision", show_interval("", counts.precision, None, look)),
            ("recall", show_interval("", counts.recall, None, look)),
            ("F1", show_interval("f1", counts.f1, f1_interval, look)),
            ("of", cut.rows),
        ],
        width,
        look,
    )
    (label, dim), *values = head
    return [((label[0], look.series(0)), (label[1:], dim), *values), *rest]


def draw_problem(text: str, width: int, look: Look) -> list[Row]:
    """Why there is nothing to draw."""
    return [((clean(text, max(1, width)), look.ink("dim")),)]


def put_together(
    chart: curves.Chart, head: list[Row], below: list[Row], width: int, height: int, look: Look
) -> list[Row]:
    """A chart with lines over it and below it, of which the last ones give way where the room is small."""
    spare = max(0, height - _LEAST_CHART)
    head = head[: max(1, min(len(head), spare))]
    below = below[: max(1, spare - len(head))]
    rows, _ = curves.draw(chart, width, height - len(head) - len(below), look)
    return [*head, *rows, *below]
