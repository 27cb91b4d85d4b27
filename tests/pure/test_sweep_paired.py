"""Comparing two values seed by seed: what chance alone would do is counted."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.sweeps.axis import parse_axis
from nnplay.sweeps.objective import Objective
from nnplay.sweeps.paired import compare, randomisation_p_value
from nnplay.sweeps.trial import Outcome, Trial

AXES = (parse_axis("optimizer=sgd,adam"), parse_axis("seed=1..5"))


def outcomes(sgd: list[float], adam: list[float]) -> list[Outcome]:
    """What came of both, seed by seed."""
    scores = [("sgd", seed, score) for seed, score in enumerate(sgd, 1)]
    scores += [("adam", seed, score) for seed, score in enumerate(adam, 1)]
    return [
        Outcome(Trial(number, {"optimizer": name, "seed": seed}), "done", {"accuracy": score, "loss": 1 - score})
        for number, (name, seed, score) in enumerate(scores)
    ]


def test_p_values_counted_by_hand() -> None:
    """Of three equal differences, two of eight changes of signs are as large."""
    assert randomisation_p_value(np.array([1.0, 1.0, 1.0])) == 0.25
    assert randomisation_p_value(np.array([1.0, -1.0])) == 1.0
    assert randomisation_p_value(np.array([0.0, 0.0])) == 1.0


def test_p_values_equal_scipys() -> None:
    """Exactly where all are counted, closely where they are drawn."""
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    for count, exact in ((9, True), (40, False)):
        differences = random.normal(0.25, 1.0, count)
        given = {} if exact else {"n_resamples": 50_000, "rng": np.random.default_rng(1)}
        wanted = stats.permutation_test(
            (differences, np.zeros(count)),
            lambda x, y, axis: (x - y).mean(axis),
            permutation_type="samples",
            vectorized=True,
            **given,
        ).pvalue
        assert randomisation_p_value(differences) == pytest.approx(wanted, abs=1e-12 if exact else 0.01)


def test_values_are_compared_seed_by_seed() -> None:
    """For an accuracy the larger is better, for a loss the smaller; ties are told."""
    given = outcomes([0.5, 0.6, 0.7, 0.8, 0.9], [0.6, 0.7, 0.8, 0.9, 0.9])
    for objective, sign in ((Objective("accuracy"), 1), (Objective("loss"), -1)):
        (found,) = compare(AXES, given, objective)
        assert (found.better, found.worse, found.wins, found.ties, found.pairs) == ("adam", "sgd", 4, 1, 5)
        assert found.difference == pytest.approx(sign * 0.08)
        assert found.p_value == pytest.approx(4 / 32)


def test_other_sweeps_are_not_compared() -> None:
    """Without seeds, with two settings, or from a single seed."""
    given = outcomes([0.5, 0.6], [0.6, 0.7])
    assert compare(AXES[:1], given, Objective("accuracy")) == []
    assert compare((*AXES, parse_axis("layers.width=1,2")), given, Objective("accuracy")) == []
    assert compare(AXES, outcomes([0.5], [0.6]), Objective("accuracy")) == []
