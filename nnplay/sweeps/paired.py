"""Is one value better than another? A paired test over the seeds that both were trained from."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnplay import rng
from nnplay.sweeps.axis import Axis, Value
from nnplay.sweeps.objective import Objective
from nnplay.sweeps.trial import Outcome

#: Pairs up to which every change of signs is counted.
MOST_COUNTED: Final = 16
#: Changes of signs that are drawn where there are more.
DRAWN: Final = 20_000
#: Values of a setting that are compared at the most.
MOST_VALUES: Final = 8
_STREAM: Final = 0x400000


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values of a setting, compared seed by seed.

    Attributes:
        better, worse: the values, by the mean difference.
        difference: mean of the score of `better` less that of `worse`; for a loss below 0.
        wins, ties, pairs: seeds from which `better` scored better, equally, and all.
        p_value: how often a mean difference this large, in either direction, would come by chance if it did not matter
            which of two scores belongs to which value (Fisher's randomisation test, 1935).
    """

    better: Value
    worse: Value
    difference: float
    wins: int
    ties: int
    pairs: int
    p_value: float


def compare(axes: Sequence[Axis], outcomes: Sequence[Outcome], objective: Objective) -> list[Comparison]:
    """Every two values of the one setting besides the seed, the clearest difference first.

    Returns:
        an empty list where the axes are not a setting with a few values, and `seed`.
    """
    others = [axis for axis in axes if axis.name != "seed"]
    if len(axes) != 2 or len(others) != 1 or not 2 <= len(others[0].values) <= MOST_VALUES:
        return []
    name = others[0].name
    by_seed: dict[Value, dict[Value, float]] = defaultdict(dict)
    for outcome in outcomes:
        if outcome.end == "done":
            by_seed[outcome.trial.settings["seed"]][outcome.trial.settings[name]] = outcome.score(objective.name)
    found = [_compare_two(a, b, by_seed, objective) for a, b in itertools.combinations(others[0].values, 2)]
    return sorted((one for one in found if one is not None), key=lambda one: one.p_value)


def _compare_two(
    a: Value, b: Value, by_seed: dict[Value, dict[Value, float]], objective: Objective
) -> Comparison | None:
    pairs = [(scores[a], scores[b]) for scores in by_seed.values() if a in scores and b in scores]
    if len(pairs) < 2:
        return None
    differences = np.array([first - second for first, second in pairs])
    if (differences.mean() < 0) == objective.maximise:
        a, b, differences = b, a, -differences
    won = differences > 0 if objective.maximise else differences < 0
    ties = int((differences == 0).sum())
    return Comparison(
        a, b, float(differences.mean()), int(won.sum()), ties, len(pairs), randomisation_p_value(differences)
    )


def randomisation_p_value(differences: np.ndarray) -> float:
    """The p-value of Fisher\'s test: the share of changes of signs whose mean is at least as far from 0.

    Args:
        differences: one for each pair. Up to `MOST_COUNTED` pairs every change of signs is counted; of more, `DRAWN`
            are drawn, always the same ones.
    """
    count = len(differences)
    if count <= MOST_COUNTED:
        signs = 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
    else:
        signs = 1.0 - 2.0 * (rng.uniform(0, _STREAM, 0, (DRAWN, count)) < 0.5)
        signs[0] = 1.0
    sums = np.abs(signs @ differences)
    return float((sums >= abs(differences.sum()) * (1.0 - 1e-12)).mean())
