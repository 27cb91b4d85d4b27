"""Which trials of a sweep are best, and how their values are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.sweeps.objective import Objective
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome
from nnplay.text import clean, figure, percent

_SHARES: Final = ("accuracy", "f1", "auc", "iou")


def ranked(sweep: Sweep, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes trained for longest, from the best on; of equal scores the one with the smaller loss first."""
    longest = max((outcome.trial.epochs for outcome in outcomes), default=0)
    last = [outcome for outcome in outcomes if outcome.trial.epochs == longest]
    costs = ranking_costs(sweep)
    return sorted(last, key=lambda outcome: (*(cost.cost(outcome) for cost in costs), outcome.trial.number))


def ranking_costs(sweep: Sweep) -> tuple[Objective, ...]:
    """What ranks the trials, the first before the second."""
    return tuple(dict.fromkeys((*sweep.objectives, Objective("loss"))))


def score_text(name: str, value: float) -> str:
    """A score as people write it."""
    if value != value:
        return "–"
    if name in _SHARES:
        return percent(value, 1)
    return f"{int(value):,}" if name == "parameters" else figure(value, 4)


def setting_text(value: object) -> str:
    """The value of a setting as people write it."""
    return figure(value, 4) if isinstance(value, float) else clean(value, limit=40)
