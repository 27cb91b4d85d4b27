"""What a sweep looks for: a score, and whether it should be large or small."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnplay.errors import unknown
from nnplay.sweeps.trial import Outcome

#: What can be looked for, and whether it should be large.
LARGER_IS_BETTER: Final[Mapping[str, bool]] = {
    "loss": False,
    "accuracy": True,
    "f1": True,
    "auc": True,
    "r2": True,
    "mae": False,
    "rmse": False,
    "iou": True,
    "seconds": False,
    "parameters": False,
}


@dataclass(frozen=True, slots=True)
class Objective:
    """A score to be made large or small: `Objective("accuracy")`."""

    name: str

    @property
    def maximise(self) -> bool:
        """Whether larger is better."""
        return LARGER_IS_BETTER[self.name]

    def cost(self, outcome: Outcome) -> float:
        """What is to be made small; infinite where there is no score."""
        score = outcome.score(self.name)
        return math.inf if math.isnan(score) else -score if self.maximise else score


def pareto_front(objectives: Sequence[Objective], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes than which no other is at least as good by all objectives and better by one."""
    costs = np.array([[objective.cost(outcome) for objective in objectives] for outcome in outcomes])
    found = []
    for outcome, own in zip(outcomes, costs, strict=True):
        ahead = (costs <= own).all(1) & (costs < own).any(1)
        if np.isfinite(own).all() and not ahead.any():
            found.append(outcome)
    return found


def parse_objectives(text: str) -> tuple[Objective, ...]:
    """`accuracy`, or several as in `accuracy,parameters`; the first one ranks the trials.

    Raises:
        InputError: no such score; the nearest one is named.
    """
    names = [word.strip() for word in text.split(",")]
    for name in names:
        if name not in LARGER_IS_BETTER:
            raise unknown("objective", name, LARGER_IS_BETTER, where="--objective")
    return tuple(Objective(name) for name in dict.fromkeys(names))
