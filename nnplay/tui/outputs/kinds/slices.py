"""The score of each slice with its interval, against that of all rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nnplay.text import clean, counted
from nnplay.training.scores.uncertainty import show_score
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import draw_problem
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined
from nnplay.views.kinds.slices import Slices, SliceScore

_METRICS = {"accuracy": "accuracy", "mae": "mean absolute error"}
_LEAST_TRACK = 8
_LONGEST_NAME = 24


def draw(view: Slices, width: int, height: int, look: Look) -> list[Row]:
    """A line for each slice: its name, rows, score, and where the score is likely to be."""
    if view.whole is None:
        return draw_problem("none of the predictions is a finite number", width, look)
    title = (
        f"{_METRICS[view.metric]}{f' of {clean(view.target, 20)}' if view.target else ''} by {clean(view.column, 24)}"
    )
    every = (view.whole, *view.slices)
    scores = [show_score(view.metric, each.score) for each in every]
    counts = [f"{each.count:,}" for each in every]
    names = [clean(each.name, _LONGEST_NAME) for each in every]
    columns = [min(max(map(len, texts)), width // 3) for texts in (names, counts, scores)]
    track = width - sum(columns) - 3
    limits = _find_limits(every)
    lines = []
    for each, name, count, score in zip(every, names, counts, scores, strict=True):
        ink = look.ink("strong" if each is view.whole else "text")
        runs: list[Run] = [(fit(name, columns[0]), ink), (" " + count.rjust(columns[1]), look.ink("dim"))]
        runs.append((" " + score.rjust(columns[2]) + " ", ink))
        lines.append(
            joined([*runs, *(_draw_track(each, view.whole, limits, track, look) if track >= _LEAST_TRACK else ())])
        )
    foot = f"{view.rows}, 95 % intervals" if track >= _LEAST_TRACK else view.rows
    room = max(1, height - 2)
    left = len(lines) - room
    shown = lines if left <= 0 else [*lines[: room - 1], ((f"and {counted(left + 1, 'more slice')}", look.ink("dim")),)]
    return [((fit(title, width), look.ink("dim")),), *shown, ((fit(foot, width), look.ink("dim")),)]


def _find_limits(scores: Sequence[SliceScore]) -> tuple[float, float]:
    ends = [end for each in scores for end in (each.score, *(each.interval or ())) if math.isfinite(end)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _draw_track(each: SliceScore, whole: SliceScore, limits: tuple[float, float], width: int, look: Look) -> list[Run]:
    """The interval as a line with the score on it, and the score of all rows as a mark."""

    def place(value: float) -> int:
        return min(width - 1, max(0, round((value - limits[0]) / (limits[1] - limits[0]) * (width - 1))))

    low, high = each.interval or (each.score, each.score)
    cells = [(" ", look.ink("faint"))] * width
    cells[place(whole.score)] = (look.pick("┊", ":"), look.ink("faint"))
    for column in range(place(low), place(high) + 1):
        cells[column] = (look.pick("─", "-"), look.ink("dim"))
    apart = each is not whole and not low <= whole.score <= high
    cells[place(each.score)] = (look.pick("●", "o"), look.ink("warning" if apart else "accent", bold=True))
    return cells


SLICES = Drawing(Slices, draw)
