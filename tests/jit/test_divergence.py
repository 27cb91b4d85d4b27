"""A run whose numbers explode ends with a sentence, and with the last weights that were good."""

from __future__ import annotations

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import DivergedError
from nnplay.training.trainer import Trainer
from tests.small_trainer import trainer


def exploding() -> Trainer:
    """A regression whose learning rate is far too large."""
    data = nn.load_dataset("plane", samples=100)
    return trainer(data.split(seed=0), "linear 4, linear 1", loss="mse", optimizer=nn.SGD(lr=1e4), batch_size=10)


def test_divergence_keeps_the_last_good_weights() -> None:
    """A run that explodes ends with a sentence, exit code 3, and finite weights of the step that it names."""
    made = exploding()
    with pytest.raises(DivergedError) as caught:
        made.run(epochs=100)
    assert caught.value.exit_code == 3
    for words in ("diverged in step", "learning rate 10000", "were kept", "start again with a learning rate of"):
        assert words in str(caught.value)
    assert f"the weights after {made.step:,} steps were kept" in str(caught.value)
    assert np.isfinite(made.machine.state()).all()


def test_a_run_goes_on_after_it_diverged() -> None:
    """With a smaller learning rate, training continues from the weights that were kept."""
    made = exploding()
    with pytest.raises(DivergedError):
        made.run(epochs=100)
    made.rewind()
    made.set(lr=0.01)
    made.run(epochs=20)
    assert made.evaluate("train")["loss"] < 0.1


def test_divergence_is_noticed_within_the_step() -> None:
    """Stepping one at a time, no number in the state is ever seen that is not finite, to the step that refuses."""
    made = exploding()

    def step() -> None:
        made.run(steps=1)
        assert np.isfinite(made.machine.state()).all()

    def walk() -> None:
        for _ in range(1000):
            step()

    with pytest.raises(DivergedError):
        walk()
    assert np.isfinite(made.machine.state()).all()
