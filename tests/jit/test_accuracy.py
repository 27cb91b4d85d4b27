"""Real networks learn real data: scores on shipped sets, from fixed seeds, as the documentation promises them."""

from __future__ import annotations

import pytest

import nnplay as nn
from nnplay.config import RunConfig


def test_iris_is_learnt() -> None:
    """At least 93 % of iris test rows are named rightly."""
    split = nn.load_dataset("iris").split(0.7, 0.15, 0.15, seed=0)
    net = nn.Network([nn.Linear(16), nn.Tanh(), nn.Linear(3)], seed=0)
    trainer = nn.Trainer(net, split, "cross_entropy", nn.Adam(lr=0.01), batch_size=16, l2=0.01, seed=0)
    trainer.run(epochs=100)
    assert trainer.evaluate("test")["accuracy"] >= 0.93


def test_handwritten_digits_are_learnt() -> None:
    """At least 96 % of the 8×8 digits in the test part are read rightly."""
    split = nn.load_dataset("digits").split(0.7, 0.15, 0.15, seed=0)
    net = nn.Network([nn.Flatten(), nn.Linear(64), nn.ReLU(), nn.Linear(10)], seed=0)
    trainer = nn.Trainer(net, split, "cross_entropy", nn.Adam(lr=0.003), batch_size=32, seed=0)
    trainer.run(epochs=40)
    assert trainer.evaluate("test")["accuracy"] >= 0.96


def test_the_spiral_is_learnt() -> None:
    """At least 98 % of a spiral without noise."""
    split = nn.load_dataset("spiral", samples=1000, noise=0.0, seed=0).split(0.7, 0.15, 0.15, seed=0)
    net = nn.Network([nn.Linear(16), nn.Tanh(), nn.Linear(16), nn.Tanh(), nn.Linear(2)], seed=0)
    trainer = nn.Trainer(net, split, "cross_entropy", nn.Adam(lr=0.01), batch_size=32, seed=0)
    trainer.run(epochs=150)
    assert trainer.evaluate("test")["accuracy"] >= 0.98


@pytest.mark.parametrize(
    ("name", "metric", "least"),
    [
        *(("iris", "accuracy", 0.93), ("digits", "accuracy", 0.96), ("spiral", "accuracy", 0.98)),
        *(("breast_cancer", "accuracy", 0.93), ("diabetes", "r2", 0.1), ("moons", "accuracy", 0.98)),
        *(("plane", "r2", 0.98), ("sine", "r2", 0.95)),
        *(
            pytest.param(name, "accuracy", least, marks=pytest.mark.slow)
            for name, least in (("wine", 0.93), ("circle", 0.98), ("xor", 0.98))
        ),
    ],
)
def test_a_run_of_which_only_the_data_are_named_learns_them(name: str, metric: str, least: float) -> None:
    """What `nnplay train NAME` chooses by itself suits the data."""
    run = RunConfig.from_dict({"data": name})
    split = run.load()
    trainer = run.trainer(split=split)
    trainer.run(epochs=run.completed(split).epochs)
    assert trainer.evaluate("test")[metric] >= least
