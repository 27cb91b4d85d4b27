"""The Python interface line by line, and how a trainer counts rows, batches, steps and epochs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.training.batches import batch_summary
from tests.small_trainer import trainer, weights


def test_the_interface_of_the_readme_works_line_by_line() -> None:
    """Every name of the Python interface exists, takes what it should take, and gives the documented shapes."""
    data = nn.load_dataset("spiral", samples=1000, noise=0.1, seed=0)
    split = data.split(train=0.7, validation=0.15, test=0.15, seed=0)
    assert split.train.x.shape == (700, 2)
    assert split.train.y.shape == (700,)
    net = nn.Network([nn.Linear(8), nn.Tanh(), nn.Linear(2)], seed=0)
    trainer = nn.Trainer(net, split, loss="cross_entropy", optimizer=nn.Adam(lr=0.01), batch_size=32, seed=0)
    trainer.run(epochs=20)
    assert trainer.step == 20 * 22
    trainer.run(steps=100)
    assert trainer.step == 20 * 22 + 100
    scores = trainer.evaluate("test")
    assert {"loss", "accuracy"} <= scores.keys()
    assert trainer.predict(split.test.x).shape == (150, 2)
    parameters = trainer.parameters()
    assert {name: array.shape for name, array in parameters.items()} == {
        "0.weight": (2, 8),
        "0.bias": (8,),
        "2.weight": (8, 2),
        "2.bias": (2,),
    }
    assert len(trainer.history["loss"]) == trainer.step
    assert len(trainer.history["validation_loss"]) == trainer.epoch


def test_a_dataset_of_arrays_is_all_training_data() -> None:
    """A trainer takes a Dataset made from arrays, unscaled, with integer labels."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    data = nn.Dataset(x, (x[:, 0] > 0).astype(int))
    made = trainer(data, batch_size=10)
    assert np.array_equal(made.split.train.x, x[made.split.indices.train])
    assert len(made.split.train) == 50
    made.run(epochs=60)
    assert made.evaluate("train")["accuracy"] > 0.9
    with pytest.raises(InputError, match="no test part"):
        made.evaluate("test")


@pytest.mark.parametrize("optimizer", ["sgd", "adam", nn.SGD(0.1, momentum=0.9), nn.AdamW, nn.Lion(lr=1e-3)])
def test_optimizers_are_given_by_name_class_or_value(optimizer: Any) -> None:
    """All three ways of naming one are taken."""
    made = trainer(optimizer=optimizer)
    before = weights(made)
    made.run(steps=3)
    assert not np.array_equal(weights(made), before)


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "cross_entropy", "hinge", None])
def test_losses_are_given_by_name(loss: str | None) -> None:
    """Names of losses are taken, and none means the usual one."""
    made = trainer(layers="linear 8, tanh, linear 1" if loss == "hinge" else "linear 8, tanh, linear 2", loss=loss)
    made.run(steps=3)
    assert math.isfinite(made.evaluate("test")["loss"])


def test_parameters_are_live_and_writable() -> None:
    """What is written into a parameter is what the next prediction and the next step use."""
    made = trainer()
    for array in made.parameters().values():
        array[...] = 0
    assert not made.predict(made.split.train.x).any()
    made.parameters()["2.bias"][...] = (1, 2)
    assert np.array_equal(made.predict(made.split.train.x[:3]), [[1, 2]] * 3)
    made.run(steps=1)
    assert made.parameters()["2.bias"][0] != 1


def test_an_incomplete_last_batch_is_used() -> None:
    """Five batches an epoch: four of 32 and one of 12; every row of the epoch moves the weights once."""
    made = trainer()
    assert (len(made.split.train), made.batches) == (140, 5)
    made.run(epochs=1)
    assert (made.step, made.epoch, made.batch) == (5, 1, 0)


def test_a_last_batch_that_is_too_small_for_batch_statistics_is_left_out() -> None:
    """140 rows in batches of 139: batch norm of features cannot use the row that is left; of pictures it can."""
    made = trainer(layers="linear 8, batch_norm, tanh, linear 2", batch_size=139)
    assert (made.batches, made.steps_to(2)) == (1, 2)
    made.run(epochs=2)
    assert (made.step, made.epoch, made.batch) == (2, 2, 0)
    assert "the last batch is left out" in batch_summary(made.plan, made.split, made.settings)
    copy = trainer(layers="linear 8, batch_norm, tanh, linear 2", batch_size=139)
    copy.restore(made.state())
    assert trainer(layers="linear 8, reshape 4x2, batch_norm, flatten, linear 2", batch_size=139).batches == 2


def test_batches_that_are_always_too_small_are_refused() -> None:
    """Batch norm of single rows of features is refused before anything runs, with what to do."""
    with pytest.raises(InputError, match=r"layer 1, batch_norm: needs at least 2 rows in a batch.*layer_norm"):
        trainer(layers="linear 8, batch_norm, tanh, linear 2", batch_size=1)


def test_the_mean_of_an_incomplete_batch_is_over_its_own_rows() -> None:
    """With batches of 3 of 4 rows, the second step's loss is that of the one row that was left."""
    data = nn.Dataset(np.zeros((4, 1), np.float32), np.array([1.0, 2.0, 3.0, 4.0], np.float32))
    made = trainer(data, "linear 1 init=zeros", loss="mse", optimizer=nn.SGD(lr=0.0), batch_size=3, shuffle=False)
    made.run(epochs=1)
    squares = made.split.train.y.ravel() ** 2
    assert made.history["loss"].last.tolist() == pytest.approx([squares[:3].mean(), squares[3]])


def test_a_full_batch_is_one_step_an_epoch() -> None:
    """Batch size "all" is gradient descent on all training rows."""
    made = trainer(batch_size="all")
    assert (made.batches, made.batch_rows) == (1, 140)
    made.run(epochs=7)
    assert (made.step, made.epoch) == (7, 7)


def test_full_batch_gradient_descent_is_the_formula() -> None:
    """One step of SGD on a linear model equals w − lr·∂/∂w of the mean squared error, worked in NumPy."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    made = trainer(
        nn.Dataset(x, y), "linear 1", loss="mse", optimizer=nn.SGD(lr=0.1), batch_size="all", dtype="float64"
    )
    w, b = made.parameters()["0.weight"].copy(), made.parameters()["0.bias"].copy()
    x = made.split.train.x.astype(np.float64)
    y = made.split.train.y.astype(np.float64)
    error = x @ w + b - y
    made.run(steps=1)
    np.testing.assert_allclose(made.parameters()["0.weight"], w - 0.1 * 2 / 40 * x.T @ error, rtol=1e-12)
    np.testing.assert_allclose(made.parameters()["0.bias"], b - 0.1 * 2 / 40 * error.sum(axis=0), rtol=1e-12)


def test_float64_is_the_same_run_with_more_digits() -> None:
    """Ten steps in double precision agree with single precision to its accuracy."""
    single, double = trainer(dtype="float32"), trainer(dtype="float64")
    single.run(steps=10)
    double.run(steps=10)
    assert weights(double).dtype == np.float64
    np.testing.assert_allclose(weights(single), weights(double), rtol=1e-3, atol=1e-5)


def test_a_schedule_multiplies_the_learning_rate() -> None:
    """The rates that the run used are those of the schedule's formula, however the run was cut."""
    made = trainer(schedule="cosine")
    for count in (3, 4, 5):
        made.run(steps=count)
    assert made.settings.schedule is not None
    factors = made.settings.schedule.record.factor(made.settings.schedule.values, np.arange(12, dtype=np.float64))
    np.testing.assert_allclose(made.history["lr"].last, 0.01 * factors, rtol=1e-6)


def test_stopping_from_within_a_run() -> None:
    """The run ends after the call in which its watcher says so."""
    made = trainer()
    made.run(steps=10_000_000, after=lambda trainer: trainer.step >= 50)
    assert 50 <= made.step < 10_000_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give either epochs or steps"),
        ({"epochs": 1, "steps": 1}, "give either epochs or steps"),
        ({"epochs": -1}, "'-1' is not an integer ≥ 0"),
        ({"steps": 1.5}, "'1.5' is not an integer"),
        ({"steps": math.inf}, "'inf' is not an integer"),
        ({"epochs": True}, "'True' is not an integer"),
    ],
)
def test_how_long_to_run_is_checked(arguments: dict[str, Any], message: str) -> None:
    """Counts that make no sense are refused before the first step."""
    made = trainer()
    with pytest.raises(InputError, match=message.replace("(", "\\(")):
        made.run(**arguments)
    assert made.step == 0
