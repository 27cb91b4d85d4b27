"""Classes trained with a loss for numbers: right rows are counted by the loop as the network's decisions count them."""

from __future__ import annotations

import pytest

import nnplay as nn
from nnplay.records.registry import loss_records
from nnplay.training.trainer import Trainer

NUMBERS = sorted(name for name, record in loss_records().items() if record.target == "values" and record.answer is None)


def trained(data: str, outputs: int, loss: str) -> Trainer:
    """A small network after five epochs."""
    split = nn.load_dataset(data).split(seed=0)
    net = nn.Network(f"linear 8, tanh, linear {outputs}", seed=1)
    made = Trainer(net, split, loss, nn.Adam(lr=0.01), batch_size=16, seed=0)
    made.run(epochs=5)
    return made


@pytest.mark.parametrize("loss", NUMBERS)
@pytest.mark.parametrize(("data", "outputs"), [("iris", 3), ("moons", 2), ("moons", 1)])
def test_accuracy_in_the_loop_is_that_of_the_decisions(data: str, outputs: int, loss: str) -> None:
    """With every loss on numbers the validation accuracy of the last epoch is what `evaluate` finds."""
    made = trained(data, outputs, loss)
    counted = float(made.history["validation_accuracy"].last[-1])
    assert counted == pytest.approx(made.evaluate("validation")["accuracy"], abs=1e-6)
    assert counted > 0.5


def test_regression_has_no_accuracy() -> None:
    """A continuous target has nothing to count."""
    split = nn.load_dataset("plane").split(seed=0)
    made = Trainer(nn.Network("linear 1", seed=0), split, "mse", nn.Adam(lr=0.01), seed=0)
    made.run(epochs=1)
    assert "validation_accuracy" not in made.history.names()
