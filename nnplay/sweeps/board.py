"""What came of a sweep so far, in columns of numbers: what a screen sorts, ranks and draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.sweeps.axis import Axis
from nnplay.sweeps.importance import importance
from nnplay.sweeps.ranking import ranking_costs
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome

Floats = NDArray[np.float64]
#: The column that says for how many epochs a sampler had a trial trained; 0 where that is up to its run.
TRAINED: Final = "trained"
#: Importance is worked out again when there are so many times as many trials.
_MORE: Final = 1.1


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """Trials in the order in which they came, one row each; of one trained several times the longest time counts.

    Attributes:
        outcomes: what came of them (N).
        columns: settings and scores by name, each (N); not a number where a trial has none. A setting whose values are
            words has their places among those listed.
        order: rows from the best to the worst (N).
        best: the best score so far of the first objective, as each trial came (N); not a number before the first one.
        importance: the share of the differences that each setting explains.
    """

    outcomes: tuple[Outcome, ...] = ()
    columns: Mapping[str, Floats] = field(default_factory=dict)
    order: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    best: Floats = field(default_factory=lambda: np.zeros(0))
    importance: Mapping[str, float] = field(default_factory=dict)

    def sorted_by(self, name: str, descending: bool) -> NDArray[np.int64]:
        """Rows (N) by a column; what has no value comes last either way, and equal ones by their rank."""
        if name not in self.columns:
            return self.order
        values = self.columns[name][self.order]
        return np.asarray(self.order[np.argsort(-values if descending else values, kind="stable")])


class BoardMaker:
    """Collects outcomes, and makes boards of them; used by one thread.

    Args:
        sweep: what they are of.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._rows: dict[int, int] = {}  # of each trial, by its number
        self._outcomes: list[Outcome] = []
        self._names = column_names(sweep)
        self._numbers: list[list[float]] = [[] for _ in self._names]
        self._importance: tuple[int, dict[str, float]] = (0, {})
        self.added = 0
        """Outcomes that were taken over so far."""

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Takes over outcomes."""
        for outcome in outcomes:
            self.added += 1
            row = self._rows.setdefault(outcome.trial.number, len(self._outcomes))
            numbers = self._numbers_of(outcome)
            if row == len(self._outcomes):
                self._outcomes.append(outcome)
                for column, number in zip(self._numbers, numbers, strict=True):
                    column.append(number)
            elif outcome.trial.epochs >= self._outcomes[row].trial.epochs:
                self._outcomes[row] = outcome
                for column, number in zip(self._numbers, numbers, strict=True):
                    column[row] = number

    def board(self, last: bool = False) -> Board:
        """The board of what there is by now.

        Args:
            last: nothing more is to come soon, so that the importance has to be of all trials.
        """
        columns = {name: np.array(values) for name, values in zip(self._names, self._numbers, strict=True)}
        outcomes = tuple(self._outcomes)
        known, shares = self._importance
        if len(outcomes) > _MORE * known or (last and len(outcomes) != known):
            shares = importance(self._sweep.axes, outcomes, self._sweep.objectives[0])
            self._importance = len(outcomes), shares
        return Board(outcomes, columns, self._order(columns), self._best(columns), shares)

    def _numbers_of(self, outcome: Outcome) -> list[float]:
        settings = [number_of(axis, outcome.trial.settings.get(axis.name)) for axis in self._sweep.axes]
        scores = [outcome.score(name) for name in score_names(self._sweep)]
        return [float(outcome.trial.number), *settings, *scores, float(outcome.trial.epochs)]

    def _order(self, columns: Mapping[str, Floats]) -> NDArray[np.int64]:
        found = ((columns[score_column(self._sweep, one.name)], one.maximise) for one in ranking_costs(self._sweep))
        costs = [np.nan_to_num(-score if maximise else score, nan=math.inf) for score, maximise in found]
        return np.asarray(np.lexsort((columns["trial"], *reversed(costs), -columns[TRAINED])), np.int64)

    def _best(self, columns: Mapping[str, Floats]) -> Floats:
        goal = self._sweep.objectives[0]
        sign = -1.0 if goal.maximise else 1.0
        return np.asarray(sign * np.fmin.accumulate(sign * columns[score_column(self._sweep, goal.name)]))


def score_names(sweep: Sweep) -> list[str]:
    """The scores of which there is a column: the objectives, and what all trials have."""
    return list(dict.fromkeys((*(one.name for one in sweep.objectives), "loss", "parameters", "seconds")))


def score_column(sweep: Sweep, name: str) -> str:
    """The column of a score: by its name, unless a setting has that too."""
    return f"{name} score" if any(axis.name == name for axis in sweep.axes) else name


def column_names(sweep: Sweep) -> list[str]:
    """All columns: the number, the settings, the scores, and for how many epochs a sampler had a trial trained."""
    scores = (score_column(sweep, name) for name in score_names(sweep))
    return ["trial", *(axis.name for axis in sweep.axes), *scores, TRAINED]


def number_of(axis: Axis, value: Any) -> float:
    """The value of a setting as a number: its place among those listed where these are words."""
    if is_words(axis):
        return float(axis.values.index(value)) if value in axis.values else math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def is_words(axis: Axis) -> bool:
    """Whether some of its values are words."""
    return any(isinstance(value, str) for value in axis.values)
