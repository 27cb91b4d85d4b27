"""Weights of rows, classes and labels, ignored labels and soft targets: from the data to the loss and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.records.loss import LossRecord
from nnplay.records.registry import loss_records
from tests.jit.test_losses import network
from tests.records import Bench, Trial, cases_of, gradient_errors

pytestmark = pytest.mark.usefixtures("kernels")
WEIGHTED = [record for record in loss_records().values() if record.weighted is not None]


@pytest.mark.parametrize("record", WEIGHTED, ids=lambda record: record.name)
def test_weighted_rows_are_their_definitions_and_derivatives(record: LossRecord) -> None:
    """With a weight for each row the kernels equal their definitions, and gradients the differences of the loss."""
    case = cases_of(record)[-1]
    bench = Bench(
        Trial(network(record, case.shape), case.shape, 5), "float64", loss=record(**case.values), seed=3, weighted=True
    )
    held = bench.hold_to_definitions(lambda row: row.phase == "loss" or (row.phase == "backward" and not row.path))
    assert held >= 6
    for name, error in gradient_errors(bench):
        assert error <= 1e-5, f"{record.name}: gradient of {name} is off by {error:.2g}"


def trained(data: nn.Dataset, loss: Any, epochs: int = 3, **more: Any) -> nn.Trainer:
    """A linear network trained for a moment on all rows at once."""
    split = data.split(1.0, 0.0, 0.0)
    layers = more.pop("layers", f"linear {data.outputs}")
    made = nn.Trainer(
        nn.Network(layers), split, loss, nn.SGD(lr=0.1), batch_size="all", shuffle=False, dtype="float64", **more
    )
    made.run(epochs=epochs)
    return made


def rows(seed: int = 0) -> tuple[Any, Any]:
    """Twelve rows of three inputs with classes 0, 1 and 2, the first of which is common."""
    drawn = np.random.default_rng(seed)
    return drawn.normal(size=(12, 3)), np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0])


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "huber delta=0.5", "dice", "hinge p=2"])
def test_a_row_that_weighs_two_is_a_row_that_is_there_twice(loss: str) -> None:
    """Whole weights are repetitions, zero is absence: the same loss and the same weights after training."""
    x, y = rows()
    target = y[:, None] * 0.5 if loss.startswith(("mse", "huber")) else y
    counts = np.array([1, 2, 0, 3, 1, 1, 1, 1, 2, 1, 1, 0])
    weighted = trained(nn.Dataset(x, target, weights=counts), loss)
    again = np.repeat(np.arange(12), counts)
    repeated = trained(nn.Dataset(x[again], target[again]), loss)
    assert weighted.evaluate("train")["loss"] == pytest.approx(repeated.evaluate("train")["loss"], rel=1e-9)
    for name, array in weighted.parameters().items():
        np.testing.assert_allclose(array, repeated.parameters()[name], rtol=1e-9, atol=1e-12)


def test_balanced_weights_are_those_of_the_training_rows() -> None:
    """`balanced` is rows / (classes · rows of the class), and the loss then weighs rare classes like common ones."""
    x, y = rows()
    named = trained(nn.Dataset(x, y), "cross_entropy class_weights=balanced")
    counts = np.bincount(y)
    numbers = trained(nn.Dataset(x, y), nn.CrossEntropy(class_weights=12 / (3 * counts)))
    assert named.evaluate("train")["loss"] == numbers.evaluate("train")["loss"]
    assert "balanced" in repr(named.loss)
    z = named.predict(named.split.train.x)
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    there = named.split.train.y
    each = -logs[np.arange(12), there]
    wanted = np.mean([each[there == label].mean() for label in range(3)])
    assert named.evaluate("train")["loss"] == pytest.approx(wanted, rel=1e-9)


def test_ignored_labels_neither_cost_nor_teach_nor_count() -> None:
    """Rows of an ignored class are as good as absent, in the loss, in training and in the accuracy."""
    x, y = rows()
    ignoring = trained(nn.Dataset(x, y, class_names=["a", "b", "c"]), "cross_entropy ignore_index=2")
    kept = y != 2
    without = trained(nn.Dataset(x[kept], y[kept], class_names=["a", "b", "c"]), "cross_entropy")
    assert ignoring.evaluate("train") == pytest.approx(without.evaluate("train"), rel=1e-9)
    for name, array in ignoring.parameters().items():
        np.testing.assert_allclose(array, without.parameters()[name], rtol=1e-9, atol=1e-12)


def test_a_batch_of_ignored_labels_alone_costs_nothing() -> None:
    """Nothing is divided by zero where no row counts: the loss is 0, and no weight moves but by what is left."""
    x, y = rows()
    made = trained(nn.Dataset(x[:8], y[:8], class_names=["a", "b", "c"]), "cross_entropy ignore_index=0")
    assert made.evaluate("train")["loss"] == 0.0
    assert np.isfinite(made.machine.state()).all()


def test_probabilities_can_be_learned() -> None:
    """Soft targets are columns; one-hot ones give the loss of labels, and scores say how often the likeliest agrees."""
    x, y = rows()
    hard = trained(nn.Dataset(x, y), "cross_entropy")
    soft = trained(nn.Dataset(x, np.eye(3)[y]), "cross_entropy targets=probabilities", layers="linear 3")
    assert soft.evaluate("train")["loss"] == pytest.approx(hard.evaluate("train")["loss"], rel=1e-9)
    assert soft.evaluate("train")["accuracy"] == pytest.approx(hard.evaluate("train")["accuracy"])


def test_what_a_loss_cannot_take_is_refused_with_a_way_out() -> None:
    """Each refusal names what is needed and what to use."""
    x, y = rows()
    soft = nn.Dataset(x, np.eye(3)[y])
    for data, loss, what in (
        (soft, "cross_entropy", "targets=probabilities"),
        (nn.Dataset(x, y), "cross_entropy targets=probabilities", "use cross_entropy"),
        (nn.Dataset(x, soft.y * 0.7), "cross_entropy targets=probabilities", "sum to 1"),
        (nn.Dataset(x, y, weights=np.ones(12)), "cross_entropy_probabilities", "rows cannot have weights"),
        (nn.Dataset(x, y), "cross_entropy class_weights=1,2", "2 numbers for 3 classes"),
    ):
        with pytest.raises(InputError) as refusal:
            trained(data, loss, layers="linear 3, softmax" if loss == "cross_entropy_probabilities" else "linear 3")
        assert what in str(refusal.value)


def test_weights_of_rows_are_checked() -> None:
    """One number from 0 for each row, and not all of them 0."""
    x, y = rows()
    for weights, what in ((np.ones(3), "12 rows"), (-np.ones(12), "below 0"), (np.zeros(12), "all weights are 0")):
        with pytest.raises(InputError, match=what):
            nn.Dataset(x, y, weights=weights)
