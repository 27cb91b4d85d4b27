"""What successive halving and Hyperband share: rungs of more and more epochs, with fewer and fewer trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from nnplay.fields import Field, integer
from nnplay.sweeps.sampler import Choosing
from nnplay.sweeps.trial import Outcome, Trial

if TYPE_CHECKING:
    from nnplay.sweeps.sweep import Sweep

FACTOR: Final[Field] = integer(
    "factor", 3, "one trial in so many goes on, with so many times the epochs", low=2, high=64
)


def successive_halving(sweep: Sweep, trials: Sequence[Trial], rungs: int, factor: int) -> Choosing:
    """Trains trials for the epochs of the lowest rung, and the best of them for those of the next, up to all epochs."""
    for rung in range(rungs, -1, -1):
        epochs = max(1, sweep.run.epochs // factor**rung)
        outcomes = yield [Trial(trial.number, trial.settings, epochs) for trial in trials]
        trials = best(sweep, outcomes, len(trials) // factor)


def rungs_of(count: int, factor: int) -> int:
    """How often a number of epochs, or of trials, can be divided by the factor without coming to 0."""
    rungs = 0
    while count // factor ** (rungs + 1) >= 1:
        rungs += 1
    return rungs


def best(sweep: Sweep, outcomes: Sequence[Outcome], count: int) -> list[Trial]:
    """The trials with the best scores, at least one; of equal ones the first."""
    cost = sweep.objectives[0].cost
    ranked = sorted(outcomes, key=lambda outcome: (cost(outcome), outcome.trial.number))
    return [outcome.trial for outcome in ranked[: max(1, count)]]
