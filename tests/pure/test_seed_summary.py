"""What many seeds say together: quartiles, the mean with its interval, and seeds that did not come to the end."""

from __future__ import annotations

import numpy as np

from nnplay.sweeps.race import RunnerState
from nnplay.sweeps.seed_summary import summarize_seeds
from nnplay.training.scores.uncertainty import mean_interval


def state(accuracy: float, fault: str = "") -> RunnerState:
    """A seed at its end."""
    return RunnerState("seed", {}, accuracy=accuracy, loss=1 - accuracy, fault=fault)


def test_quartiles_and_the_interval_of_the_mean() -> None:
    values = [0.5, 0.6, 0.7, 0.8, 0.9]
    words = summarize_seeds([*map(state, values), state(float("nan"), "diverged")], True)
    low, high = mean_interval(np.array(values))
    assert low < 0.7 < high
    assert words == (
        "accuracy of 5 seeds: median 70.0 %, quartiles 60.0 % and 80.0 %; mean 70.0 %, likely between "
        f"{100 * low:.1f} % and {100 * high:.1f} % (95 %); 1 seed did not come to the end"
    )


def test_without_classes_the_loss_is_told() -> None:
    assert summarize_seeds([state(0.5), state(0.75)], False).startswith("loss of 2 seeds: median 0.375, quartiles")


def test_no_seed_at_the_end() -> None:
    assert summarize_seeds([state(0.5, "diverged")], True) == "no seed came to the end"
