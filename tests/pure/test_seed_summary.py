"""What many seeds say together: quartiles, the mean with its interval, and seeds that did not come to the end."""

from __future__ import annotations

import math

import numpy as np

from nnplay.sweeps.seed_summary import summarize_seeds
from nnplay.training.scores.uncertainty import mean_interval


def test_quartiles_and_the_interval_of_the_mean() -> None:
    """A seed without a score is counted, and changes nothing else."""
    values = [0.5, 0.6, 0.7, 0.8, 0.9]
    words = summarize_seeds("accuracy", [*values, math.nan])
    low, high = mean_interval(np.array(values))
    assert low < 0.7 < high
    assert words == (
        "accuracy of 5 seeds: median 70.0 %, quartiles 60.0 % and 80.0 %; mean 70.0 %, likely between "
        f"{100 * low:.1f} % and {100 * high:.1f} % (95 %); 1 seed did not come to the end"
    )


def test_a_loss_is_a_number() -> None:
    """Only shares are percentages."""
    assert summarize_seeds("loss", [0.5, 0.75]).startswith("loss of 2 seeds: median 0.625, quartiles")


def test_equal_scores_have_no_quartiles() -> None:
    """They are told once."""
    assert summarize_seeds("accuracy", [1.0, 1.0]) == "accuracy of 2 seeds: 100.0 %, the same for all"


def test_many_seeds_need_no_interval() -> None:
    """It would take gigabytes, and say little: thousands of draws of a thousand seeds."""
    assert "likely" not in summarize_seeds("loss", np.arange(100_000).tolist())


def test_no_seed_at_the_end() -> None:
    """Which is said."""
    assert summarize_seeds("accuracy", [math.nan]) == "no seed came to the end"
