"""The gradient check: agrees where the gradient is right, and shows where it is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.errors import InputError
from nnplay.inspector.gradient_check import Checker
from nnplay.network.network import Network
from nnplay.training.trainer import Trainer


def make_trainer(layers: str = "linear 6, tanh, linear 2", **more: Any) -> Trainer:
    """A small trainer, some steps on its way."""
    split = load_dataset("moons", samples=300, seed=0).split(seed=0)
    trainer = Trainer(Network(layers, seed=2), split, threads=1, seed=5, **more)
    trainer.run(steps=9)
    return trainer


@pytest.mark.parametrize("layers", ["linear 6, tanh, linear 2", "linear 6, tanh, dropout 0.3, linear 2"])
def test_right_gradients_agree_with_differences(layers: str) -> None:
    """Every parameter's gradient equals finite differences of the loss to 1e-6, dropout's mask held still."""
    trainer = make_trainer(layers)
    checker = Checker(trainer)
    for name in trainer.parameters():
        assert checker.check(name).worst < 1e-6


def test_a_wrong_gradient_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences that are off by a tenth of a per cent show as a relative error of that size."""
    import nnplay.inspector.gradient_check as module

    right = module._measured
    monkeypatch.setattr(module, "_measured", lambda *given: right(*given) * 1.001)
    assert Checker(make_trainer()).check("0.weight").worst == pytest.approx(5e-4, rel=0.1)


def test_the_check_follows_the_run() -> None:
    """A checker made earlier checks the weights and the batch of the present step."""
    trainer = make_trainer()
    checker = Checker(trainer)
    first = checker.check("0.weight", at=(0, 0))
    trainer.run(steps=5)
    second = checker.check("0.weight", at=(0, 0))
    assert first.computed != second.computed
    assert second.computed == pytest.approx(Checker(trainer).check("0.weight", at=(0, 0)).computed, rel=1e-12)


def test_checking_changes_nothing() -> None:
    """The trainer's state is the same, bit for bit, after a check."""
    trainer = make_trainer()
    before = trainer.state().memory.tobytes()
    Checker(trainer).check("2.bias")
    assert trainer.state().memory.tobytes() == before


def test_chosen_elements_are_spread_over_the_tensor() -> None:
    """At most so many elements are checked, the first and the last among them."""
    check = Checker(make_trainer()).check("0.weight", elements=5)
    assert len(check.indices) == 5
    assert np.array_equal(check.indices[[0, -1]], [[0, 0], [1, 5]])


@pytest.mark.parametrize(
    ("name", "at", "words"), [("9.weight", None, "not a trainable"), ("0.weight", (7, 0), "not in")]
)
def test_what_is_not_there_is_refused(name: str, at: tuple[int, ...] | None, words: str) -> None:
    """Unknown names and indices outside the tensor are refused in words."""
    with pytest.raises(InputError, match=words):
        Checker(make_trainer()).check(name, at=at)
