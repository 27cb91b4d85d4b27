"""How much each setting of a sweep mattered: the share of the scores' variance that its values explain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from nnplay.sweeps.axis import Axis
from nnplay.sweeps.objective import Objective
from nnplay.sweeps.trial import Outcome

#: Groups into which the values of a range are put, each with as many trials.
GROUPS: Final = 8
#: Trials without which nothing can be said.
FEWEST: Final = 8


def importance(axes: Sequence[Axis], outcomes: Sequence[Outcome], objective: Objective) -> dict[str, float]:
    """The share of the variance of the ranks that the groups of each setting explain, from 0 to 1, by its name.

    Epsilon squared (Kelley, 1935): the correlation ratio less what groups of this size explain by chance. Ranks stand
    for the scores, so that one run that went astray does not decide; what diverged ranks last.

    Returns:
        an empty dict where there are fewer than `FEWEST` trials, or all scored the same.
    """
    costs = np.array([objective.cost(outcome) for outcome in outcomes])
    if len(costs) < FEWEST or len(np.unique(costs)) < 2:
        return {}
    ranks = _ranks(costs)
    return {axis.name: _explained(_groups(axis, outcomes), ranks) for axis in axes}


def _ranks(costs: np.ndarray) -> np.ndarray:
    """Ranks from 0, equal costs with the mean of theirs."""
    _, inverse, counts = np.unique(costs, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means = ends - (counts + 1) / 2
    found: np.ndarray = means[inverse]
    return found


def _groups(axis: Axis, outcomes: Sequence[Outcome]) -> np.ndarray:
    values = [outcome.trial.settings[axis.name] for outcome in outcomes]
    distinct = list(dict.fromkeys(values))
    if len(distinct) <= GROUPS or not all(isinstance(value, (int, float)) for value in distinct):
        return np.array([distinct.index(value) for value in values])
    order = np.argsort(np.array(values, np.float64), kind="stable")
    groups = np.empty(len(values), np.int64)
    groups[order] = np.arange(len(values)) * GROUPS // len(values)
    return groups


def _explained(groups: np.ndarray, ranks: np.ndarray) -> float:
    count, kinds = len(ranks), np.unique(groups)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    within = sum(float(((part := ranks[groups == kind]) - part.mean()) @ (part - part.mean())) for kind in kinds)
    free = count - len(kinds)
    if free < 1 or math.isclose(total, 0.0):
        return 0.0
    return max(0.0, 1.0 - (within / free) / (total / (count - 1)))
