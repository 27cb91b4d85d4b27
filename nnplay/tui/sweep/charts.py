"""The best score so far, and the curves of the best and the chosen trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nnplay.sweeps.ranking import score_text
from nnplay.text import counted
from nnplay.tui.draw import axes, curves
from nnplay.tui.draw.axes import Limits
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.sweep.scale import scale_of_scores
from nnplay.tui.sweep.view_state import ViewState
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, joined

#: Curves beside that of the chosen trial.
_CURVES: Final = 4


def draw_best(state: ViewState, width: int, height: int, look: Look) -> list[Row]:
    """The best score after each trial, and behind it the score of each."""
    scores, best = state.values(state.goal), state.board.best
    seen = np.flatnonzero(np.isfinite(scores) & ((scores > 0) | (not state.log)))
    if not len(seen):
        return _nothing("no trial has come to its end yet", width, height, look)
    changes = np.flatnonzero(np.isfinite(best) & np.append(True, best[1:] != best[:-1]))
    corners = np.unique(np.concatenate([changes, np.maximum(changes - 1, changes[0]), [len(best) - 1]]))
    corners = corners[(best[corners] > 0) | (not state.log)]
    lines = (
        curves.Line("best", Downsampled.through(corners + 1, best[corners])),
        curves.Line("each", Downsampled.through(seen + 1, scores[seen]), dots=True),
    )
    scale = scale_of_scores(scores, state.log, state.sweep.objectives[0].maximise)
    low, high = float(best[corners].min()), float(best[corners].max())
    limits = _limits([*_ends(scale.low, scale.high, state.log), low, high], state.log)
    chart = curves.Chart(lines, axes.ended(len(scores)), limits, state.log)
    goal = state.sweep.objectives[0].name
    now = score_text(goal, float(best[-1]))
    legend = [
        (f" {curves.glyph(0, look)} ", look.series(0)),
        (f"{state.sweep.superlative} {goal} so far, {now}  ", look.ink("text")),
        (look.pick("•", "x"), look.series(1)),
        (f" each of {counted(len(scores), 'trial')}, as they came", look.ink("dim")),
    ]
    return [joined(legend), *curves.draw(chart, width, height - 1, look)[0]]


def draw_curves(state: ViewState, width: int, height: int, look: Look) -> list[Row]:
    """The validation loss of the chosen trial and the best ones, by epoch."""
    rows = [state.row, *(int(row) for row in state.best[: _CURVES + 1])]
    shown = list(dict.fromkeys(row for row in rows if row is not None))[: _CURVES + 1]
    lines: list[curves.Line] = []
    legend: list[Run] = [(" validation loss by epoch  ", look.ink("dim"))]
    for row in shown:
        outcome = state.board.outcomes[row]
        points = [(epoch, loss) for epoch, loss in outcome.curve if np.isfinite(loss) and (loss > 0 or not state.log)]
        if points:
            name, here = f"trial {outcome.trial.number}", row == state.row
            sign = (f"{curves.glyph(len(lines), look)} ", look.series(len(lines)))
            words = f"{name}, chosen  " if here else f"{outcome.trial.number}  "
            legend += [sign, (words, look.ink("text" if here else "dim"))]
            lines.append(curves.Line(name, Downsampled.through(*zip(*points, strict=True))))
    if not lines:
        return _nothing("these trials have no curves", width, height, look)
    last = max(float(line.data.x[-1]) for line in lines)
    values = np.concatenate([line.data.last for line in lines]).tolist()
    chart = curves.Chart(tuple(lines), axes.ended(last), _limits(values, state.log), state.log)
    return [joined(legend), *curves.draw(chart, width, height - 1, look)[0]]


def _ends(low: float, high: float, log: bool) -> tuple[float, float]:
    return (10.0**low, 10.0**high) if log else (low, high)


def _limits(values: Sequence[float], log: bool) -> Limits:
    return axes.nice_log(min(values), max(values)) if log else axes.nice(min(values), max(values))


def _nothing(words: str, width: int, height: int, look: Look) -> list[Row]:
    empty: Row = ()
    return [*[empty] * (height // 2), ((f"{words:^{width}}", look.ink("dim")),)]
