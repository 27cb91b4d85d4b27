"""Many runs that differ in their seeds, on a processor: each is that run alone, and stopping keeps what has ended."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.errors import NnplayError
from nnplay.run.replicas import restore_replica, run_of_seed, train_replicas


def test_replicas_on_the_processor_are_single_runs() -> None:
    config = RunConfig.from_dict(
        {"data": {"name": "spiral", "samples": 120}, "layers": "linear 4, tanh, linear 2", "epochs": 3}
    )
    found = train_replicas(config, 3)
    assert found.curves.shape == (3, 3, 3)
    assert np.isfinite(found.curves[:, :, 0]).all()
    for index, seed in enumerate(found.seeds):
        run = run_of_seed(config, int(seed)).trainer()
        run.run(epochs=3)
        np.testing.assert_array_equal(found.states[index], run.machine.state())
    assert not np.array_equal(found.states[0], found.states[1])
    assert found.band("loss").shape == (3, 3)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"split": {"train": 0.8, "validation": 0.0, "test": 0.2}},
        {"data": {"name": "sine"}, "layers": "linear 4, tanh, linear 1", "loss": "mse"},
    ],
)
def test_a_replica_goes_on_as_a_run_with_its_curves(table: dict[str, Any]) -> None:
    """Curves by epoch, as far as the run has them; nothing of what lies behind is cut off as it goes on."""
    given = {"data": {"name": "spiral", "samples": 120}, "layers": "linear 4, tanh, linear 2", "epochs": 3, **table}
    config = RunConfig.from_dict(given)
    found = train_replicas(config, 2)
    best = int(found.ranked[0])
    alone, restored = (run_of_seed(config, int(found.seeds[best])).trainer() for _ in range(2))
    alone.run(epochs=3)
    restore_replica(found, best, restored)
    for run in (alone, restored):
        run.run(epochs=2)
    np.testing.assert_array_equal(restored.machine.state(), alone.machine.state())
    for name in alone.epoch_curves:
        np.testing.assert_array_equal(restored.history[name].steps, alone.history[name].steps)
        np.testing.assert_array_equal(restored.history[name].last, alone.history[name].last)
    assert "validation_accuracy" in restored.history or table


def test_replicas_that_are_stopped_keep_what_ended() -> None:
    """A run in the middle is no result; without any, the error says so."""
    config = RunConfig.from_dict({"data": {"name": "xor"}, "layers": "linear 2", "epochs": 1})
    asked = itertools.count()
    found = train_replicas(config, 2000, lambda: next(asked) >= 50)
    assert 0 < len(found.seeds) <= 50
    assert np.isfinite(found.curves[:, :, 0]).all()
    with pytest.raises(NnplayError, match="stopped before a run came to its end"):
        train_replicas(config, 4, lambda: True)
